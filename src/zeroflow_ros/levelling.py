# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Levelling: sensor frame -> levelled frame (ground at z = 0 below the sensor, z up).

The model then does not depend on how high or how tilted the sensor is mounted.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zeroflow_ros.counted import counted
from zeroflow_ros.geometry import Points, Transform
from zeroflow_ros.jit import DOUBLE_ROWS, FLOAT_ROWS, compiled

Plane = npt.NDArray[np.float64]  # (a, b, c): ground z = a x + b y + c in the sensor frame

CELL_M = 1.0
NEAR_M = 20.0
MAX_TILT = np.tan(np.deg2rad(25.0))
INLIER_M = 0.12
MIN_CELLS = 12
SAMPLES = 160
REFINEMENTS = 3
NO_GROUND = "ground: none seen yet"
# The origin of a vehicle's frame may lie in the ground, but not far below.
BELOW_GROUND_M = -0.7
UPSIDE_DOWN = "; is the sensor upside down? Then its mounting has to be given"


class Levelling(Protocol):
    """Gives the transform of the newest sweep into its levelled frame."""

    @property
    def description(self) -> str:
        """How, and how the sensor stands above the ground; for logs."""

    def level(self, points: Points) -> Transform:
        """Levelled frame <- sensor frame [4, 4] for a sweep's points [N, 3]; rows may be NaN."""

    def reset(self) -> None:
        """Forget earlier sweeps, as at the start of another recording."""


class KnownLevelling:
    """A sensor whose mounting is known: levelled frame <- sensor frame [4, 4]."""

    def __init__(self, sensor_to_level: Transform) -> None:
        self._transform = sensor_to_level

    @property
    def description(self) -> str:
        """Height and tilt."""
        return f"given: {described(self._transform)}"

    def level(self, points: Points) -> Transform:
        """The same transform for every sweep."""
        return self._transform

    def reset(self) -> None:
        """Nothing to forget."""


class FixedLevelling(KnownLevelling):
    """A sensor that is mounted upright at a known height above the ground (m)."""

    def __init__(self, sensor_height_m: float) -> None:
        lift = np.eye(4)
        lift[2, 3] = sensor_height_m
        super().__init__(lift)


class GroundLevelling:
    """Estimates height and tilt from the ground around the sensor, smoothed over recent sweeps.

    The median over the last `memory` planes keeps one bad sweep (a truck alongside) from tilting
    the world. Without any ground in sight the lowest points stand in for it.
    """

    def __init__(self, memory: int = 15) -> None:
        self._planes: deque[Plane] = deque(maxlen=memory)
        self._description = NO_GROUND

    @property
    def description(self) -> str:
        """Height and tilt, and from how many sweeps."""
        return self._description

    def level(self, points: Points) -> Transform:
        """See Levelling; about 1 ms for 100k points."""
        plane = fit_ground(points)
        if plane is not None:
            self._planes.append(plane)
        if self._planes:
            transform = level_transform(np.median(np.stack(self._planes), axis=0))
            doubt = UPSIDE_DOWN if transform[2, 3] < BELOW_GROUND_M else ""
            self._description = (
                f"ground: {described(transform)}, from {counted(len(self._planes), 'sweep')}{doubt}"
            )
            return transform
        height = points[np.isfinite(points).all(1), 2]
        lowest = float(np.quantile(height, 0.02)) if len(height) else 0.0
        return level_transform(np.array([0.0, 0.0, lowest]))

    def reset(self) -> None:
        """Forget the planes of earlier sweeps."""
        self._planes.clear()
        self._description = NO_GROUND


def mounted_level(base_from_sensor: Transform, base_height_m: float) -> Transform:
    """Levelled frame <- sensor frame [4, 4] of a sensor that is mounted on a level base.

    `base_from_sensor` [4, 4]; the base's origin is `base_height_m` (m) above the ground. Axes are
    the base's, so any mounting will do, upside down too.
    """
    transform = base_from_sensor.copy()
    transform[:2, 3] = 0
    transform[2, 3] += base_height_m
    return transform


