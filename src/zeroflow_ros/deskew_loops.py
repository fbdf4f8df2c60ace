# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The compiled loop of `deskew`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from zeroflow_ros.jit import FLOAT_CUBE, FLOAT_ROWS, FLOATS, compiled
from zeroflow_ros.pillar_loops import F32


@compiled(FLOAT_ROWS, FLOATS, FLOAT_CUBE, types.float32, types.float32)
def deskewed(points: F32, times_s: F32, poses: F32, first_s: Any, step_s: Any) -> F32:
    """Points [N, 3], each by the pose of its time, between those of `poses` [K, 3, 4].

    The k-th pose is that at first_s + k * step_s; between two, matrices are mixed linearly.
    """
    moved = np.empty((len(points), 3), np.float32)
    last = len(poses) - 2
    for row in range(len(points)):
        x, y, z = points[row, 0], points[row, 1], points[row, 2]
        at = (times_s[row] - first_s) / step_s
        k = min(max(int(at), 0), last)
        later = at - np.float32(k)
        for axis in range(3):
            before = poses[k, axis, 3] + (
                x * poses[k, axis, 0] + y * poses[k, axis, 1] + z * poses[k, axis, 2]
            )
            after = poses[k + 1, axis, 3] + (
                x * poses[k + 1, axis, 0] + y * poses[k + 1, axis, 1] + z * poses[k + 1, axis, 2]
            )
            moved[row, axis] = before + later * (after - before)
    return moved
