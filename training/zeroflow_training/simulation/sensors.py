# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Spinning lidars: real beam tables, and random ones so that no table is learnt by heart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import ZeroflowError

from .dice import Dice
from .motion import tilt_matrix

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScanHead:
    """One spinning block of lasers.

    ``elevations_deg`` in ascending order, degrees above the sensor's xy plane; ``columns``
    firings a revolution; ``offset_m`` of the block's centre in the sensor frame.
    """

    elevations_deg: tuple[float, ...]
    columns: int
    clockwise: bool = True
    offset_m: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def beams(self) -> int:
        """Number of lasers."""
        return len(self.elevations_deg)

    def flipped(self, offset_m: tuple[float, float, float]) -> "ScanHead":
        """The same block mounted upside down."""
        upside_down = tuple(sorted(-e for e in self.elevations_deg))
        return ScanHead(upside_down, self.columns, not self.clockwise, offset_m)


@dataclass(frozen=True)
class SensorModel:
    """A lidar as the simulation knows it.

    ``range_noise_m`` is one standard deviation; ``stamp_fraction`` says which part of the
    revolution the stamp marks (0 its first firing, 1 its last).
    """

    name: str
    heads: tuple[ScanHead, ...]
    max_range_m: float = 100.0
    range_noise_m: float = 0.02
    stamp_fraction: float = 0.0

    @property
    def beams(self) -> int:
        """Number of lasers over all heads."""
        return sum(head.beams for head in self.heads)


@dataclass(frozen=True)
class Mounting:
    """Where a sensor sits on its vehicle: ``height_m`` above ground, small tilts."""

    height_m: float = 1.8
    roll_deg: float = 0.0
    pitch_deg: float = 0.0

    @classmethod
    def draw(cls, dice: Dice) -> "Mounting":
        """Mostly a car's roof, now and then a small robot's or a truck's."""
        usual = dice.chance(0.85)
        height = dice.between(1.6, 2.2) if usual else dice.between(0.5, 2.6)
        return cls(height, dice.normal(0.0, 0.6), dice.normal(0.0, 0.6))

    def sensor_to_base(self) -> F64:
        """Sensor frame -> levelled frame on the ground below it, float64 [4, 4]."""
        transform = np.eye(4)
        roll, pitch = math.radians(self.roll_deg), math.radians(self.pitch_deg)
        transform[:3, :3] = tilt_matrix(roll, pitch)
        transform[2, 3] = self.height_m
        return transform


def _fan(lowest: float, highest: float, beams: int) -> tuple[float, ...]:
    return tuple(float(e) for e in np.linspace(lowest, highest, beams))


def _head(columns: int, *bands: Sequence[float], clockwise: bool = True) -> ScanHead:
    return ScanHead(tuple(sorted(e for band in bands for e in band)), columns, clockwise)


# Velodyne VLP-32C user manual, table 9-2.
_VLP_32C = (
    (-25.0, -15.639, -11.31, -8.843, -7.254, -6.148, -5.333, -4.667, -4.0, -3.667, -3.333)
    + (-3.0, -2.667, -2.333, -2.0, -1.667, -1.333, -1.0, -0.667, -0.333, 0.0, 0.333, 0.667)
    + (1.0, 1.333, 1.667, 2.333, 3.333, 4.667, 7.0, 10.333, 15.0)
)
_VLP_32C_HEAD = _head(1800, _VLP_32C)
# Hesai Pandar64: 1/6 degree between -6 and 2, one degree and more outside.
_PANDAR_64 = (
    (-25.0, -19.0, *_fan(-14.0, -7.0, 8)),
    _fan(-6.0, 2.0, 49),
    (3.0, 5.0, 8.0, 11.0, 15.0),
)

SENSORS: dict[str, SensorModel] = {
    model.name: model
    for model in (
        SensorModel("VLP-16", (_head(1800, _fan(-15.0, 15.0, 16)),), range_noise_m=0.015),
        SensorModel("VLP-32C", (_VLP_32C_HEAD,)),
        SensorModel("HDL-64E", (_head(1800, _fan(-24.33, -8.83, 32), _fan(-8.33, 2.0, 32)),)),
        # Velodyne Alpha Prime: 0.11 degree in the middle, widening outwards.
        SensorModel(
            "VLS-128",
            (_head(1800, _fan(-25.0, -6.5, 28), _fan(-6.1, 3.9, 80), _fan(4.5, 15.0, 20)),),
        ),
        SensorModel("OS1-64", (_head(1024, _fan(-22.5, 22.5, 64)),), range_noise_m=0.015),
        SensorModel("OS1-128", (_head(1024, _fan(-22.5, 22.5, 128)),), range_noise_m=0.015),
        # Two stacked blocks, the lower upside down, as on the Argoverse 2 cars.
        SensorModel("DUAL-32", (_VLP_32C_HEAD, _VLP_32C_HEAD.flipped((0.0, 0.0, -0.2)))),
        SensorModel("Pandar64", (_head(1800, *_PANDAR_64),)),
        SensorModel("XT32", (_head(2000, _fan(-16.0, 15.0, 32)),), range_noise_m=0.01),
    )
}


def random_sensor(dice: Dice) -> SensorModel:
    """A lidar nobody sells: random beam count, field of view, columns, noise and stamp."""
    beams = dice.pick((24, 32, 40, 48, 64, 80, 100))
    low, high = dice.between(-30.0, -14.0), dice.between(2.0, 18.0)
    # Beams crowded around the horizon, as most automotive lidars have them.
    crowding = dice.between(0.0, 0.8) if dice.chance(0.6) else 0.0
    spread = np.linspace(-1.0, 1.0, beams)
    spread = (1.0 - crowding) * spread + crowding * spread**3
    elevations = np.where(spread < 0.0, -low * spread, high * spread)
    columns = dice.integer(900, 2000)
    head = ScanHead(tuple(float(e) for e in elevations), columns, dice.chance(0.7))
    return SensorModel(
        "random",
        (head,),
        range_noise_m=dice.between(0.005, 0.035),
        stamp_fraction=dice.pick((0.0, 0.5, 1.0)),
    )


_SHARES = {
    "HDL-64E": 18,
    "DUAL-32": 18,
    "OS1-128": 8,
    "OS1-64": 8,
    "VLS-128": 8,
    "VLP-32C": 6,
    "Pandar64": 5,
    "XT32": 4,
    "VLP-16": 3,
    "random": 22,
}


def find_sensor(name: str) -> SensorModel:
    """A sensor of the registry by its name; ZeroflowError lists the names."""
    try:
        return SENSORS[name]
    except KeyError:
        raise ZeroflowError(f"no lidar called '{name}'; there are {', '.join(SENSORS)}") from None


def draw_sensor(dice: Dice) -> SensorModel:
    """A sensor for one sequence: a real table, never calibrated quite as printed, or a random
    one.
    """
    name = dice.pick(tuple(_SHARES), tuple(_SHARES.values()))
    if name == "random":
        return random_sensor(dice)
    model = SENSORS[name]
    return replace(
        model,
        heads=tuple(_miscalibrated(head, dice) for head in model.heads),
        range_noise_m=dice.between(0.01, 0.03),
        stamp_fraction=dice.pick((0.0, 0.5, 1.0)),
    )


def _miscalibrated(head: ScanHead, dice: Dice) -> ScanHead:
    elevations = tuple(sorted(e + dice.normal(0.0, 0.04) for e in head.elevations_deg))
    return replace(head, elevations_deg=elevations)
