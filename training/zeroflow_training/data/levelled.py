# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sweeps in the newest one's levelled frame, and what levelling and odometry get wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zeroflow_ros.geometry import (
    Points,
    Transform,
    from_roll_pitch_yaw,
    invert,
    transform_points,
)


def levelled_sweeps(
    clouds: Sequence[tuple[Points, Transform] | None],
    level: Transform,
    pose_errors: Sequence[Transform],
) -> tuple[Points, ...]:
    """Points with poses, newest first and never None, in the newest one's levelled frame.

    `level` [4, 4], levelled <- newest sensor; `pose_errors` [4, 4] of the earlier ones. What is
    None becomes a sweep without points.
    """
    assert clouds[0] is not None
    points, now = clouds[0]
    sweeps = [transform_points(level, points)]
    for cloud, error in zip(clouds[1:], pose_errors, strict=True):
        if cloud is None:
            sweeps.append(np.empty((0, 3), np.float32))
            continue
        points, before = cloud
        now_from_before = error @ invert(now) @ before
        sweeps.append(transform_points(level @ now_from_before, points))
    return tuple(sweeps)


def level_error(rng: np.random.Generator) -> Transform:
    """What is left of the mounting after levelling: centimetres and tenths of a degree, and now
    and then what a mounting nobody calibrated has, up to two degrees and 0.3 m.
    """
    if rng.random() < 0.12:
        (roll, pitch), height = rng.uniform(-1, 1, 2) * np.deg2rad(2.0), rng.uniform(-0.3, 0.3)
    else:
        (roll, pitch), height = rng.normal(0, np.deg2rad(0.4), 2), rng.normal(0, 0.06)
    return from_roll_pitch_yaw([0, 0, height], roll, pitch, 0.0)


def pose_errors(
    lags: Sequence[int], rng: np.random.Generator, share: float = 1.0
) -> list[Transform]:
    """Odometry error of each earlier sweep: up to 5 cm and 0.2 degrees a step, mostly a third.

    `share` of it, for sweeps whose odometry has errors of its own.
    """
    scale = share * rng.choice([0.2, 0.6, 1.0, 1.6], p=[0.2, 0.35, 0.3, 0.15])
    unit = np.clip(rng.normal(0, 1, 6), -2, 2)
    # Registration knows forward and sideways, and how the ground lies, less well than heading.
    step = unit * scale * [0.016, 0.016, 0.012, 0.0006, 0.0006, 0.0011]
    errors = []
    for lag in lags[1:]:
        drift = step * np.sqrt(lag) * (1.0 if lag == 1 else rng.uniform(0.7, 1.3))
        errors.append(from_roll_pitch_yaw(drift[:3], *drift[3:]))
    return errors
