# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loops behind registration, compiled: points by pillar, nearest ones, closest-point steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from zeroflow_ros.jit import (
    DOUBLE_ROWS,
    DOUBLES,
    FLOAT_CUBE,
    FLOAT_ROWS,
    INT_ROWS,
    INTS,
    compiled,
)

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]

PER_PILLAR = 12  # points of a pillar that are looked at
REACH_M = 0.4  # to the nearest point, which is looked for in the pillars around
FAR_M = 1e6  # no pillar has such a number
SOFT_M = 0.03  # nearer than this, all distances weigh alike
STEPS = 16
SETTLED_M = 0.001
FAST_M = 0.15  # faster bodies meet the older sweeps one after another: they would miss them else
# Prior against acceleration, relative to what the points say: 3 holds it below 2 or 3 m/s^2
# where the sweeps say little.
STEADINESS = 3.0


@compiled(INTS, FLOAT_ROWS, types.int64, types.float64)
def index_points(cell: I32, offset: F32, pillars: Any, lowest_m: Any) -> tuple[I32, F32]:
    """Points above `lowest_m`, at most PER_PILLAR of each pillar, pillar by pillar.

    `cell` int32 [M] and `offset` float32 [M, 3] as in `GridPoints`. Returns int32 [pillars + 1],
    where each pillar begins, and float32 [K, 3], the offsets.
    """
    high, highs = np.empty(len(cell), np.int32), 0
    for k in range(len(cell)):  # without a branch, which would be guessed wrong half of the time
        high[highs] = k
        highs += int(2 * offset[k, 2] > lowest_m)
    count = np.zeros(pillars, np.int32)
    for k in high[:highs]:
        count[cell[k]] += 1
    start = np.zeros(pillars + 1, np.int32)
    step = np.ones(pillars, np.int32)
    for k in range(pillars):
        kept = count[k]
        if kept > PER_PILLAR:
            step[k] = (kept + PER_PILLAR - 1) // PER_PILLAR
            kept = (kept + step[k] - 1) // step[k]
        start[k + 1] = start[k] + kept
    kept_offsets = np.empty((start[-1], 3), np.float32)
    place, wait = start[:-1].copy(), np.zeros(pillars, np.int32)
    for k in high[:highs]:
        pillar = cell[k]
        if wait[pillar] == 0:
            for axis in range(3):
                kept_offsets[place[pillar], axis] = offset[k, axis]
            place[pillar] += 1
            wait[pillar] = step[pillar]
        wait[pillar] -= 1
    return start, kept_offsets


# What `index_points` made of a sweep, pillars an edge, and a pillar's edge in metres.
INDEX = (INTS, FLOAT_ROWS, types.int64, types.float64)


@compiled(types.float64, types.float64, types.float64, *INDEX)
def nearest(
    x: Any, y: Any, z: Any, start: I32, offsets: F32, size: Any, cell_m: Any
) -> tuple[float, float, float]:
    """Distance to the nearest point and the way from it, in x and y; REACH_M where none is near."""
    best, way_x, way_y = REACH_M * REACH_M, 0.0, 0.0
    if not (abs(x) < FAR_M and abs(y) < FAR_M):
        return REACH_M, way_x, way_y
    column, line = int(np.floor(x / cell_m)), int(np.floor(y / cell_m))
    for i in range(max(column - 1, 0), min(column + 2, size)):
        for j in range(max(line - 1, 0), min(line + 2, size)):
            # As PillarGrid numbers them.
            pillar = 4 * ((i >> 1) * (size >> 1) + (j >> 1)) + 2 * (i & 1) + (j & 1)
            from_middle_x, from_middle_y = x - (i + 0.5) * cell_m, y - (j + 0.5) * cell_m
            for k in range(start[pillar], start[pillar + 1]):
                dx = from_middle_x - cell_m * offsets[k, 0]
                dy = from_middle_y - cell_m * offsets[k, 1]
                dz = z - 2 * offsets[k, 2]
                square = dx * dx + dy * dy + dz * dz
                if square < best:
                    best, way_x, way_y = square, dx, dy
    return np.sqrt(best), way_x, way_y


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


@compiled(FLOAT_ROWS, *[types.float64] * 3, DOUBLES)
def moved_back(rows: F32, x: Any, y: Any, angle: Any, away: F64) -> F32:
    """Rows [n, 3] turned clockwise about (x, y) and shifted back by `away` [2]."""
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.empty_like(rows)
    for k in range(len(rows)):
        u, v = rows[k, 0] - x, rows[k, 1] - y
        turned[k, 0] = x + cos * u + sin * v - away[0]
        turned[k, 1] = y - sin * u + cos * v - away[1]
        turned[k, 2] = rows[k, 2]
    return turned


@compiled(FLOAT_ROWS, *[types.float64] * 3, DOUBLES, types.float64)
def before(rows: F32, x: Any, y: Any, angle: Any, drift: F64, edge_m: Any) -> F32:
    """Rows [n, 3] turned clockwise about (x, y), where the world was that drifted since."""
    turned = moved_back(rows, x, y, angle, np.zeros(2))
    return moved_back(turned, 0.5 * edge_m, 0.5 * edge_m, drift[2], drift[:2])


@compiled(FLOAT_CUBE, DOUBLES, DOUBLES, INT_ROWS, *INDEX[1:])
def fitted(
    turned: F32, shift: F64, ages: F64, start: I32, offsets: F32, size: Any, cell_m: Any
) -> F64:
    """Shift [2] of a body in the last interval, from the sweeps it was seen in before.

    `turned` [S, n, 3]: its points turned back to each sweep. A body that shifts by d in the last
    interval, and by a less in each one before, was age d - age (age - 1) / 2 a away `age` intervals
    ago. Least squares over the nearest points.
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
            weight, way_x, way_y = pull(turned[s], x, y, start[s], offsets, size, cell_m)
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
        turned = np.empty((len(ages), len(own), 3), np.float32)
        for s in range(len(ages)):
            x, y = centre[body]
            turned[s] = before(own, x, y, ages[s] * turn[body], drift[s], size * cell_m)
        found[body] = fitted(turned, shift[body], ages, start, offsets, size, cell_m)
    return found
