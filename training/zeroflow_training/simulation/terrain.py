# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ground: gently undulating in two directions, analytic everywhere."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dice import Dice
from .jit import compiled

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Terrain:
    """Two crossed waves of the ground, one along world x and one along world y.

    ``waves`` is float64 [6]: amplitude (m), spatial frequency (1/m) and phase (turns) along x,
    then the same along y. A constant slope needs no term of its own: it is a rotation of the
    whole world, see ``Scene.gravity_tilt``.
    """

    waves: tuple[float, float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

    @classmethod
    def draw(cls, dice: Dice) -> "Terrain":
        """Flat, gently waved or hilly, with slopes of at most some percent."""
        steepest = dice.pick((0.0, 0.008, 0.03), (0.3, 0.4, 0.3)) * dice.between(0.3, 1.0)
        wavelengths = dice.between(25.0, 120.0), dice.between(25.0, 120.0)
        # The wave's steepest slope is 8 * amplitude / wavelength.
        along_x, along_y = (steepest * length / 8.0 for length in wavelengths)
        return cls(
            (along_x, 1.0 / wavelengths[0], dice.between(0.0, 1.0))
            + (along_y, 1.0 / wavelengths[1], dice.between(0.0, 1.0))
        )

    def as_array(self) -> F64:
        """The waves as the compiled functions take them."""
        return np.array(self.waves, dtype=np.float64)


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
    return height + waves[3] * wave(waves[4] * y + waves[5])


@compiled
def ground_slope(waves: F64, x: float, y: float) -> tuple[float, float]:
    """Slope of the ground along world x and y (m per m)."""
    along_x = waves[0] * waves[1] * wave_slope(waves[1] * x + waves[2])
    along_y = waves[3] * waves[4] * wave_slope(waves[4] * y + waves[5])
    return along_x, along_y
