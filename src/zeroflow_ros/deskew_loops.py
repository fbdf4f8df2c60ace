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
def straight(points: F32, times_s: F32, motion: F32, first_s: Any, last_s: Any) -> F32:
    """Points [N, 3], each by the matrix of its time: m0 + u m1 + u^2 m2, u from 0 to 1.

    `motion` [3, 3, 4]: m0, m1 and m2; u is 0 at `first_s` and 1 at `last_s`.
    """
    moved = np.empty((len(points), 3), np.float32)
    per_second = np.float32(1) / (last_s - first_s) if last_s > first_s else np.float32(0)
    for row in range(len(points)):
        x, y, z = points[row, 0], points[row, 1], points[row, 2]
        u = (times_s[row] - first_s) * per_second
        for axis in range(3):
            a = motion[0, axis, 0] + u * (motion[1, axis, 0] + u * motion[2, axis, 0])
            b = motion[0, axis, 1] + u * (motion[1, axis, 1] + u * motion[2, axis, 1])
            c = motion[0, axis, 2] + u * (motion[1, axis, 2] + u * motion[2, axis, 2])
            d = motion[0, axis, 3] + u * (motion[1, axis, 3] + u * motion[2, axis, 3])
            moved[row, axis] = a * x + b * y + c * z + d
    return moved
