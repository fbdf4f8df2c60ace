# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OdometryEgoMotion: the sensor's pose from nav_msgs/Odometry."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nav_msgs.msg import Odometry
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

from zeroflow_ros.geometry import Transform
from zeroflow_ros.ros.graph import why_silent
from zeroflow_ros.ros.mounting import NOBODY, Mounting
from zeroflow_ros.ros.odometry_track import OdometryTrack
from zeroflow_ros.ros.sensor_frame import SensorFrame
from zeroflow_ros.ros.topics import ODOMETRY
from zeroflow_ros.sweep import Sweep

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.subscription import Subscription

DEPTH = 200
WARN_EVERY_S = 5.0


class OdometryEgoMotion:
    """A PoseSource; owns its subscription."""

    def __init__(
        self, node: Node, mounting: Mounting, sensor: SensorFrame, timeout_s: float
    ) -> None:
        """`timeout_s`: how long a sweep waits for odometry that reaches its stamp."""
        self.refused = 0
        self._silence, self._ask_again_s = "", 0.0
        self._node, self._mounting, self._sensor = node, mounting, sensor
        self._timeout_s = timeout_s
        self._track = OdometryTrack()
        self._subscription: Subscription | None = None
        self._topic = node.resolve_topic_name(ODOMETRY.name)

    @property
    def description(self) -> str:
        """Whose poses, and where from."""
        base = f" of '{self._track.base_frame}'" if self._track.base_frame else ""
        told_by = self._mounting.told_by
        return f"odometry{base} on {self._topic}" + (f", mounted by {told_by}" if told_by else "")

    def start(self) -> None:
        """Subscribe."""
        self._track.start()
        self._mounting.reset()
        self._subscription = self._node.create_subscription(
            Odometry,
            ODOMETRY.name,
            self._take,
            QoSProfile(
                history=HistoryPolicy.KEEP_LAST,
                depth=DEPTH,
                reliability=ReliabilityPolicy.BEST_EFFORT,
            ),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def stop(self) -> None:
        """Unsubscribe, and let no sweep wait."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
        self._track.stop()

    def forget(self) -> None:
        """Forget what was received."""
        self._track.reset()

    def observe(self, sweep: Sweep) -> None:
        """Nothing: poses come from outside."""

    def reset(self) -> None:
        """Nothing: odometry belongs to no sweep."""

    def pose(self, stamp_ns: int) -> Transform | None:
        """Odometry frame <- sensor [4, 4]; waits for odometry that is a little late."""
        base = self._track.pose(stamp_ns, self._timeout_s)
        if base is None:
            return None
        mounted = self._mounting.find(self._track.base_frame, self._sensor.name, stamp_ns)
        return None if mounted is None else base @ mounted

    @property
    def is_expected(self) -> bool:
        """Whether any odometry came."""
        return self._track.received

    def why_unknown(self, stamp_ns: int) -> str:
        """In words, with the cure."""
        if not self._track.received:
            return f"no odometry came on {self._topic} yet: {self._why_silent()}"
        if self._track.pose(stamp_ns) is None:
            patience = f"ego_motion.timeout is {self._timeout_s} s"
            return f"{self._track.why_unknown(stamp_ns)} ({self._topic}; {patience})"
        return (
            f"odometry is of '{self._track.base_frame}', and TF does not tell yet where "
            f"'{self._sensor.name}' is on it: publish that, or set sensor_in_base"
        )

    def _why_silent(self) -> str:
        """Asked of the graph now and then: a sweep is told of ten times a second."""
        now = time.monotonic()
        if now >= self._ask_again_s:
            self._silence = why_silent(self._node, ODOMETRY, reliable=False)
            self._ask_again_s = now + WARN_EVERY_S
        return self._silence

    def warning(self, sweep: Sweep) -> str | None:
        """Said when odometry and clouds name different frames and nobody tells the mounting."""
        if self._mounting.told_by != NOBODY:
            return None
        return (
            f"odometry is of '{self._track.base_frame}', clouds are in '{self._sensor.name}', and "
            "neither sensor_in_base nor TF says how they are mounted: they are taken to be in the "
            "same place"
        )

    def _take(self, message: Odometry) -> None:
        try:
            self._track.add(message)
        except ValueError as error:
            self.refused += 1
            self._node.get_logger().warning(
                f"odometry refused: {error}", throttle_duration_sec=WARN_EVERY_S
            )
