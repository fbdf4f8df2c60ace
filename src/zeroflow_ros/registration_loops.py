# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loops behind registration, compiled: closest-point steps of one motion over all sweeps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from zeroflow_ros.earlier_loops import INDEX, REACH_M, SOFT_M, in_axes_of, nearest, where_it_was
from zeroflow_ros.jit import DOUBLE_ROWS, DOUBLES, FLOAT_CUBE, FLOAT_ROWS, INT_ROWS, INTS, compiled
from zeroflow_ros.pillar_loops import F32, F64, I32

STEPS = 16
SETTLED_M = 0.001
FAST_M = 0.15  # faster bodies meet the older sweeps one after another: they would miss them else
# Prior against acceleration, relative to what the points say: 3 holds it below 2 or 3 m/s^2
# where the sweeps say little.
STEADINESS = 3.0


@compiled(FLOAT_ROWS, types.float64, types.float64, *INDEX)
def pull(
    rows: F32, shift_x: Any, shift_y: Any, start: I32, offsets: F32, size: Any, cell_m: Any
) -> tuple[float, float, float]:
    """Weights of rows [n, 3], moved back by a shift, that find a point; and the weighted ways from
    that point to where they are now, in x and y. Weights fall with the distance.
    """
    total, way_x, way_y = 0.0, 0.0, 0.0
    for row in rows:
        distance, x, y = nearest(
            row[0] - shift_x, row[1] - shift_y, row[2], start, offsets, size, cell_m
        )
        if distance < REACH_M:
            weight = 1 / (distance + SOFT_M)
            total += weight
            way_x += weight * (shift_x + x)
            way_y += weight * (shift_y + y)
    return total, way_x, way_y


@compiled(FLOAT_CUBE, DOUBLES, DOUBLES, DOUBLES, INT_ROWS, *INDEX[1:])
def fitted(
    were: F32,
    axes: F64,
    shift: F64,
    ages: F64,
    start: I32,
    offsets: F32,
    size: Any,
    cell_m: Any,
) -> F64:
    """Shift [2] of a body in the last interval, from the sweeps it was seen in before.

    `were` [S, n, 3]: its points where each sweep saw them but for the shift; `axes` [S]: the turn
    of that sweep's axes. A body that shifts by d in the last interval, and by a less in each one
    before, was age d - age (age - 1) / 2 a away `age` intervals ago. Least squares over the nearest
    points.
    """
    d, a = shift.copy(), np.zeros(2)
    fast = d[0] * d[0] + d[1] * d[1] > FAST_M * FAST_M
    for step in range(STEPS):
        sweeps = min(len(ages), 1 + step // 3) if fast else len(ages)
        mm, mn, nn = 0.0, 0.0, 0.0  # of the levers m of d and n of a
        way = np.zeros((2, 2))
        for s in range(sweeps):
            m, n = ages[s], -0.5 * ages[s] * (ages[s] - 1)
            x, y = m * d[0] + n * a[0], m * d[1] + n * a[1]
            x, y = in_axes_of(axes[s], x, y)
            weight, way_x, way_y = pull(were[s], x, y, start[s], offsets, size, cell_m)
            way_x, way_y = in_axes_of(-axes[s], way_x, way_y)
            mm, mn, nn = (
                mm + weight * m * m,
                mn + weight * m * n,
                nn + weight * (n * n + STEADINESS),
            )
            way[0, 0] += m * way_x
            way[0, 1] += m * way_y
            way[1, 0] += n * way_x
            way[1, 1] += n * way_y
        if mm == 0:
            break  # nothing near, nothing learned
        determinant, before = mm * nn - mn * mn, d
        d = (nn * way[0] - mn * way[1]) / determinant
        a = (mm * way[1] - mn * way[0]) / determinant
        if sweeps == len(ages) and np.abs(d - before).max() < SETTLED_M:
            break
    return d


@compiled(
    *(FLOAT_ROWS, INTS),
    *(DOUBLE_ROWS, DOUBLE_ROWS, DOUBLES),
    *(DOUBLES, DOUBLE_ROWS, INT_ROWS, *INDEX[1:]),
)
def register(
    rows: F32,
    first: I32,
    centre: F64,
    shift: F64,
    turn: F64,
    ages: F64,
    drift: F64,
    start: I32,
    offsets: F32,
    size: Any,
    cell_m: Any,
) -> F64:
    """Refined shift [B, 2] of each body.

    `rows` and `first` as in `Samples`, the motion as in `RigidMotions`, the rest as in
    `EarlierIndex`.
    """
    found = shift.copy()
    for body in range(len(turn)):
        own = rows[first[body] : first[body + 1]]
        were = np.empty((len(ages), len(own), 3), np.float32)
        for s in range(len(ages)):
            x, y = centre[body]
            were[s] = where_it_was(own, x, y, ages[s] * turn[body], drift[s], size * cell_m)
        found[body] = fitted(were, drift[:, 2], shift[body], ages, start, offsets, size, cell_m)
    return found
