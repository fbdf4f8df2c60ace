# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ego motion: where the sensor was when a sweep was taken."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from zeroflow_ros.ego_motion.kiss_icp import KissIcpOdometry
from zeroflow_ros.ego_motion.track import PoseTrack
from zeroflow_ros.geometry import Transform
from zeroflow_ros.sweep import Sweep

__all__ = ["EgoMotion", "KissIcpOdometry", "PoseTrack", "Standstill"]


class EgoMotion(Protocol):
    """A source of sensor poses in some odometry frame that does not jump."""

    def observe(self, sweep: Sweep) -> None:
        """See the newest sweep before its pose is asked for."""

    def pose(self, stamp_ns: int) -> Transform | None:
        """Odometry frame <- sensor [4, 4], or None when unknown; never a silent identity."""

    def reset(self) -> None:
        """Forget the past, as after a clock jump."""


class Standstill:
    """The user declares that the sensor does not move."""

    def observe(self, sweep: Sweep) -> None:
        """Nothing to learn."""

    def pose(self, stamp_ns: int) -> Transform | None:
        """The identity, always."""
        return np.eye(4)

    def reset(self) -> None:
        """Nothing to forget."""
