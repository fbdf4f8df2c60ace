# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""KissIcpOdometry: ego motion from the sweeps themselves, by KISS-ICP (Vizzo et al. 2023)."""

from __future__ import annotations

import numpy as np

from zeroflow_ros.errors import MissingPackageError
from zeroflow_ros.geometry import Points, Transform
from zeroflow_ros.levelling import GroundLevelling
from zeroflow_ros.sweep import Sweep

GAP_S = 1.0
MIN_RANGE_M = 1.0
MIN_POINTS = 30
# How far from its plane ground may lie, at the sensor and more for each metre of distance.
GROUND_BELOW_M = 0.3
GROUND_RISE = 0.01
GROUND_POINTS = 200  # enough to hold height and tilt


class KissIcpOdometry:
    """Registers each observed sweep against a local map; knows the poses of recent sweeps only.

    Points are used as they come: deskewed by the motion of the sweep before, which is not yet sure,
    they told the next one less well (docs/model_design.md). Few of the ground's are used: its rings
    travel with the sensor and hold the registration back, most of all in the first sweeps. A
    clock that jumps back or a gap above one second starts a new map: poses before and after it
    share no frame. A sweep with too few points in range to register has no pose: KISS-ICP itself
    would answer with its guess.
    """

    def __init__(self, max_range_m: float = 100.0) -> None:
        try:
            from kiss_icp.config import KISSConfig
            from kiss_icp.kiss_icp import KissICP
        except ImportError as error:
            raise MissingPackageError("kiss-icp", "ego motion without odometry", "odometry") from (
                error
            )
        self._config = KISSConfig()
        self._config.data.max_range = max_range_m
        self._config.data.min_range = MIN_RANGE_M
        self._config.data.deskew = False
        self._config.mapping.voxel_size = max_range_m / 100
        self._make = KissICP
        self.reset()

    def reset(self) -> None:
        """Start a new map at the identity."""
        self._odometry = self._make(self._config)
        self._levelling = GroundLevelling()
        self._poses: dict[int, Transform] = {}

    def observe(self, sweep: Sweep) -> None:
        """Register a sweep; points that are NaN or out of range are left out."""
        if self._poses:
            gap_s = (sweep.stamp_ns - max(self._poses)) * 1e-9
            if gap_s <= 0 or gap_s > GAP_S:
                self.reset()
        seen = self._worth_registering(sweep.points)
        if len(seen) < MIN_POINTS:
            return
        self._odometry.register_frame(seen.astype(np.float64), np.zeros(len(seen)))
        self._poses[sweep.stamp_ns] = np.array(self._odometry.last_pose)
        while len(self._poses) > 16:
            del self._poses[next(iter(self._poses))]

    def _worth_registering(self, points: Points) -> Points:
        """Points in range [K, 3], at most GROUND_POINTS of them ground."""
        distance = np.linalg.norm(points.astype(np.float64), axis=1)
        in_range = (distance > MIN_RANGE_M) & (distance < self._config.data.max_range)
        points, distance = points[in_range], distance[in_range]
        if len(points) == 0:
            return points
        to_level = self._levelling.level(points)[2].astype(np.float32)
        height = points @ to_level[:3] + to_level[3]
        ground = np.abs(height) < GROUND_BELOW_M + GROUND_RISE * distance
        rows = np.flatnonzero(ground)
        # At random: every n-th point could lie on the same few beams.
        kept = np.random.default_rng(0).permutation(rows)[:GROUND_POINTS]
        return np.concatenate([points[~ground], points[kept]])

    def pose(self, stamp_ns: int) -> Transform | None:
        """First sweep's frame <- sensor, for a sweep that was observed; None for any other."""
        return self._poses.get(stamp_ns)
