# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rigid transforms: 4x4 float64 matrices, and interpolation between poses.

A transform named `now_from_before` maps coordinates of the frame `before` into the frame `now`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from zeroflow_ros.jit import FLOAT_ROWS, LONGS, compiled

Transform = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float64]


def transform_points(transform: Transform, points: Points) -> Points:
    """Apply a rigid transform to points.

    `points` float32 [N, 3] in metres; returns float32 [N, 3]. Rows with NaN or inf stay so or
    become NaN. Float32 is enough because the transform is relative (between nearby sensor poses).
    """
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"points have the shape {points.shape}, not [N, 3]")
    matrix = np.asarray(transform, np.float32)
    return _transformed(np.asarray(points, np.float32), matrix)


@compiled(FLOAT_ROWS, FLOAT_ROWS)
def _transformed(points: Points, m: npt.NDArray[np.float32]) -> Points:
    """A loop instead of `@`.

    A BLAS would wake a thread for each core, whose waiting afterwards takes the cores from the
    network: `zeroflow demo` on two cores read 86 ms from stamp to flow with it, 67 ms without.
    """
    moved = np.empty((len(points), 3), np.float32)
    for k in range(len(points)):
        x, y, z = points[k, 0], points[k, 1], points[k, 2]
        for axis in range(3):
            moved[k, axis] = x * m[axis, 0] + y * m[axis, 1] + z * m[axis, 2] + m[axis, 3]
    return moved


@compiled(LONGS, FLOAT_ROWS, FLOAT_ROWS, types.int64)
def rotated_rows(
    rows: npt.NDArray[np.intp], vectors: Points, rotation: npt.NDArray[np.float32], count: Any
) -> Points:
    """Float32 [count, 3]: vectors [M, 3] rotated by [3, 3] at `rows` [M], elsewhere zeros."""
    spread = np.zeros((count, 3), np.float32)
    for k in range(len(rows)):
        x, y, z = vectors[k, 0], vectors[k, 1], vectors[k, 2]
        for axis in range(3):
            spread[rows[k], axis] = (
                x * rotation[axis, 0] + y * rotation[axis, 1] + z * rotation[axis, 2]
            )
    return spread


def invert(transform: Transform) -> Transform:
    """Inverse of a rigid transform [4, 4]; exact transpose of the rotation, no matrix solve."""
    inverse = np.eye(4)
    inverse[:3, :3] = transform[:3, :3].T
    inverse[:3, 3] = -transform[:3, :3].T @ transform[:3, 3]
    return inverse


def from_quaternion(
    translation: Sequence[float] | Vector, quaternion: Sequence[float] | Vector
) -> Transform:
    """Transform [4, 4] from a translation (m) and a quaternion (x, y, z, w) of any nonzero length.

    Raises ValueError for a zero quaternion (an odometry message left at its default) and where
    anything is not finite.
    """
    if not np.isfinite(translation).all():
        raise ValueError(f"position {np.asarray(translation).tolist()} is not finite")
    q = np.asarray(quaternion, dtype=np.float64)
    length = float(np.linalg.norm(q))
    if not np.isfinite(length) or length < 1e-6:
        raise ValueError(f"quaternion (x y z w) = {q.tolist()} has no direction")
    x, y, z, w = q / length
    transform = np.eye(4)
    transform[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    transform[:3, 3] = translation
    return transform


def to_quaternion(transform: Transform) -> Vector:
    """Unit quaternion (x, y, z, w) with w >= 0 of a transform's rotation (Bar-Itzhack 2000).

    The eigenvector of the symmetric 4x4 form is used: it has no branches and no singular cases.
    """
    r = transform[:3, :3]
    form = np.array(
        [
            [r[0, 0] - r[1, 1] - r[2, 2], r[0, 1] + r[1, 0], r[0, 2] + r[2, 0], r[2, 1] - r[1, 2]],
            [r[0, 1] + r[1, 0], r[1, 1] - r[0, 0] - r[2, 2], r[1, 2] + r[2, 1], r[0, 2] - r[2, 0]],
            [r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], r[2, 2] - r[0, 0] - r[1, 1], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], r[0, 0] + r[1, 1] + r[2, 2]],
        ]
    )
    q = np.linalg.eigh(form)[1][:, -1]
    return q if q[3] >= 0 else -q


def from_roll_pitch_yaw(
    translation: Sequence[float], roll: float, pitch: float, yaw: float
) -> Transform:
    """Transform [4, 4] from a translation (m) and fixed-axis angles (rad), REP-103 order."""
    cr, cp, cy = np.cos([roll, pitch, yaw])
    sr, sp, sy = np.sin([roll, pitch, yaw])
    transform = np.eye(4)
    transform[:3, :3] = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    transform[:3, 3] = translation
    return transform


def interpolate(start: Transform, end: Transform, fraction: float) -> Transform:
    """Pose between two poses: linear in translation, slerp in rotation (Shoemake 1985).

    A `fraction` outside 0..1 extrapolates at constant velocity.
    """
    a, b = to_quaternion(start), to_quaternion(end)
    dot = float(a @ b)
    if dot < 0:
        b, dot = -b, -dot
    angle = np.arccos(min(dot, 1.0))
    if angle < 1e-9:
        q = a
    else:
        q = (np.sin((1 - fraction) * angle) * a + np.sin(fraction * angle) * b) / np.sin(angle)
    return from_quaternion(start[:3, 3] + fraction * (end[:3, 3] - start[:3, 3]), q)
