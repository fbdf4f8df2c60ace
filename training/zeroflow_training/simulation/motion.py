# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How bodies and the ego vehicle move: evenly changing speed along straight, arc, straight.

Where a body is depends on time only through the distance it has travelled. So a standing body
neither turns nor swings its legs, and what stands still has exactly no displacement.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .jit import Record, compiled
from .terrain import Terrain, ground_height, ground_slope

F64 = npt.NDArray[np.float64]

EVER = 1e9  # m; a bend without beginning or end
PATH_FIELDS = ("x", "y", "heading", "course", "speed", "change", "begin", "end") + (
    "lag",
    "curvature",
    "bend_from",
    "bend_to",
    "top_speed",
)
PATH_DTYPE = np.dtype([(name, np.float64) for name in PATH_FIELDS])


@dataclass(frozen=True)
class Motion:
    """Motion along a path through a body's pose at time 0.

    The body has ``speed`` (m/s, negative backwards) until ``begin`` (s), and evenly gains
    ``change`` (m/s) until ``end``. Its path has ``curvature`` (1/m, to the left)
    between the distances ``bend`` (m ahead of the start), and is straight before and after. A
    non-zero ``course`` (rad) is a body that moves other than where it faces; ``lag`` (m) is how
    far it follows behind along the path, as a trailer does.
    """

    speed: float = 0.0
    change: float = 0.0
    begin: float = 0.0
    end: float = 0.0
    curvature: float = 0.0
    bend: tuple[float, float] = (-EVER, EVER)
    course: float = 0.0
    lag: float = 0.0

    def reaching(self, final_speed: float, acceleration: float, begin: float = 0.0) -> "Motion":
        """The same path, its speed changing by ``acceleration`` (m/s^2, above 0) from ``begin``."""
        change = final_speed - self.speed
        return replace(self, change=change, begin=begin, end=begin + abs(change) / acceleration)

    def behind(self, lag: float) -> "Motion":
        """The motion of what follows ``lag`` metres behind on the same path."""
        return replace(self, lag=self.lag + lag)

    @property
    def final_speed(self) -> float:
        """Speed from ``end`` on, m/s."""
        return self.speed + self.change

    @property
    def top_speed(self) -> float:
        """Largest speed it ever has, m/s, never negative."""
        return max(abs(self.speed), abs(self.final_speed))

    def from_pose(self, x: float, y: float, heading: float) -> tuple[float, ...]:
        """The row of `PATH_FIELDS` for a body with this pose at time 0."""
        return (x, y, heading, self.course, self.speed, self.change, self.begin, self.end) + (
            self.lag,
            self.curvature,
            *self.bend,
            self.top_speed,
        )


STILL = Motion()


def tilt_matrix(roll: float, pitch: float) -> F64:
    """Rotation by ``roll`` about x, then ``pitch`` about y (rad), float64 [3, 3]."""
    cos_r, sin_r, cos_p, sin_p = math.cos(roll), math.sin(roll), math.cos(pitch), math.sin(pitch)
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cos_r, -sin_r], [0.0, sin_r, cos_r]])
    about_y = np.array([[cos_p, 0.0, sin_p], [0.0, 1.0, 0.0], [-sin_p, 0.0, cos_p]])
    rotation: F64 = about_y @ about_x
    return rotation


@compiled
def _distance(path: Record, time: float) -> float:
    """Distance (m) driven from ``begin`` to ``time``."""
    if time <= path.begin:
        return path.speed * (time - path.begin)
    if time >= path.end:
        changing = (path.speed + 0.5 * path.change) * (path.end - path.begin)
        return changing + (path.speed + path.change) * (time - path.end)
    since = time - path.begin
    gain = path.change / (path.end - path.begin)
    return since * (path.speed + 0.5 * gain * since)


@compiled
def travelled(path: Record, time: float) -> float:
    """Distance (m) along the path from its pose to where the body is at ``time``."""
    if path.top_speed == 0.0:
        return -path.lag
    return _distance(path, time) - _distance(path, 0.0) - path.lag


@compiled
def path_pose(path: Record, distance: float) -> tuple[float, float, float]:
    """Position (m) and heading (rad) at ``distance`` metres along a path."""
    start = path.heading + path.course
    if path.curvature == 0.0:
        return path.x + distance * np.cos(start), path.y + distance * np.sin(start), path.heading
    # The way leads straight to the bend's nearest point, along the bend, and straight on.
    near = min(max(0.0, path.bend_from), path.bend_to)
    bent = min(max(distance, path.bend_from), path.bend_to)
    half = 0.5 * path.curvature * (bent - near)
    # The chord of an arc is its length times sinc of half the angle turned, in the mean
    # direction: exact, and well behaved when the angle goes to zero.
    chord = bent - near
    if abs(half) > 1e-6:
        chord *= np.sin(half) / half
    x = path.x + near * np.cos(start) + chord * np.cos(start + half)
    y = path.y + near * np.sin(start) + chord * np.sin(start + half)
    x += (distance - bent) * np.cos(start + 2.0 * half)
    y += (distance - bent) * np.sin(start + 2.0 * half)
    return x, y, path.heading + 2.0 * half


@dataclass(frozen=True)
class EgoPath:
    """Path of the ego vehicle's base (on the ground, below the sensor), from the origin."""

    heading: float = 0.0
    motion: Motion = STILL

    def travelled(self, time: float) -> float:
        """Way (m) from time 0 to ``time`` (s)."""
        return travelled(self._path()[0], time)

    def place(self, distance: float) -> tuple[float, float, float]:
        """World x, y (m) and heading (rad) ``distance`` metres along the path."""
        return path_pose(self._path()[0], distance)

    def poses(self, terrain: Terrain, times: F64) -> tuple[F64, F64]:
        """Base -> world at each of ``times`` (s, [M]): rotations [M, 3, 3], positions [M, 3].

        The vehicle follows the ground, with the mean slope under a three-metre wheelbase.
        """
        times = np.ascontiguousarray(times, dtype=np.float64)
        return _ego_poses(terrain.as_array(), self._path(), times)

    def _path(self) -> npt.NDArray[np.void]:
        return np.array([self.motion.from_pose(0.0, 0.0, self.heading)], PATH_DTYPE)


@compiled
def _ego_poses(waves: F64, path: npt.NDArray[np.void], times: F64) -> tuple[F64, F64]:
    rotations = np.empty((times.size, 3, 3))
    positions = np.empty((times.size, 3))
    for i in range(times.size):
        x, y, yaw = path_pose(path[0], travelled(path[0], times[i]))
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
