# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The levelling that the parameters ask for."""

from __future__ import annotations

from zeroflow_ros.errors import ParameterError
from zeroflow_ros.geometry import Points, Transform
from zeroflow_ros.levelling import (
    FixedLevelling,
    GroundLevelling,
    Levelling,
    described,
    mounted_level,
)
from zeroflow_ros.ros.ego_motion_source import NodeEgoMotion
from zeroflow_ros.ros.sensor_frame import SensorFrame
from zeroflow_ros.ros.settings import Settings
from zeroflow_ros.ros.transforms import Transforms


def make_levelling(settings: Settings, ego_motion: NodeEgoMotion) -> Levelling:
    """Raises ParameterError where a parameter is missing that the source needs."""
    source, height_m = settings.levelling_source, settings.sensor_height
    if source == "tf":
        assert ego_motion.transforms is not None  # it was asked for
        base = settings.levelling_base_frame, settings.levelling_base_height
        return TfLevelling(ego_motion.transforms, ego_motion.sensor, *base)
    if source == "parameter" and not height_m:
        raise ParameterError(
            "levelling.source is parameter, but sensor_height is 0: set it to the height of the "
            "lidar above the ground in metres, or levelling.source to ground"
        )
    if source == "parameter" or (source == "auto" and height_m):
        return FixedLevelling(height_m)
    return GroundLevelling()


class TfLevelling:
    """The sensor as TF says that it is mounted on a level base; by the ground until TF says it."""

    def __init__(
        self, transforms: Transforms, sensor: SensorFrame, base_frame: str, base_height_m: float
    ) -> None:
        """`base_height_m`: of the base frame's origin above the ground."""
        self._transforms, self._sensor = transforms, sensor
        self._base, self._base_height_m = base_frame.lstrip("/"), base_height_m
        self._ground = GroundLevelling()
        self._known: Transform | None = None

    @property
    def description(self) -> str:
        """Height and tilt; while TF is silent, why, and what stands in."""
        if self._known is not None:
            return f"tf ({self._base} <- {self._sensor.name}): {described(self._known)}"
        why = self._transforms.why_unconnected(self._base, self._sensor.name)
        return (
            f"tf: not used yet ({why or 'no sweep since'}); until then {self._ground.description}"
        )

    def level(self, points: Points) -> Transform:
        """See Levelling."""
        if self._known is None:
            base_from_sensor = self._transforms.newest(self._base, self._sensor.name)
            if base_from_sensor is None:
                return self._ground.level(points)
            self._known = mounted_level(base_from_sensor, self._base_height_m)
        return self._known

    def reset(self) -> None:
        """Ask again: it may be another sensor."""
        self._known = None
        self._ground.reset()
