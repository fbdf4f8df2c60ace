# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrows for the points that move: few enough to be drawn, spread evenly in space."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.coloring import Colors, flow_colors
from zeroflow_ros.geometry import Points
from zeroflow_ros.pointcloud2 import FlowColumns

VOXEL_M = 0.5
# Of a voxel's number along an axis (2 km to each side) and of a row; all fit into one integer.
_BITS, _ROW_BITS = 13, 24


class Arrows(NamedTuple):
    """`start` and `end` float32 [K, 3], m, and colours uint8 [K, 3]."""

    start: Points
    end: Points
    colors: Colors


def flow_arrows(
    columns: FlowColumns, *, min_speed: float, seconds: float, max_speed: float, max_count: int
) -> Arrows:
    """Arrows of at most `max_count` valid points at `min_speed` (m/s) or above.

    Each is as long as its point travels in `seconds`, in the colour that `flow_colors` gives.
    """
    moving = np.flatnonzero(columns.valid & (columns.speed >= min_speed))
    rows = moving[spread(columns.points[moving], max_count)]
    start, velocity = columns.points[rows], columns.velocity[rows]
    end = start + np.float32(seconds) * velocity
    return Arrows(start, end, flow_colors(velocity, max_speed))


def spread(points: Points, most: int) -> npt.NDArray[np.intp]:
    """Rows of at most `most` (>= 1) finite points [N, 3], one in each voxel that has any.

    The voxels stand still in the sensor's frame, and their edge is doubled until there are few
    enough: what moves keeps its arrow, and near the sensor arrows are no denser than far away.
    """
    half = 1 << (_BITS - 1)
    within = np.clip(points, -half * VOXEL_M, (half - 1) * VOXEL_M)
    voxels = np.floor(within / VOXEL_M).astype(np.int64) + half
    rows = np.arange(len(points))
    for level in range(_BITS + 1):
        x, y, z = (voxels[rows] >> level).T
        ordered = np.sort((((x << _BITS | y) << _BITS | z) << _ROW_BITS) | rows)
        first = np.diff(ordered >> _ROW_BITS, prepend=-1) != 0
        rows = ordered[first] & ((1 << _ROW_BITS) - 1)
        if len(rows) <= most:
            break
    return rows
