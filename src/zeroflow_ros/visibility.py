# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Visibility: how far a sensor saw in each direction, so that what hid behind something is known.

A wall seen through a fence moves along it as the vehicle passes: other parts of it are in sight.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from zeroflow_ros.jit import DOUBLES, FLOAT_ROWS, FLOATS, INTS, compiled
from zeroflow_ros.pillar_loops import F32, I32

# About 0.4 degrees each; upwards, equal steps of rise over run.
AZIMUTHS, ELEVATIONS = 800, 300
STEEPEST = 1.5


@compiled(types.float64, types.float64, types.float64)
def direction(x: Any, y: Any, z: Any) -> int:
    """Number of the direction in which (x, y, z) lies; -1 for what is steep or not finite.

    Around, steps of y / (|x| + |y|): as good as an angle, and needs no trigonometry.
    """
    around, run = abs(x) + abs(y), np.sqrt(x * x + y * y)
    rise = z / run
    if not (abs(rise) < STEEPEST and around < np.inf):
        return -1
    quarter = 1 - x / around if y >= 0 else 3 + x / around
    # The largest numbers below an end round up to it.
    azimuth = min(int(quarter * (AZIMUTHS / 4)), AZIMUTHS - 1)
    elevation = min(int((rise + STEEPEST) * (ELEVATIONS / (2 * STEEPEST))), ELEVATIONS - 1)
    return azimuth * ELEVATIONS + elevation


@compiled(INTS, FLOAT_ROWS, DOUBLES, types.float64, types.int64, types.float64)
def nearest_ranges(
    cell: I32, offset: F32, sensor: Any, lowest_m: Any, size: Any, cell_m: Any
) -> F32:
    """Range in metres of the nearest point above `lowest_m` in each direction from `sensor` [3].

    `cell` int32 [M] and `offset` float32 [M, 3] as in `GridPoints`, of a grid of `size` pillars of
    `cell_m` an edge; `sensor` from that grid's corner. Infinity where nothing is, and everywhere
    for a sensor of which nobody knows where it was (NaN).
    """
    ranges = np.full(AZIMUTHS * ELEVATIONS, np.inf, np.float32)
    half = size >> 1
    for k in range(len(cell)):
        z = 2 * np.float64(offset[k, 2])
        if not z > lowest_m:
            continue
        # As PillarGrid numbers them.
        block = cell[k] >> 2
        i, j = 2 * (block // half) + (cell[k] >> 1 & 1), 2 * (block % half) + (cell[k] & 1)
        x = cell_m * (i + 0.5 + offset[k, 0]) - sensor[0]
        y = cell_m * (j + 0.5 + offset[k, 1]) - sensor[1]
        z -= sensor[2]
        way = direction(x, y, z)
        if way >= 0:
            ranges[way] = min(ranges[way], np.float32(np.sqrt(x * x + y * y + z * z)))
    return ranges


@compiled(FLOATS, DOUBLES, *[types.float64] * 4)
def hides(ranges: F32, sensor: Any, nearer_m: Any, x: Any, y: Any, z: Any) -> bool:
    """Whether something nearer than `nearer_m` hid (x, y, z) from `sensor`; see `nearest_ranges`.

    Looks one direction up and down as well, because beams leave most directions out.
    """
    way = direction(x - sensor[0], y - sensor[1], z - sensor[2])
    if way < 1 or way > len(ranges) - 2:
        return False
    return min(ranges[way - 1], ranges[way], ranges[way + 1]) < nearer_m


@compiled(FLOATS, DOUBLES, *[types.float64] * 4)
def sees_past(ranges: F32, sensor: Any, margin_m: Any, x: Any, y: Any, z: Any) -> bool:
    """Whether the beams towards (x, y, z) all went at least `margin_m` further: it was free.

    Looks at the directions that `hides` looks at; where no beam returned, nobody knows.
    """
    u, v, w = x - sensor[0], y - sensor[1], z - sensor[2]
    way = direction(u, v, w)
    if way < 1 or way > len(ranges) - 2:
        return False
    seen = min(ranges[way - 1], ranges[way], ranges[way + 1])
    return seen < np.inf and seen > np.sqrt(u * u + v * v + w * w) + margin_m
