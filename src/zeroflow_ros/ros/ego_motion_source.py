# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""NodeEgoMotion: the ego motion that the parameters ask for, as a part of a running node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rclpy.clock import JumpHandle, JumpThreshold
from rclpy.duration import Duration

from zeroflow_ros.ego_motion import KissIcpOdometry, Standstill
from zeroflow_ros.errors import MissingRosPackageError
from zeroflow_ros.geometry import Transform
from zeroflow_ros.ros.auto_ego_motion import AutoEgoMotion, Candidate
from zeroflow_ros.ros.mounting import Mounting
from zeroflow_ros.ros.odometry_ego_motion import OdometryEgoMotion
from zeroflow_ros.ros.pose_source import PoseSource, SweepsEgoMotion
from zeroflow_ros.ros.sensor_frame import SensorFrame
from zeroflow_ros.ros.settings import Settings
from zeroflow_ros.ros.tf_ego_motion import TfEgoMotion
from zeroflow_ros.ros.transforms import Transforms
from zeroflow_ros.sweep import Sweep

if TYPE_CHECKING:
    from rclpy.node import Node

JUMP_BACK = Duration(seconds=-1)
WARN_EVERY_S = 5.0


def make_ego_motion(node: Node, settings: Settings) -> NodeEgoMotion:
    """Made by configure. Raises MissingPackageError and MissingRosPackageError."""
    return NodeEgoMotion(node, settings)


class NodeEgoMotion:
    """A PoseSource; owns the frame of the clouds and TF, which levelling needs too."""

    def __init__(self, node: Node, settings: Settings) -> None:
        self._node, self._settings = node, settings
        self.sensor = SensorFrame(self._warn)
        self.transforms = self._listen_to_tf()
        self._source = self._make(settings.ego_motion_source)
        self._jumps: JumpHandle | None = None

    def start(self) -> None:
        """Subscribe; nothing is known yet."""
        if self.transforms is not None:
            self.transforms.start()
        self._source.start()
        threshold = JumpThreshold(min_forward=None, min_backward=JUMP_BACK, on_clock_change=True)
        self._jumps = self._node.get_clock().create_jump_callback(
            threshold, post_callback=lambda jump: self.forget()
        )

    def stop(self) -> None:
        """Unsubscribe; who waits for a pose, waits no longer."""
        if self._jumps is not None:
            self._jumps.unregister()
            self._jumps = None
        self._source.stop()
        if self.transforms is not None:
            self.transforms.stop()

    def forget(self) -> None:
        """Forget what was received: the clock jumped back."""
        self._node.get_logger().info("the clock jumped: poses received before are forgotten")
        self._source.forget()
        if self.transforms is not None:
            self.transforms.forget()

    @property
    def description(self) -> str:
        """For log and diagnostics."""
        without_tf = self._settings.ego_motion_source == "auto" and self.transforms is None
        return self._source.description + (" (no TF: tf2_ros is missing)" if without_tf else "")

    @property
    def refused(self) -> int:
        """How many odometry messages were refused."""
        return self._source.refused

    def observe(self, sweep: Sweep) -> None:
        """See the newest sweep, and the frame that it is in."""
        self.sensor.observe(sweep)
        self._source.observe(sweep)

    def pose(self, stamp_ns: int) -> Transform | None:
        """Odometry or fixed frame <- sensor [4, 4], or None when unknown."""
        return self._source.pose(stamp_ns)

    def reset(self) -> None:
        """Forget earlier sweeps."""
        self._source.reset()

    def why_unknown(self, stamp_ns: int) -> str:
        """Why a sweep has no pose, in words, with the cure."""
        return self._source.why_unknown(stamp_ns)

    def warning(self, sweep: Sweep) -> str | None:
        """What looks like a mistake in the set-up; None for nothing."""
        return self._source.warning(sweep)

    def _warn(self, what: str) -> None:
        self._node.get_logger().warning(what, throttle_duration_sec=WARN_EVERY_S)

    def _listen_to_tf(self) -> Transforms | None:
        """TF where it is asked for, and where it can be had and may help."""
        settings = self._settings
        if settings.ego_motion_source == "tf":
            return Transforms(self._node, "ego_motion.source = tf")
        if settings.levelling_source == "tf":
            return Transforms(self._node, "levelling.source = tf")
        unmounted = settings.ego_motion_source == "odometry" and settings.given_mounting is None
        if settings.ego_motion_source == "auto" or unmounted:
            try:
                return Transforms(self._node, "ego_motion.source = auto")
            except MissingRosPackageError:
                return None
        return None

    def _make(self, name: str) -> PoseSource:
        if name == "tf":
            return self._tf()
        if name == "odometry":
            return self._odometry()
        if name == "kiss_icp":
            return _kiss_icp()
        if name == "none":
            return SweepsEgoMotion("none (the sensor stands still)", Standstill(), "")
        return self._auto()

    def _auto(self) -> PoseSource:
        candidates: list[Candidate] = [self._odometry()]
        if self.transforms is not None:
            candidates.insert(0, self._tf())
        return AutoEgoMotion(candidates, _kiss_icp, self._node.get_logger().info)

    def _tf(self) -> TfEgoMotion:
        assert self.transforms is not None  # or there is no such source
        settings = self._settings
        return TfEgoMotion(
            self.transforms,
            settings.ego_motion_fixed_frame,
            self.sensor,
            settings.ego_motion_timeout,
        )

    def _odometry(self) -> OdometryEgoMotion:
        mounting = Mounting(self._settings.given_mounting, self.transforms)
        timeout_s = self._settings.ego_motion_timeout
        return OdometryEgoMotion(self._node, mounting, self.sensor, timeout_s)


def _kiss_icp() -> PoseSource:
    """Raises MissingPackageError."""
    return SweepsEgoMotion("kiss_icp", KissIcpOdometry(), "too few points to register the sweep")
