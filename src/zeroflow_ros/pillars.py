# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PillarGrid: points -> pillar index and per-pillar features.

All reductions over the points of a pillar happen here and none in the network's graph: a scatter
with reduction is refused by TensorRT and racy in ONNX Runtime. Training and vehicle share this
code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zeroflow_ros import pillar_loops
from zeroflow_ros.geometry import Points, Transform
from zeroflow_ros.pillar_loops import F32, I32, QUARTERS

SLICE_EDGES_M = (0.3, 0.9, 1.7)  # wheels and legs, bodies, roofs and heads
STATISTICS = (
    "log_count",
    "mean_offset_x",
    "mean_offset_y",
    "mean_height",
    "min_height",
    "max_height",
    "log_count_low",
    "log_count_middle",
    "log_count_high",
)
FEATURE_NAMES = tuple(f"{name}_{quarter}" for quarter in range(QUARTERS) for name in STATISTICS)
FEATURES = len(FEATURE_NAMES)
_HALF_SLICE_EDGES = 0.5 * np.array(SLICE_EDGES_M, np.float32)


@dataclass(frozen=True)
class GridPoints:
    """The points of a sweep that lie in the grid.

    `rows` int [M]: which rows of the sweep; `cell` int32 [M]: number of the pillar; `offset`
    float32 [M, 3]: x and y from the pillar's centre in cells (-0.5..0.5) and half the height in
    metres; `quarter` int32 [M]: which quarter of the pillar, 0..3.
    """

    rows: npt.NDArray[np.intp]
    cell: I32
    offset: F32
    quarter: I32

    def select(self, keep: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> GridPoints:
        """Only the points of a mask [M], or those of these numbers."""
        return GridPoints(self.rows[keep], self.cell[keep], self.offset[keep], self.quarter[keep])


class Pillars(Protocol):
    """What a network is told of a sweep, as its card chooses: which points, what of each pillar.

    Pillars are numbered as in `PillarGrid`, whatever is said of them.
    """

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of what is taken into account, as cards give them."""

    @property
    def width(self) -> int:
        """How many features a pillar has."""

    def locate(self, points: Points, transform: Transform | None = None) -> GridPoints:
        """Find each point's pillar, see `PillarGrid.locate`."""

    def features(
        self, sweeps: Sequence[GridPoints], each: Callable[..., Iterable[Any]] = map
    ) -> tuple[F32, I32]:
        """Rows of the occupied pillars of sweeps, see `PillarGrid.features`."""


@dataclass(frozen=True)
class PillarGrid:
    """A square bird's-eye grid around the sensor in the levelled frame.

    `range_m`: |x|, |y| below it are inside; `cell_m`: pillar edge; `z_min_m`..`z_max_m`: heights
    above ground that are looked at.

    Pillars are numbered block by block: blocks of 2 x 2 pillars row by row, then the four pillars
    of a block (x first in both). A network at half the resolution reads a block as one row of
    memory.
    """

    range_m: float
    cell_m: float
    z_min_m: float
    z_max_m: float

    def __post_init__(self) -> None:
        if not (0 < self.range_m < np.inf and 0 < self.cell_m < np.inf):
            raise ValueError(f"no grid has range {self.range_m} m and cell {self.cell_m} m")
        cells = 2 * self.range_m / self.cell_m
        if abs(cells - round(cells)) > 1e-6:
            raise ValueError(
                f"the grid's width 2 x {self.range_m} m is no multiple of its cell {self.cell_m} m"
            )
        if self.size % 2:
            raise ValueError(f"{self.size} pillars along an edge do not pair up into blocks of two")
        if not self.z_min_m < self.z_max_m:
            raise ValueError(f"no height between {self.z_min_m} m and {self.z_max_m} m")

    @property
    def size(self) -> int:
        """Pillars along one edge."""
        return round(2 * self.range_m / self.cell_m)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the statistics, quarter by quarter."""
        return FEATURE_NAMES

    @property
    def width(self) -> int:
        """See Pillars."""
        return FEATURES

    def locate(self, points: Points, transform: Transform | None = None) -> GridPoints:
        """Find each point's pillar; NaN and outside drop. `points` float32 [N, 3].

        `transform` [4, 4] into the levelled frame; None = they are levelled. Float32 is enough for
        it, because it is between nearby sensor poses. Raises ValueError for points of another
        shape.
        """
        require_rows(points)
        return GridPoints(
            *pillar_loops.locate(
                np.asarray(points, np.float32),
                np.asarray(np.eye(4) if transform is None else transform, np.float32),
                np.float32(self.range_m),
                np.float32(1 / self.cell_m),
                self.size,
                np.float32(self.z_min_m),
                np.float32(self.z_max_m),
            )
        )

    def indices(self, cell: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.integer[Any]]:
        """Column and row [M, 2] of pillars by number, along x and y from the grid's corner."""
        block, corner = np.divmod(cell, 4)
        in_block = np.stack(np.divmod(corner, 2), 1)
        return 2 * np.stack(np.divmod(block, self.size // 2), 1) + in_block

    def points(self, cell: npt.NDArray[np.integer[Any]], offset: F32) -> Points:
        """The reverse of `locate`: where the points [M, 3] of these pillars and offsets lie."""
        points = np.empty((len(cell), 3), np.float32)
        points[:, :2] = (self.indices(cell) + offset[:, :2] + 0.5) * self.cell_m - self.range_m
        points[:, 2] = 2 * offset[:, 2]
        return points

    def features(
        self, sweeps: Sequence[GridPoints], each: Callable[..., Iterable[Any]] = map
    ) -> tuple[F32, I32]:
        """Per-pillar statistics of sweeps, one after another.

        Returns float32 [P, FEATURES] (quarters that are empty hold zeros) and int32 [P] = sweep *
        size^2 + pillar, the occupied pillars in ascending order, each once. `each` maps a function
        over the sweeps, as `map` or that of an executor.
        """

        def fill(_: I32, rank: I32, points: GridPoints, own: F32) -> None:
            pillar_loops.statistics(rank, points.quarter, points.offset, _HALF_SLICE_EDGES, own)

        return pillar_rows(sweeps, self.size * self.size, FEATURES, fill, each)


def require_rows(points: Points) -> None:
    """Raise ValueError for points that are not [N, 3]: compiled loops check no bounds."""
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"points have the shape {points.shape}, not [N, 3]")


def pillar_rows(
    sweeps: Sequence[GridPoints],
    pillars: int,
    columns: int,
    fill: Callable[[I32, I32, GridPoints, F32], None],
    each: Callable[..., Iterable[Any]] = map,
) -> tuple[F32, I32]:
    """Rows float32 [P, columns] of the occupied pillars of sweeps of `pillars` each, and their
    numbers int32 [P], as `PillarGrid.features` returns them.

    `fill(occupied, rank, points, rows)` writes the rows
    of one sweep: `occupied` int32 [own] ascending, `rank` int32 [M] in it of each point's pillar.
    """
    ranked = list(each(lambda points: pillar_loops.ranked(points.cell, pillars), sweeps))
    ends = np.cumsum([0, *(len(occupied) for occupied, _ in ranked)])
    rows = np.empty((ends[-1], columns), np.float32)

    def fill_own(k: int) -> None:
        occupied, rank = ranked[k]
        fill(occupied, rank, sweeps[k], rows[ends[k] : ends[k + 1]])

    list(each(fill_own, range(len(sweeps))))
    index = [occupied + np.int32(k * pillars) for k, (occupied, _) in enumerate(ranked)]
    return rows, np.concatenate(index)
