# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TfEgoMotion: the sensor's pose in a fixed frame, from TF."""

from __future__ import annotations

from zeroflow_ros.geometry import Transform
from zeroflow_ros.ros.sensor_frame import SensorFrame
from zeroflow_ros.ros.transforms import Transforms
from zeroflow_ros.sweep import Sweep


class TfEgoMotion:
    """A PoseSource. The transforms are started and stopped by their owner."""

    refused = 0  # tf2 says in the log what it does not take

    def __init__(
        self, transforms: Transforms, fixed_frame: str, sensor: SensorFrame, timeout_s: float
    ) -> None:
        """`timeout_s`: how long a sweep waits for the transform at its stamp."""
        self._transforms, self._fixed = transforms, fixed_frame.lstrip("/")
        self._sensor, self._timeout_s = sensor, timeout_s

    @property
    def description(self) -> str:
        """The two frames."""
        return f"tf ({self._fixed} <- {self._sensor.name or 'frame of the clouds'})"

    def start(self) -> None:
        """Nothing: the transforms do."""

    def stop(self) -> None:
        """Nothing: the transforms do."""

    def forget(self) -> None:
        """Nothing: the transforms do."""

    def observe(self, sweep: Sweep) -> None:
        """Nothing: poses come from outside."""

    def reset(self) -> None:
        """Nothing: TF belongs to no sweep."""

    def pose(self, stamp_ns: int) -> Transform | None:
        """Fixed frame <- sensor [4, 4]; waits for TF that is a little late."""
        return self._transforms.lookup(self._fixed, self._sensor.name, stamp_ns, self._timeout_s)

    @property
    def is_expected(self) -> bool:
        """Whether TF connects the frames, so that a pose at a sweep's stamp should come soon."""
        return self._transforms.why_unconnected(self._fixed, self._sensor.name) is None

    def why_unknown(self, stamp_ns: int) -> str:
        """In words, with the cure."""
        why = self._transforms.why_unknown(self._fixed, self._sensor.name, stamp_ns)
        cure = f"ego_motion.timeout is {self._timeout_s} s"
        if not self.is_expected:
            cure = "set ego_motion.fixed_frame, or another ego_motion.source"
        return f"{self.description}: {why}; {cure}"

    def warning(self, sweep: Sweep) -> str | None:
        """Nothing is known to look like a mistake."""
        return None
