# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The vehicle that carries the sensor, as far as the sensor sees it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dice import Dice
from .shapes import FAR, NEAREST

F64 = npt.NDArray[np.float64]
Box = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class OwnVehicle:
    """Parts of the carrier's body, which hide what is behind them.

    ``boxes``: least x, y, z and greatest x, y, z of each part in the levelled base frame on the
    ground below the sensor, m. ``delivered``: whether the sensor's driver lets their returns
    through; they move with the sensor (``ActorClass.OWN_VEHICLE``).
    """

    boxes: tuple[Box, ...]
    delivered: bool = True

    @classmethod
    def draw(cls, dice: Dice, height_m: float, on_roof: bool) -> "OwnVehicle":
        """A roof and a bonnet below the sensor, or a body behind or beside it."""
        delivered = dice.chance(0.6)
        wide = dice.between(0.35, 0.45) * min(height_m + 0.4, 2.4)
        if not on_roof:
            gap, top = dice.between(0.05, 0.3), height_m + dice.between(-0.1, 1.2)
            side = dice.between(-0.8, 0.8) * wide
            body = (-dice.between(1.0, 6.0) - gap, side - wide, 0.2, -gap, side + wide, top)
            return cls((body,), delivered)
        roof = height_m * dice.between(0.72, 0.94)
        size = min(height_m / 1.6, 1.0)  # a small robot is small all over
        # A sensor is raised until the roof's edges are well below the horizon.
        edges = (math.tan(math.radians(dice.between(10.0, 40.0))) for _ in "fr")
        front, rear = (min((height_m - roof) / edge, 2.5 * size) for edge in edges)
        boxes: list[Box] = [(-rear, -wide, 0.1, front, wide, roof)]
        if dice.chance(0.7):
            bonnet = front + size * dice.between(0.8, 1.9)
            boxes.append((front, -wide, 0.1, bonnet, wide, roof * dice.between(0.5, 0.8)))
        if dice.chance(0.25):  # a roof rack, an antenna, a second sensor
            x, y = dice.sign() * dice.between(0.5, 1.2), dice.between(-0.5, 0.5)
            high = roof + dice.between(0.05, 0.5)
            boxes.append((x - 0.05, y - 0.05, roof, x + 0.05, y + 0.05, high))
        return cls(tuple(boxes), delivered)

    def limits(self, origin: F64, across: F64, up: F64, tangents: F64) -> F64:
        """Depth [A, B] at which the vehicle ends each ray, FAR where it does not.

        ``origin`` [3], ``across`` and ``up`` [A, 3] in the base frame; a ray is ``across`` +
        tangent * ``up``. What is too near for the sensor, or not delivered, ends the ray at 0.
        """
        limits = np.full((len(across), len(tangents)), FAR)
        for box in self.boxes:
            near = np.zeros_like(limits)
            far = np.full_like(limits, FAR)
            for axis in range(3):
                ray = across[:, axis, None] + tangents * up[:, axis, None]
                ray = np.where(np.abs(ray) < 1e-9, 1e-9, ray)
                one, other = (box[axis] - origin[axis]) / ray, (box[axis + 3] - origin[axis]) / ray
                near = np.maximum(near, np.minimum(one, other))
                far = np.minimum(far, np.maximum(one, other))
            limits = np.where((near < far) & (near < limits), near, limits)
        too_near = limits < (NEAREST if self.delivered else FAR)
        limits[too_near] = 0.0
        return limits
