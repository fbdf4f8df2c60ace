# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loops behind standstill, compiled: how far bodies are from what earlier sweeps saw."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from zeroflow_ros.earlier_loops import in_axes_of, moved_back, nearest, where_it_was
from zeroflow_ros.jit import DOUBLE_ROWS, DOUBLES, FLOAT_ROWS, INT_ROWS, INTS, compiled
from zeroflow_ros.pillar_loops import F32, F64, I32
from zeroflow_ros.visibility import hides, sees_past

HIDING_M = 0.5  # nearer than the body can have been: something else
FREE_M = 0.5  # further than where the body is: there was nothing
# From a sensor that moved further, edges and what a beam glances off look free that are not.
STEADY_M = 0.3


@compiled(FLOAT_ROWS, DOUBLES)
def reach(rows: F32, sensor: F64) -> float:
    """Distance from `sensor` [3] to the nearest of rows [n, 3]."""
    best = np.inf
    for row in rows:
        x, y, z = row[0] - sensor[0], row[1] - sensor[1], row[2] - sensor[2]
        best = min(best, x * x + y * y + z * z)
    return np.sqrt(best)


@compiled(
    *(FLOAT_ROWS, INTS),
    *(DOUBLE_ROWS, DOUBLE_ROWS, DOUBLES),
    *(DOUBLES, DOUBLE_ROWS, INT_ROWS, FLOAT_ROWS, FLOAT_ROWS, DOUBLE_ROWS),
    *(types.int64, types.float64),
)
def fit(
    rows: F32,
    first: I32,
    centre: F64,
    shift: F64,
    turn: F64,
    ages: F64,
    drift: F64,
    start: I32,
    offsets: F32,
    ranges: F32,
    sensors: F64,
    size: Any,
    cell_m: Any,
) -> F64:
    """Sums [B, 7] over rows and sweeps, of distances to the nearest point: if the body stood; what
    that is more than as it moves, and the square of it; over what was in sight either way, if it
    stood and as it moves, and how many these are; then how many are where nothing was, as far as
    sensors saw from where they are now.
    """
    middle, sums = 0.5 * size * cell_m, np.zeros((len(turn), 7))
    for body in range(len(turn)):
        own = rows[first[body] : first[body + 1]]
        for s in range(len(ages)):
            x, y = centre[body]
            away = ages[s] * shift[body]
            stood = moved_back(own, middle, middle, drift[s, 2], drift[s, :2])
            moved = where_it_was(own, x, y, ages[s] * turn[body], drift[s], size * cell_m)
            away_x, away_y = in_axes_of(drift[s, 2], away[0], away[1])
            from_here_x, from_here_y = sensors[s, 0] - middle, sensors[s, 1] - middle
            steady = from_here_x**2 + from_here_y**2 < STEADY_M**2
            nearer_m = reach(stood, sensors[s]) - np.sqrt((away**2).sum()) - HIDING_M
            for k in range(len(own)):
                here, there = stood[k], moved[k]
                there_x, there_y = there[0] - away_x, there[1] - away_y
                still = nearest(here[0], here[1], here[2], start[s], offsets, size, cell_m)[0]
                moving = nearest(there_x, there_y, there[2], start[s], offsets, size, cell_m)[0]
                sums[body, 0] += still
                sums[body, 1] += still - moving
                sums[body, 2] += (still - moving) ** 2
                if steady and sees_past(ranges[s], sensors[s], FREE_M, here[0], here[1], here[2]):
                    sums[body, 6] += 1
                if not (
                    hides(ranges[s], sensors[s], nearer_m, here[0], here[1], here[2])
                    or hides(ranges[s], sensors[s], nearer_m, there_x, there_y, there[2])
                ):
                    sums[body, 3] += still
                    sums[body, 4] += moving
                    sums[body, 5] += 1
    return sums
