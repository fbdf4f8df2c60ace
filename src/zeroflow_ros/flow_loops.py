# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loop behind flow clouds, compiled: velocities beside their points, in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from zeroflow_ros.jit import BOOLS, FLOAT_ROWS, compiled
from zeroflow_ros.pillar_loops import F32


@compiled(FLOAT_ROWS, FLOAT_ROWS, BOOLS, types.float32, types.int64)
def flow_columns(
    points: F32, displacement: F32, valid: npt.NDArray[np.bool_], interval_s: Any, width: Any
) -> tuple[F32, npt.NDArray[np.bool_]]:
    """Rows float32 [N, width] with the points first and velocities in m/s last but one, zeros
    between and behind; and which are valid, bool [N]: those that were, of finite numbers. Others
    read velocity 0.
    """
    rows = np.zeros((len(points), width), np.float32)
    good = np.zeros(len(points), np.bool_)
    first = width - 4
    for k in range(len(points)):
        finite = valid[k]
        for axis in range(3):
            value = displacement[k, axis] / interval_s
            rows[k, axis] = points[k, axis]
            rows[k, first + axis] = value
            finite = finite and np.isfinite(points[k, axis]) and np.isfinite(value)
        good[k] = finite
        if not finite:
            for axis in range(3):
                rows[k, first + axis] = 0
    return rows, good
