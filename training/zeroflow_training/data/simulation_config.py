# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SimulationConfig: how many of a run's simulated streets are seen from one's own vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

from pydantic import BeforeValidator, Field

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.simulation.dice import Dice
from zeroflow_training.simulation.scan_heads import SensorModel
from zeroflow_training.simulation.sensors import find_sensor, unit_of

HEIGHTS_M = (0.1, 10.0)


class View(NamedTuple):
    """What a scene is seen with; None: drawn by its seed."""

    sensor: SensorModel | None = None
    sensor_height_m: float | None = None


def _found(raw: object) -> object:
    """The lidar of a name or a file; anything else is that of a fit.json."""
    if not isinstance(raw, str):
        return raw
    try:
        return find_sensor(raw)
    except ZeroflowError as error:
        raise ValueError(str(error)) from error


def _heights(raw: object) -> object:
    if isinstance(raw, int | float):
        return raw, raw
    if isinstance(raw, list | tuple) and len(raw) == 2:
        return tuple(raw)
    raise ValueError("metres are wanted, as 2.1, or the least and the greatest, as [1.8, 2.2]")


Height = Annotated[float, Field(ge=HEIGHTS_M[0], le=HEIGHTS_M[1])]


@dataclass(frozen=True)
class SimulationConfig:
    """A `share` of a run's streets is seen by a lidar of one's own, the rest as ever.

    `sensor`: by name or YAML file (see OwnLidar), and kept as what it says; `sensor_height`: metres
    above ground, least and greatest. None: drawn for each street. Raises ValueError for heights
    that do not ascend.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    sensor: Annotated[SensorModel, BeforeValidator(_found)] | None = None
    sensor_height: Annotated[tuple[Height, Height], BeforeValidator(_heights)] | None = None
    share: Annotated[float, Field(gt=0, le=1)] = 0.5

    def __post_init__(self) -> None:
        if self.sensor_height is not None and self.sensor_height[0] > self.sensor_height[1]:
            raise ValueError("sensor_height: the least comes first, as [1.8, 2.2]")

    def view(self, scene_seed: int) -> View:
        """Of a scene: no other draw of it changes, and a resumed run sees it the same way."""
        dice = Dice(f"own vehicle {scene_seed}")
        if not dice.chance(self.share):
            return View()
        height = dice.between(*self.sensor_height) if self.sensor_height else None
        return View(unit_of(self.sensor, dice) if self.sensor else None, height)

    @property
    def described(self) -> str:
        """As "50% seen by lidar mine-40 at 2.1 m", for a card; empty where nothing is given."""
        if self.sensor is None and self.sensor_height is None:
            return ""
        lidar = f"lidar {self.sensor.name}" if self.sensor else "any lidar"
        heights = dict.fromkeys(f"{height:g}" for height in self.sensor_height or ())
        at = f" at {' to '.join(heights)} m" if heights else ""
        return f"{self.share:.0%} seen by {lidar}{at}"


EVERYBODYS = SimulationConfig()
"""Nothing is given: all streets are seen as their seeds say."""
