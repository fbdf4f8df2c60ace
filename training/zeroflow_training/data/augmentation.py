# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Augmentation: what makes one simulated world look like many sensors and many mountings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zeroflow_training.data.sample import TrainingSample

MOVING_MPS = 0.3  # a point worth looking at
MOVER_M = 2.0  # a square of this edge counts once: a pedestrian like a car's corner


def thin(sample: TrainingSample, rng: np.random.Generator) -> TrainingSample:
    """Drop points at random, or whole elevation bands, in all sweeps alike.

    Sensor diversity mattered most in the prototype: without this false motion tripled.
    """
    draw = rng.random()
    if draw < 0.4:
        rate = rng.uniform(0.2, 1.0)
        return sample.select([rng.random(len(points)) < rate for points in sample.sweeps])
    if draw < 0.6:
        width, keep_every, sensor_height = rng.uniform(0.003, 0.012), rng.integers(2, 4), 1.8
        return sample.select(
            [
                np.floor(
                    np.arctan2(points[:, 2] - sensor_height, np.hypot(points[:, 0], points[:, 1]))
                    / width
                )
                % keep_every
                == 0
                for points in sample.sweeps
            ]
        )
    return sample


def turn(sample: TrainingSample, rng: np.random.Generator) -> TrainingSample:
    """Rotate about the vertical, mirror, scale by up to 10 % and shift in height.

    Two in five rotations are near quarter turns: most traffic drives along the grid's axes, where
    the face of a vehicle lies in one row of cells and its motion is hardest to read.
    """
    angle, scale = rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 1.1)
    if rng.random() < 0.4:
        angle = 0.5 * np.pi * rng.integers(4) + rng.normal(0, np.deg2rad(3))
    mirror = rng.choice([-1.0, 1.0])
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    matrix = np.array([[cos, sin * mirror, 0], [-sin, cos * mirror, 0], [0, 0, scale]], np.float32)
    lift = np.array([0, 0, rng.normal(0, 0.1)], np.float32)
    sweeps = tuple(points @ matrix + lift for points in sample.sweeps)
    return replace(sample, sweeps=sweeps, flow=sample.flow @ matrix)


def crop(sample: TrainingSample, half_m: float, rng: np.random.Generator) -> TrainingSample:
    """A square window, three times of four around something that moves, moved to the origin.

    Squares with moving points are drawn, not points: of those a car beside the sensor has
    thousands, and pedestrians are hardly ever in the middle.
    """
    points = sample.sweeps[0]
    moving = np.flatnonzero(
        (np.linalg.norm(sample.flow, axis=1) > MOVING_MPS * sample.interval_s)
        & (np.abs(points[:, :2]) < 50).all(1)
        & (sample.weight == 1)  # the own vehicle moves in half of all scenes
    )
    if len(moving) and rng.random() < 0.75:
        squares = np.floor(points[moving, :2] / MOVER_M)
        _, first = np.unique(squares, axis=0, return_index=True)
        middle = points[moving[rng.choice(first)], :2] + rng.uniform(-0.55, 0.55, 2) * half_m
    else:
        middle = rng.uniform(-28, 28, 2)
    shift = np.array([*middle, 0], np.float32)
    moved = replace(sample, sweeps=tuple(points - shift for points in sample.sweeps))
    return moved.select([np.abs(p[:, :2]).max(1) < half_m for p in moved.sweeps])


def window(
    sample: TrainingSample, half_m: float | None, rng: np.random.Generator
) -> TrainingSample:
    """`crop`, for a student that learns on windows; the whole sample for None."""
    return sample if half_m is None else crop(sample, half_m, rng)


def forget(sample: TrainingSample, rng: np.random.Generator) -> TrainingSample:
    """Empty some of the sweeps before the last two, as after a start or where one got lost.

    The network meets the same: what its history misses is a sweep without points.
    """
    remembers = rng.random() < 0.8
    keep = [np.ones(len(points), bool) for points in sample.sweeps]
    for mask in keep[2:]:
        mask &= remembers and rng.random() < 0.95
    return sample.select(keep)
