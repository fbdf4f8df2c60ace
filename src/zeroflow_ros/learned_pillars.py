# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LearnedPillars: features that a learned layer makes of a pillar's points, as ZeroFlow's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros import learned_pillar_loops
from zeroflow_ros.geometry import Points, Transform
from zeroflow_ros.pillar_loops import F32, I32
from zeroflow_ros.pillars import GridPoints, PillarGrid, pillar_rows, require_rows

ENCODER_INPUTS = (
    *("x", "y", "z"),
    *("from_mean_x", "from_mean_y", "from_mean_z"),
    *("from_centre_x", "from_centre_y", "from_centre_z"),
)


@dataclass(frozen=True)
class PillarEncoder:
    """One linear layer, ReLU, and the mean over the points of a pillar (Lang et al. 2019).

    `weight` [C][9] and `bias` [C], with any normalisation folded in: what they make of a point's
    ENCODER_INPUTS, metres in the levelled frame.
    """

    weight: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]

    @staticmethod
    def parse(raw: Any) -> PillarEncoder:
        """From a card's JSON. Raises ValueError that names what is odd."""
        if not isinstance(raw, dict) or raw.keys() != {"weight", "bias"}:
            raise ValueError("its pillar_encoder has something else than weight and bias")
        weight, bias = _numbers(raw, "weight"), _numbers(raw, "bias")
        if weight.shape != (len(weight), len(ENCODER_INPUTS)) or bias.shape != weight.shape[:1]:
            raise ValueError(
                f"its pillar_encoder has shapes {weight.shape} and {bias.shape}, not [C, "
                f"{len(ENCODER_INPUTS)}] and [C]"
            )
        return PillarEncoder(tuple(map(tuple, weight.tolist())), tuple(bias.tolist()))


class LearnedPillars:
    """Pillars whose features a PillarEncoder makes.

    Points are located by division, as where such networks are trained: the reciprocal of
    `PillarGrid.locate` puts some on borders elsewhere.
    """

    feature_names = ENCODER_INPUTS

    def __init__(self, grid: PillarGrid, encoder: PillarEncoder) -> None:
        self._grid = grid
        place, from_mean, from_centre = np.split(np.array(encoder.weight, np.float64).T, 3)
        # The layer is linear in a point's offset, the pillar's centre and the mean offset.
        to_metres = np.array([[grid.cell_m], [grid.cell_m], [2.0]])
        middle_m = 0.5 * (grid.z_min_m + grid.z_max_m)
        self._by_offset = _single(to_metres * (place + from_mean + from_centre))
        self._by_mean = _single(to_metres * from_mean)
        self._by_centre = _single(place[:2])
        self._bias = _single(np.array(encoder.bias, np.float64) - middle_m * from_centre[2])

    @property
    def width(self) -> int:
        """See Pillars."""
        return len(self._bias)

    def locate(self, points: Points, transform: Transform | None = None) -> GridPoints:
        """See `PillarGrid.locate`; a point's pillar is floor((p - lower end) / size), float32."""
        require_rows(points)
        grid = self._grid
        return GridPoints(
            *learned_pillar_loops.locate_by_division(
                np.asarray(points, np.float32),
                np.asarray(np.eye(4) if transform is None else transform, np.float32),
                np.float32(-grid.range_m),
                np.float32(grid.cell_m),
                grid.size,
                np.float32(grid.z_min_m),
                np.float32(grid.z_max_m - grid.z_min_m),
            )
        )

    def features(
        self, sweeps: Sequence[GridPoints], each: Callable[..., Iterable[Any]] = map
    ) -> tuple[F32, I32]:
        """Learned features float32 [P, C] and numbers int32 [P] of the occupied pillars, see
        `PillarGrid.features`. Each sweep is added up in the order of its points, so any number of
        threads gives the same.
        """
        grid = self._grid

        def fill(occupied: I32, rank: I32, points: GridPoints, own: F32) -> None:
            centre = (grid.indices(occupied) + 0.5) * grid.cell_m - grid.range_m
            learned_pillar_loops.encode(
                rank,
                points.offset,
                centre.astype(np.float32),
                self._by_offset,
                self._by_mean,
                self._by_centre,
                self._bias,
                own,
            )

        return pillar_rows(sweeps, grid.size**2, len(self._bias), fill, each)


def _numbers(raw: dict[str, Any], name: str) -> npt.NDArray[np.float64]:
    """A JSON list as an array of finite numbers; ValueError else."""
    array = np.array(raw[name])  # ragged ones are refused here
    if array.dtype.kind not in "fi" or not np.isfinite(array).all():
        raise ValueError(f"its pillar_encoder's {name} holds something else than numbers")
    return array.astype(np.float64)


def _single(array: npt.NDArray[np.float64]) -> F32:
    return np.ascontiguousarray(array, np.float32)
