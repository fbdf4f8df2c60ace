# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a sensor sits on its vehicle."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dice import Dice
from .motion import tilt_matrix
from .own_vehicle import OwnVehicle

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mounting:
    """Where a sensor sits on its vehicle: ``height_m`` above ground, tilts, heading, and the
    parts of the ``vehicle`` that it sees, if any.
    """

    height_m: float = 1.8
    roll_deg: float = 0.0
    pitch_deg: float = 0.0
    yaw_deg: float = 0.0
    vehicle: OwnVehicle | None = None

    @classmethod
    def draw(cls, dice: Dice) -> "Mounting":
        """Mostly a car's roof, now and then a small robot's, a truck's, or at a vehicle's end."""
        on_roof = dice.chance(0.88)
        place = dice.pick(((1.6, 2.2), (0.3, 1.2), (2.2, 3.5)), (0.75, 0.13, 0.12))
        height = dice.between(*place) if on_roof else dice.between(0.3, 2.5)
        tilt = dice.pick((0.6, 1.5, 6.0), (0.8, 0.16, 0.04))  # degrees; cut at three deviations
        roll, pitch = (max(-15.0, min(15.0, dice.normal(0.0, tilt))) for _ in "rp")
        # Where it points matters to sensors that do not see all round.
        yaw = dice.pick((dice.normal(0.0, 2.0), dice.angle() * 180.0 / math.pi), (0.7, 0.3))
        vehicle = None
        if not on_roof or dice.chance(0.3):
            vehicle = OwnVehicle.draw(dice, height, on_roof)
        return cls(height, roll, pitch, yaw, vehicle)

    @classmethod
    def draw_at(cls, dice: Dice, height_m: float) -> "Mounting":
        """A roof of that height, always nearly upright and ahead."""
        roll, pitch, yaw = (dice.normal(0.0, deviation) for deviation in (0.6, 0.6, 2.0))
        vehicle = OwnVehicle.draw(dice, height_m, on_roof=True) if dice.chance(0.3) else None
        return cls(height_m, roll, pitch, yaw, vehicle)

    def sensor_to_base(self) -> F64:
        """Sensor frame -> levelled vehicle frame on the ground below it, float64 [4, 4]."""
        transform = np.eye(4)
        roll, pitch = math.radians(self.roll_deg), math.radians(self.pitch_deg)
        cos, sin = math.cos(math.radians(self.yaw_deg)), math.sin(math.radians(self.yaw_deg))
        about_z = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        transform[:3, :3] = about_z @ tilt_matrix(roll, pitch)
        transform[2, 3] = self.height_m
        return transform
