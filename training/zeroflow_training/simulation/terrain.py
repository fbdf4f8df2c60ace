# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ground: long waves in two directions and a short one across, analytic everywhere."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dice import Dice
from .jit import compiled

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Terrain:
    """Two crossed waves of the ground, one along world x and one along world y, and ramps.

    ``waves``: amplitude (m), spatial frequency (1/m) and phase (turns) along x, then the same
    along y. ``ramps``, a shorter wave in any direction: amplitude (m), spatial frequency along
    x and along y (1/m), phase (turns). A constant slope needs no term of its own: it is a
    rotation of the whole world, see ``Scene.gravity_tilt``.
    """

    waves: tuple[float, float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    ramps: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    @classmethod
    def draw(cls, dice: Dice) -> "Terrain":
        """Flat, gently waved or hilly; rarely as steep as streets get, or with short ramps."""
        steepest = dice.pick((0.0, 0.008, 0.03, 0.1), (0.28, 0.36, 0.26, 0.1))
        steepest *= dice.between(0.3, 1.0)
        wavelengths = dice.between(25.0, 120.0), dice.between(25.0, 120.0)
        # The wave's steepest slope is 8 * amplitude / wavelength.
        along_x, along_y = (steepest * length / 8.0 for length in wavelengths)
        return cls(
            (along_x, 1.0 / wavelengths[0], dice.between(0.0, 1.0))
            + (along_y, 1.0 / wavelengths[1], dice.between(0.0, 1.0)),
            _draw_ramps(dice) if dice.chance(0.15) else (0.0, 0.0, 0.0, 0.0),
        )

    def as_array(self) -> F64:
        """The waves and the ramps, float64 [10], as the compiled functions take them."""
        return np.array(self.waves + self.ramps, dtype=np.float64)


def _draw_ramps(dice: Dice) -> tuple[float, float, float, float]:
    length, direction = dice.between(12.0, 30.0), dice.angle()
    amplitude = dice.between(0.01, 0.07) * length / 8.0
    frequency = math.cos(direction) / length, math.sin(direction) / length
    return amplitude, *frequency, dice.between(0.0, 1.0)


@compiled
def wave(turns: float) -> float:
    """A sine-like wave made of parabolas: period 1, amplitude 1, smooth slope, no sine call."""
    phase = 2.0 * (turns - np.floor(turns)) - 1.0
    return 4.0 * phase * (1.0 - abs(phase))


@compiled
def wave_slope(turns: float) -> float:
    """Derivative of `wave` with respect to ``turns``."""
    phase = 2.0 * (turns - np.floor(turns)) - 1.0
    return 8.0 * (1.0 - 2.0 * abs(phase))


@compiled
def ground_height(waves: F64, x: float, y: float) -> float:
    """Height of the ground (m) at world position x, y."""
    height: float = waves[0] * wave(waves[1] * x + waves[2])
    height += waves[3] * wave(waves[4] * y + waves[5])
    if waves[6] != 0.0:
        height += waves[6] * wave(waves[7] * x + waves[8] * y + waves[9])
    return height


@compiled
def ground_surface(waves: F64, x: float, y: float) -> tuple[float, float, float]:
    """Height (m) and slopes along world x and y of the ground: `ground_height` and
    `ground_slope` at once, for the inner loop.
    """
    along_x, along_y = waves[1] * x + waves[2], waves[4] * y + waves[5]
    phase_x = 2.0 * (along_x - np.floor(along_x)) - 1.0
    phase_y = 2.0 * (along_y - np.floor(along_y)) - 1.0
    flat_x, flat_y = 1.0 - abs(phase_x), 1.0 - abs(phase_y)
    height = 4.0 * (waves[0] * phase_x * flat_x + waves[3] * phase_y * flat_y)
    slope_x = 8.0 * waves[0] * waves[1] * (2.0 * flat_x - 1.0)
    slope_y = 8.0 * waves[3] * waves[4] * (2.0 * flat_y - 1.0)
    if waves[6] != 0.0:
        turns = waves[7] * x + waves[8] * y + waves[9]
        height += waves[6] * wave(turns)
        along = waves[6] * wave_slope(turns)
        slope_x += waves[7] * along
        slope_y += waves[8] * along
    return height, slope_x, slope_y


@compiled
def ground_slope(waves: F64, x: float, y: float) -> tuple[float, float]:
    """Slope of the ground along world x and y (m per m)."""
    along_x = waves[0] * waves[1] * wave_slope(waves[1] * x + waves[2])
    along_y = waves[3] * waves[4] * wave_slope(waves[4] * y + waves[5])
    if waves[6] != 0.0:
        along = waves[6] * wave_slope(waves[7] * x + waves[8] * y + waves[9])
        along_x += waves[7] * along
        along_y += waves[8] * along
    return along_x, along_y
