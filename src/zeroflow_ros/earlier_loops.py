# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loops behind earlier sweeps, compiled: points by pillar, nearest ones, where a body was."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from zeroflow_ros.jit import DOUBLES, FLOAT_ROWS, INTS, compiled
from zeroflow_ros.pillar_loops import F32, F64, I32

PER_PILLAR = 12  # points of a pillar that are looked at
REACH_M = 0.4  # to the nearest point, which is looked for in the pillars around
FAR_M = 1e6  # no pillar has such a number
SOFT_M = 0.03  # nearer than this, all distances weigh alike


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
def where_it_was(rows: F32, x: Any, y: Any, angle: Any, drift: F64, edge_m: Any) -> F32:
    """Rows [n, 3] of a body turned clockwise about (x, y), and then to where a sweep saw it.

    `drift` [3], see `EarlierIndex`, about the middle of a grid of `edge_m`; rows from its corner. A
    shift of the body is not taken off yet: in the sweep's axes it is `in_axes_of` the drift.
    """
    turned = moved_back(rows, x, y, angle, np.zeros(2))
    return moved_back(turned, 0.5 * edge_m, 0.5 * edge_m, drift[2], drift[:2])


@compiled(types.float64, types.float64, types.float64)
def in_axes_of(turn: Any, x: Any, y: Any) -> tuple[float, float]:
    """A way (x, y) in axes that are turned counter-clockwise by `turn`."""
    cos, sin = np.cos(turn), np.sin(turn)
    return cos * x + sin * y, cos * y - sin * x
