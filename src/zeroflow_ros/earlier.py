# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Earlier sweeps of the history, made ready to be asked where something was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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


def index_earlier(grid: PillarGrid, sweeps: Sequence[EarlierSweep]) -> EarlierIndex | None:
    """Index sweeps, as if the still world had not drifted; None if all are empty."""
    sweeps = [sweep for sweep in sweeps if len(sweep.points.rows)]
    if not sweeps:
        return None
    sensors = np.array([sweep.sensor for sweep in sweeps]) + [grid.range_m, grid.range_m, 0]
    cells = [(sweep.points.cell, sweep.points.offset) for sweep in sweeps]
    indexed = [index_points(*points, grid.size**2, ABOVE_GROUND_M) for points in cells]
    ranges = [
        nearest_ranges(*points, sensor, ABOVE_GROUND_M, grid.size, grid.cell_m)
        for points, sensor in zip(cells, sensors, strict=True)
    ]
    starts, kept = zip(*indexed, strict=True)
    ends = np.cumsum([0, *(len(offsets) for offsets in kept)])
    return EarlierIndex(
        np.array([sweep.age for sweep in sweeps], np.float64),
        np.zeros((len(sweeps), 3)),
        np.stack([start + np.int32(end) for start, end in zip(starts, ends, strict=False)]),
        np.concatenate(kept),
        np.stack(ranges),
        sensors,
        grid.size,
        grid.cell_m,
    )
