# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OdometryTrack: nav_msgs/Odometry as ego motion, shared between two threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from zeroflow_ros.ego_motion import PoseTrack
from zeroflow_ros.geometry import Transform, from_quaternion
from zeroflow_ros.sweep import Sweep

if TYPE_CHECKING:
    from nav_msgs.msg import Odometry

# Ten seconds of fast odometry; only poses around the newest sweep are ever asked for.
CAPACITY = 4000
CLOCKS_DIFFER_S = 60.0


class OdometryTrack:
    """An EgoMotion that is fed by the executor's thread and asked by the worker's."""

    def __init__(self, sensor_in_base: Transform) -> None:
        """`sensor_in_base`: the odometry's child frame <- sensor frame, [4, 4]."""
        self.base_frame = ""
        self._mounted = not np.array_equal(sensor_in_base, np.eye(4))
        self._track = PoseTrack(sensor_in_base, capacity=CAPACITY)
        self._lock = threading.Lock()

    def add(self, message: Odometry) -> None:
        """Take a message. Raises ValueError for one without orientation or with NaN."""
        p, q = message.pose.pose.position, message.pose.pose.orientation
        pose = from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))
        stamp = message.header.stamp
        stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec
        with self._lock:
            self.base_frame = message.child_frame_id
            self._track.add(stamp_ns, pose)

    def why_unknown(self, stamp_ns: int) -> str:
        """In words, what the odometry lacks for a stamp at which it has no pose."""
        with self._lock:
            newest_ns = self._track.newest_ns
        if newest_ns is None:
            return "no odometry was received yet; without any, set ego_motion.source to kiss_icp"
        older_s = (stamp_ns - newest_ns) * 1e-9
        if older_s > 0:
            clocks = "; are both on the same clock?" if older_s > CLOCKS_DIFFER_S else ""
            return f"the newest odometry is {older_s:.3f} s older{clocks}"
        return "the odometry has a gap there, or does not reach back that far"

    def unmounted(self, sensor_frame: str) -> bool:
        """Whether odometry and clouds name different frames, yet no mounting was given."""
        return not self._mounted and self.base_frame not in ("", sensor_frame)

    def observe(self, sweep: Sweep) -> None:
        """Nothing: poses come from outside."""

    def pose(self, stamp_ns: int) -> Transform | None:
        """Odometry frame <- sensor at a stamp, or None when the odometry does not cover it."""
        with self._lock:
            return self._track.pose(stamp_ns)

    def reset(self) -> None:
        """Forget all poses."""
        with self._lock:
            self._track.reset()
