# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How bodies and the ego vehicle move: constant speed along a circular arc."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .jit import compiled
from .terrain import Terrain, ground_height, ground_slope

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """Planar motion of a body: ``speed`` (m/s) along heading + ``course`` (rad), ``yaw_rate``
    (rad/s). A non-zero course is a body that moves other than where it faces.
    """

    speed: float = 0.0
    yaw_rate: float = 0.0
    course: float = 0.0


STILL = Motion()


def tilt_matrix(roll: float, pitch: float) -> F64:
    """Rotation by ``roll`` about x, then ``pitch`` about y (rad), float64 [3, 3]."""
    cos_r, sin_r, cos_p, sin_p = math.cos(roll), math.sin(roll), math.cos(pitch), math.sin(pitch)
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cos_r, -sin_r], [0.0, sin_r, cos_r]])
    about_y = np.array([[cos_p, 0.0, sin_p], [0.0, 1.0, 0.0], [-sin_p, 0.0, cos_p]])
    rotation: F64 = about_y @ about_x
    return rotation


@compiled
def planar_pose(
    x: float, y: float, heading: float, speed: float, course: float, yaw_rate: float, time: float
) -> tuple[float, float, float]:
    """Position (m) and heading (rad) after ``time`` seconds on a circular arc."""
    turned = yaw_rate * time
    # The chord of an arc is the straight distance times sinc of half the angle turned, in the
    # mean direction: exact, and well behaved when the yaw rate goes to zero.
    half = 0.5 * turned
    chord = speed * time
    if abs(half) > 1e-6:
        chord *= np.sin(half) / half
    direction = heading + course + half
    return x + chord * np.cos(direction), y + chord * np.sin(direction), heading + turned


@dataclass(frozen=True)
class EgoPath:
    """Path of the ego vehicle's base (on the ground, below the sensor), from the origin."""

    heading: float = 0.0
    motion: Motion = STILL

    def poses(self, terrain: Terrain, times: F64) -> tuple[F64, F64]:
        """Base -> world at each of ``times`` (s, [M]): rotations [M, 3, 3], positions [M, 3].

        The vehicle follows the ground, with the mean slope under a three-metre wheelbase.
        """
        return _ego_poses(
            terrain.as_array(),
            self.heading,
            self.motion.speed,
            self.motion.course,
            self.motion.yaw_rate,
            np.ascontiguousarray(times, dtype=np.float64),
        )


@compiled
def _ego_poses(
    waves: F64, heading: float, speed: float, course: float, yaw_rate: float, times: F64
) -> tuple[F64, F64]:
    rotations = np.empty((times.size, 3, 3))
    positions = np.empty((times.size, 3))
    for i in range(times.size):
        x, y, yaw = planar_pose(0.0, 0.0, heading, speed, course, yaw_rate, times[i])
        slope_x, slope_y = 0.0, 0.0
        for corner_x in (-1.5, 1.5):
            for corner_y in (-1.5, 1.5):
                at_x, at_y = ground_slope(waves, x + corner_x, y + corner_y)
                slope_x += 0.25 * at_x
                slope_y += 0.25 * at_y
        cos, sin = np.cos(yaw), np.sin(yaw)
        # Forward follows the slope, up is the ground's normal, left completes the frame.
        up = np.array([-slope_x, -slope_y, 1.0])
        up /= np.sqrt(slope_x**2 + slope_y**2 + 1.0)
        forward = np.array([cos, sin, cos * slope_x + sin * slope_y])
        forward /= np.sqrt(1.0 + forward[2] ** 2)
        for axis in range(3):
            j, k = (axis + 1) % 3, (axis + 2) % 3
            rotations[i, axis, 0] = forward[axis]
            rotations[i, axis, 1] = up[j] * forward[k] - up[k] * forward[j]
            rotations[i, axis, 2] = up[axis]
        positions[i, 0], positions[i, 1] = x, y
        positions[i, 2] = ground_height(waves, x, y)
    return rotations, positions
