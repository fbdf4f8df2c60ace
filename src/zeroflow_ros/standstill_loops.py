# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loops behind standstill, compiled: how far bodies are from what earlier sweeps saw."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from zeroflow_ros.jit import DOUBLE_ROWS, DOUBLES, FLOAT_ROWS, FLOATS, INT_ROWS, INTS, compiled
from zeroflow_ros.pillar_loops import F32, I32
from zeroflow_ros.registration_loops import F64, INDEX, nearest, turned_back
from zeroflow_ros.visibility import hidden

HIDING_M = 0.5  # nearer than the body can have been: something else


@compiled(FLOAT_ROWS, DOUBLES)
def reach(rows: F32, sensor: F64) -> float:
    """Distance from `sensor` [3] to the nearest of rows [n, 3]."""
    best = np.inf
    for row in rows:
        x, y, z = row[0] - sensor[0], row[1] - sensor[1], row[2] - sensor[2]
        best = min(best, x * x + y * y + z * z)
    return np.sqrt(best)


@compiled(FLOAT_ROWS, types.float64, types.float64, FLOATS, DOUBLES, types.float64, *INDEX)
def misfit(
    rows: F32,
    shift_x: Any,
    shift_y: Any,
    ranges: F32,
    sensor: F64,
    nearest_m: Any,
    start: I32,
    offsets: F32,
    size: Any,
    cell_m: Any,
) -> tuple[float, float, float]:
    """Distances of rows [n, 3], moved back by a shift, to the nearest point: their sum, the sum of
    those with nothing nearer than `nearest_m` in their direction, and how many these are.
    """
    total, in_sight, count = 0.0, 0.0, 0.0
    for row in rows:
        x, y = row[0] - shift_x, row[1] - shift_y
        distance = nearest(x, y, row[2], start, offsets, size, cell_m)[0]
        total += distance
        if not hidden(x - sensor[0], y - sensor[1], row[2] - sensor[2], ranges, nearest_m):
            in_sight += distance
            count += 1
    return total, in_sight, count


@compiled(
    *(FLOAT_ROWS, INTS),
    *(DOUBLE_ROWS, DOUBLE_ROWS, DOUBLES),
    *(DOUBLES, INT_ROWS, FLOAT_ROWS, FLOAT_ROWS, DOUBLE_ROWS),
    *(types.int64, types.float64),
)
def fit(
    rows: F32,
    first: I32,
    centre: F64,
    shift: F64,
    turn: F64,
    ages: F64,
    start: I32,
    offsets: F32,
    ranges: F32,
    sensors: F64,
    size: Any,
    cell_m: Any,
) -> F64:
    """Sums [B, 6]: still, moving, both over what is seen, and how many are seen of both."""
    sums = np.zeros((len(turn), 6))
    for body in range(len(turn)):
        own = rows[first[body] : first[body + 1]]
        for s in range(len(ages)):
            x, y = ages[s] * shift[body]
            nearest_m = reach(own, sensors[s]) - np.sqrt(x * x + y * y) - HIDING_M
            asked = (ranges[s], sensors[s], nearest_m, start[s], offsets, size, cell_m)
            turned = turned_back(own, centre[body, 0], centre[body, 1], ages[s] * turn[body])
            total, in_sight, count = misfit(own, 0.0, 0.0, *asked)
            sums[body, 0] += total
            sums[body, 2] += in_sight
            sums[body, 4] += count
            total, in_sight, count = misfit(turned, x, y, *asked)
            sums[body, 1] += total
            sums[body, 3] += in_sight
            sums[body, 5] += count
    return sums