def described(sensor_to_level: Transform) -> str:
    """Height and tilt of a sensor in words, from levelled frame <- sensor frame [4, 4]."""
    tilt = np.rad2deg(np.arccos(np.clip(sensor_to_level[2, 2], -1, 1)))
    return f"height {sensor_to_level[2, 3]:.2f} m, tilt {tilt:.1f} deg"


def level_transform(plane: Plane) -> Transform:
    """Smallest rotation that makes the plane horizontal, then a lift that puts it at z = 0."""
    a, b, c = plane
    normal = np.array([-a, -b, 1.0]) / np.sqrt(a * a + b * b + 1)
    axis = np.array([normal[1], -normal[0], 0.0])  # normal x z
    cross = np.array(
        [[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]], np.float64
    )
    transform = np.eye(4)
    transform[:3, :3] += cross + cross @ cross / (1 + normal[2])
    transform[2, 3] = -c * normal[2]
    return transform


def fit_ground(points: Points) -> Plane | None:
    """Ground plane (a, b, c) near the sensor, or None when too little ground is in sight.

    RANSAC over the lowest point of each metre cell (fixed seed), then least squares on its inliers,
    chosen anew a few times: one round left centimetres to which points happened to be looked at.
    """
    lowest = _lowest_per_cell(points)
    if len(lowest) < MIN_CELLS:
        return None
    design = np.column_stack([lowest[:, :2], np.ones(len(lowest))])
    planes = _candidate_planes(design, lowest[:, 2])
    if not len(planes):
        return None
    plane = planes[int(_scores(lowest, planes).argmax())]
    for _ in range(REFINEMENTS):
        inlier = np.abs(lowest[:, 2] - design @ plane) < INLIER_M
        if inlier.sum() < MIN_CELLS:
            return None
        plane = np.linalg.lstsq(design[inlier], lowest[inlier, 2], rcond=None)[0]
    return plane


def _lowest_per_cell(points: Points) -> npt.NDArray[np.float64]:
    """The lowest point [K, 3] of every occupied cell within NEAR_M, one a cell.

    Every third point is looked at: beams come in powers of two, so a step of two could see half
    of the beams only, and those of lidars that fire high and low in turn would be the high ones.
    """
    found = lowest_rows(np.asarray(points, np.float32))
    return points[found].astype(np.float64)


@compiled(FLOAT_ROWS)
def lowest_rows(points: Points) -> npt.NDArray[np.intp]:
    """Row of the lowest point of each occupied cell, of every third point; see above."""
    size = int(2 * NEAR_M / CELL_M)
    row_of = np.full(size * size, -1, np.intp)
    for row in range(0, len(points), 3):
        x, y, z = points[row, 0], points[row, 1], points[row, 2]
        if not (abs(x) < NEAR_M and abs(y) < NEAR_M and np.isfinite(z)):
            continue
        cell = int((x + NEAR_M) / CELL_M) * size + int((y + NEAR_M) / CELL_M)
        if row_of[cell] < 0 or z < points[row_of[cell], 2]:
            row_of[cell] = row
    return row_of[row_of >= 0]


@compiled(DOUBLE_ROWS, DOUBLE_ROWS)
def _scores(
    points: npt.NDArray[np.float64], planes: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """How many points [N, 3] speak for each plane [K, 3], less those against it."""
    scores = np.zeros(len(planes), np.int64)
    for k in range(len(planes)):
        for point in points:
            height = point[2] - (planes[k, 0] * point[0] + planes[k, 1] * point[1] + planes[k, 2])
            # Ground is the lowest surface: cells well below a candidate speak against it.
            scores[k] += int(abs(height) < INLIER_M) - int(height < -3 * INLIER_M)
    return scores


def _candidate_planes(
    design: npt.NDArray[np.float64], z: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Planes [K, 3] through random triples of cells, steep and degenerate ones left out."""
    triples = np.random.default_rng(0).integers(len(z), size=(SAMPLES, 3))
    a, b = design[triples], z[triples]
    solvable = np.abs(np.linalg.det(a)) > 1.0
    planes = np.linalg.solve(a[solvable], b[solvable][..., None])[..., 0]
    return planes[np.hypot(planes[:, 0], planes[:, 1]) < MAX_TILT]
