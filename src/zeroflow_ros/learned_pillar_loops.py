# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loops over points behind LearnedPillars, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from zeroflow_ros.jit import FLOAT_ROWS, INTS, compiled
from zeroflow_ros.pillar_loops import F32, I32

# Known to be contiguous, so that loops over channels become vector instructions.
_CHANNELS = types.Array(types.float32, 1, "C", readonly=True)
_CHANNEL_ROWS = types.Array(types.float32, 2, "C", readonly=True)


@compiled(
    FLOAT_ROWS, FLOAT_ROWS,
    types.float32, types.float32, types.int32, types.float32, types.float32,
)  # fmt: skip
def locate_by_division(
    points: F32, transform: F32, low: Any, cell_m: Any, size: Any, z_min: Any, height_m: Any
) -> tuple[npt.NDArray[np.intp], I32, F32, I32]:
    """As `pillar_loops.locate`, but a pillar is floor((p - low) / cell), step by step in float32.

    `low` is the lower end of x and y; z counts as one pillar of `height_m` from `z_min`.
    """
    m = transform
    rows = np.empty(len(points), np.intp)
    cell = np.empty(len(points), np.int32)
    offset = np.empty((len(points), 3), np.float32)
    quarter = np.empty(len(points), np.int32)
    count, edge, one = 0, np.float32(size), np.float32(1)
    half = np.float32(0.5)
    first_centre = low + half * cell_m
    for row in range(len(points)):
        u, v, w = points[row, 0], points[row, 1], points[row, 2]
        x = u * m[0, 0] + v * m[0, 1] + w * m[0, 2] + m[0, 3]
        y = u * m[1, 0] + v * m[1, 1] + w * m[1, 2] + m[1, 3]
        z = u * m[2, 0] + v * m[2, 1] + w * m[2, 2] + m[2, 3]
        i, j, k = (x - low) / cell_m, (y - low) / cell_m, (z - z_min) / height_m
        # Comparisons with NaN are false: such rows need no test of their own.
        if not (i >= 0 and i < edge and j >= 0 and j < edge and k >= 0 and k < one):
            continue
        column, line = np.int32(i), np.int32(j)
        u = (x - (np.float32(column) * cell_m + first_centre)) / cell_m
        v = (y - (np.float32(line) * cell_m + first_centre)) / cell_m
        block = (column >> 1) * (size >> 1) + (line >> 1)
        rows[count] = row
        cell[count] = 4 * block + 2 * (column & 1) + (line & 1)
        offset[count, 0], offset[count, 1], offset[count, 2] = u, v, z * half
        quarter[count] = 2 * np.int32(u >= 0) + np.int32(v >= 0)
        count += 1
    return rows[:count], cell[:count], offset[:count], quarter[:count]


@compiled(
    INTS, FLOAT_ROWS, _CHANNEL_ROWS, _CHANNEL_ROWS, _CHANNEL_ROWS, _CHANNEL_ROWS, _CHANNELS,
    types.Array(types.float32, 2, "C"),
)  # fmt: skip
def encode(
    pillar: I32,
    offset: F32,
    centre: F32,
    by_offset: F32,
    by_mean: F32,
    by_centre: F32,
    bias: F32,
    features: F32,
) -> None:
    """Fill features [pillars, C] with the mean, over the points of each `pillar` int32 [M], of
    ReLU(by_offset * offset - by_mean * mean offset + by_centre * centre + bias).

    `offset` [M, 3] as in GridPoints; `centre` [pillars, 2] metres; `by_offset` and `by_mean`
    [3, C], `by_centre` [2, C]. No pillar is without a point.
    """
    pillars, channels = features.shape
    count = np.zeros(pillars, np.int32)
    mean = np.zeros((pillars, 3), np.float64)
    for k in range(len(pillar)):
        count[pillar[k]] += 1
        for axis in range(3):
            mean[pillar[k], axis] += offset[k, axis]
    same = np.empty((pillars, channels), np.float32)  # for all points of a pillar
    for row in range(pillars):
        x, y, points = centre[row, 0], centre[row, 1], count[row]
        u, v, w = mean[row, 0] / points, mean[row, 1] / points, mean[row, 2] / points
        for c in range(channels):
            within = by_mean[0, c] * u + by_mean[1, c] * v + by_mean[2, c] * w
            same[row, c] = by_centre[0, c] * x + by_centre[1, c] * y + bias[c] - within
    features[:] = 0
    nothing = np.float32(0)
    for k in range(len(pillar)):
        row, u, v, w = pillar[k], offset[k, 0], offset[k, 1], offset[k, 2]
        for c in range(channels):
            said = by_offset[0, c] * u + by_offset[1, c] * v + by_offset[2, c] * w + same[row, c]
            features[row, c] += max(said, nothing)
    for row in range(pillars):
        for c in range(channels):
            features[row, c] /= np.float32(count[row])
