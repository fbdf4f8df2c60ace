# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Earlier sweeps of the history, made ready to be asked where something was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from zeroflow_ros.earlier_loops import index_points
from zeroflow_ros.pillar_loops import F32, F64, I32
from zeroflow_ros.pillars import GridPoints, PillarGrid
from zeroflow_ros.visibility import nearest_ranges

ABOVE_GROUND_M = 0.3  # lower points are ground, which slides under any body


class EarlierSweep(NamedTuple):
    """A sweep of the history: its points, its age in intervals between the two newest, and where
    its sensor was: float64 [3], levelled frame, NaN where that is not known.
    """

    points: GridPoints
    age: float
    sensor: F64


class EarlierIndex(NamedTuple):
    """S earlier sweeps in a grid of `size` pillars of `cell_m` metres an edge.

    `ages` float64 [S], intervals; `drift` float64 [S, 3], m and rad: how the still world seems to
    have shifted, and turned about the middle of the grid, since each; `start` int32
    [S, size^2 + 1] into `offsets` float32 [K, 3], see `index_points`; `ranges` float32
    [S, directions], see `nearest_ranges`, of the sensor at `sensors` float64 [S, 3], from the
    grid's corner.
    """

    ages: F64
    drift: F64
    start: I32
    offsets: F32
    ranges: F32
    sensors: F64
    size: int
    cell_m: float


def index_earlier(
    grid: PillarGrid,
    sweeps: Sequence[EarlierSweep],
    each: Callable[..., Iterable[Any]] = map,
) -> EarlierIndex:
    """Index at least one sweep, as if the still world had not drifted.

    `each` maps a function over what there is to do.
    """
    sensors = np.array([sweep.sensor for sweep in sweeps]) + [grid.range_m, grid.range_m, 0]

    def index(points: GridPoints) -> tuple[I32, F32]:
        return index_points(points.cell, points.offset, grid.size**2, ABOVE_GROUND_M)

    def ranges(points: GridPoints, sensor: F64) -> F32:
        cell, offset = points.cell, points.offset
        return nearest_ranges(cell, offset, sensor, ABOVE_GROUND_M, grid.size, grid.cell_m)

    # All in one go: of three sweeps, two threads would do the third one after the other two.
    jobs: list[Callable[[], Any]] = [partial(index, sweep.points) for sweep in sweeps]
    jobs += [partial(ranges, sweep.points, at) for sweep, at in zip(sweeps, sensors, strict=True)]
    done = list(each(lambda job: job(), jobs))
    starts, kept = zip(*done[: len(sweeps)], strict=True)
    ends = np.cumsum([0, *(len(offsets) for offsets in kept)])
    return EarlierIndex(
        np.array([sweep.age for sweep in sweeps], np.float64),
        np.zeros((len(sweeps), 3)),
        np.stack([start + np.int32(end) for start, end in zip(starts, ends, strict=False)]),
        np.concatenate(kept),
        np.stack(done[len(sweeps) :]),
        sensors,
        grid.size,
        grid.cell_m,
    )
