# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Registration: where the points of a moving body were in the earlier sweeps, to the centimetre.

The network finds what moves and roughly how; laying the body onto the earlier sweeps says exactly.
Iterative closest points (Besl and McKay 1992) with one motion for all sweeps of the history: over
0.4 s a pedestrian's half metre is read as surely as a car's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros import registration_loops, standstill
from zeroflow_ros.consensus import RigidMotions
from zeroflow_ros.pillar_loops import F32, I32
from zeroflow_ros.pillars import GridPoints, PillarGrid
from zeroflow_ros.registration_loops import F64
from zeroflow_ros.standstill import EarlierIndex
from zeroflow_ros.visibility import nearest_ranges

ABOVE_GROUND_M = 0.3  # lower points are ground, which slides under any body
POINTS_PER_BODY = 64
MIN_POINTS = 3  # a body of fewer points keeps what the network said


class EarlierSweep(NamedTuple):
    """A sweep of the history: its points, its age in intervals between the two newest, and where
    its sensor was: float64 [3], levelled frame, NaN where that is not known.
    """

    points: GridPoints
    age: float
    sensor: F64


def register(
    grid: PillarGrid,
    points: GridPoints,
    body: npt.NDArray[np.intp],
    motions: RigidMotions,
    earlier: Sequence[EarlierSweep],
    each: Callable[..., Iterable[Any]] = map,
) -> tuple[RigidMotions, npt.NDArray[np.bool_]]:
    """Refine `motions` by the earlier sweeps; `body` [M] of each of `points`, all of a body.

    Turns stay as they are. Sweeps without points say nothing. Also returns bool [B]: bodies that
    stand, as far as the earlier sweeps can tell. `each` maps a function over the sweeps.
    """
    rows, first = _sampled(grid, points, body, len(motions.turn))
    seen = [sweep for sweep in earlier if len(sweep.points.rows)]
    if not seen:
        return motions, np.zeros(len(motions.turn), bool)

    index = _indexed(grid, seen, each)
    shift = registration_loops.register(
        rows, first, *motions, index.ages, index.start, index.offsets, grid.size, grid.cell_m
    )
    enough = np.diff(first) >= MIN_POINTS
    refined = motions._replace(shift=np.where(enough[:, None], shift, motions.shift))
    witnesses = standstill.fit(rows, first, refined, index, grid.size, grid.cell_m)
    return refined, enough & witnesses.standing()


def _indexed(
    grid: PillarGrid, sweeps: Sequence[EarlierSweep], each: Callable[..., Iterable[Any]]
) -> EarlierIndex:
    sensors = np.array([sweep.sensor for sweep in sweeps]) + [grid.range_m, grid.range_m, 0]

    def index(points: GridPoints, sensor: F64) -> tuple[I32, F32, F32]:
        start, kept = registration_loops.index_points(
            points.cell, points.offset, grid.size**2, ABOVE_GROUND_M
        )
        ranges = nearest_ranges(
            points.cell, points.offset, sensor, ABOVE_GROUND_M, grid.size, grid.cell_m
        )
        return start, kept, ranges

    starts, kept, ranges = zip(
        *each(index, [sweep.points for sweep in sweeps], sensors), strict=True
    )
    ends = np.cumsum([0, *(len(offsets) for offsets in kept)])
    return EarlierIndex(
        np.array([sweep.age for sweep in sweeps], np.float64),
        np.stack([start + np.int32(end) for start, end in zip(starts, ends, strict=False)]),
        np.concatenate(kept),
        np.stack(ranges),
        sensors,
    )


def _sampled(
    grid: PillarGrid, points: GridPoints, body: npt.NDArray[np.intp], bodies: int
) -> tuple[F32, I32]:
    """At most POINTS_PER_BODY points [Q, 3] of each body, and where each begins [bodies + 1]."""
    high = np.flatnonzero(points.offset[:, 2] > np.float32(0.5 * ABOVE_GROUND_M))
    order = high[np.argsort(body[high], kind="stable")]
    count = np.bincount(body[high], minlength=bodies)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    step = np.maximum(1, -(-count // POINTS_PER_BODY))
    chosen = order[rank % np.repeat(step, count) == 0]
    first = np.concatenate([[0], np.cumsum(-(-count // step))]).astype(np.int32)
    at = grid.points(points.cell[chosen], points.offset[chosen])
    at[:, :2] += np.float32(grid.range_m)
    return at, first
