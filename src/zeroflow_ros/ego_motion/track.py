# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PoseTrack: poses that were given or received as odometry, interpolated to a sweep's stamp."""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import itemgetter

import numpy as np

from zeroflow_ros.geometry import Transform, interpolate
from zeroflow_ros.sweep import Sweep


class PoseTrack:
    """Poses by time; slerp between neighbours, constant velocity a little beyond the ends.

    Odometry often arrives just after the sweep it belongs to, so a pose may be extrapolated by up
    to `reach_s`; a hole longer than `max_gap_s` is not bridged. Out-of-order poses are sorted in;
    one far in the past (a bag loop) starts a new track. At most `capacity` poses are kept.
    """

    def __init__(
        self,
        sensor_in_base: Transform | None = None,
        *,
        reach_s: float = 0.15,
        max_gap_s: float = 0.5,
        capacity: int = 100_000,
    ) -> None:
        self._sensor_in_base = np.eye(4) if sensor_in_base is None else sensor_in_base
        self._reach_ns = round(reach_s * 1e9)
        self._max_gap_ns = round(max_gap_s * 1e9)
        self._capacity = capacity
        self._poses: list[tuple[int, Transform]] = []

    def add(self, stamp_ns: int, pose: Transform) -> None:
        """Add a pose (odometry frame <- base, [4, 4]); a repeated stamp replaces the earlier."""
        poses = self._poses
        if poses and stamp_ns < poses[-1][0] - self._max_gap_ns:
            self.reset()
            poses = self._poses
        at = bisect_left(poses, stamp_ns, key=itemgetter(0))
        if at < len(poses) and poses[at][0] == stamp_ns:
            poses[at] = (stamp_ns, pose)
        else:
            insort(poses, (stamp_ns, pose), key=itemgetter(0))
        del poses[: max(0, len(poses) - self._capacity)]

    @property
    def newest_ns(self) -> int | None:
        """Stamp of the newest pose, None when there is none."""
        return self._poses[-1][0] if self._poses else None

    def observe(self, sweep: Sweep) -> None:
        """Nothing: poses come from outside."""

    def reset(self) -> None:
        """Forget all poses."""
        self._poses = []

    def pose(self, stamp_ns: int) -> Transform | None:
        """Odometry frame <- sensor at a stamp, or None when the track does not cover it."""
        base = self._base_pose(stamp_ns)
        return None if base is None else base @ self._sensor_in_base

    def _base_pose(self, stamp_ns: int) -> Transform | None:
        poses = self._poses
        at = bisect_left(poses, stamp_ns, key=itemgetter(0))
        if at < len(poses) and poses[at][0] == stamp_ns:
            return poses[at][1]
        if len(poses) < 2:
            return None
        left, right = max(at, 1) - 1, max(at, 1)
        if at == len(poses):
            # Beyond the newest, poses `reach_s` apart are extended: from two poses of a fast
            # odometry, a millimetre of noise would become centimetres.
            base = bisect_left(poses, poses[-1][0] - self._reach_ns, key=itemgetter(0))
            left, right = min(base, len(poses) - 2), len(poses) - 1
        (start_ns, start), (end_ns, end) = poses[left], poses[right]
        if end_ns - start_ns > self._max_gap_ns:
            return None
        if not start_ns - self._reach_ns <= stamp_ns <= end_ns + self._reach_ns:
            return None
        return interpolate(start, end, (stamp_ns - start_ns) / (end_ns - start_ns))
