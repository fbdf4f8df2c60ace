# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a vehicle's body moves on its wheels: swaying, bumps, a braking dive."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dice import Dice

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sway:
    """One damped oscillation: ``amplitude`` * sin(2 pi (``rate_hz`` t + ``phase``)).

    Where ``lasting_s`` is finite it swells and fades around ``peak_s``, as after a bump.
    """

    amplitude: float
    rate_hz: float
    phase: float = 0.0
    peak_s: float = 0.0
    lasting_s: float = math.inf

    def at(self, times: F64) -> F64:
        """The oscillation at each of ``times`` (s)."""
        swing = np.sin(2.0 * math.pi * (self.rate_hz * times + self.phase))
        fading = np.exp(-(((times - self.peak_s) / self.lasting_s) ** 2))
        value: F64 = self.amplitude * swing * fading
        return value

    @property
    def fastest(self) -> float:
        """Bound of the rate of change (1/s)."""
        return abs(self.amplitude) * (2.0 * math.pi * self.rate_hz + 1.0 / self.lasting_s)


@dataclass(frozen=True)
class BodyDynamics:
    """Motion of the body relative to the base that follows the ground: sums of `Sway`.

    ``roll`` and ``pitch`` in rad about the base's x and y axes, ``heave`` in m along its z.
    It is a function of world time alone, so poses, rays and flow agree by construction.
    """

    roll: tuple[Sway, ...] = ()
    pitch: tuple[Sway, ...] = ()
    heave: tuple[Sway, ...] = ()

    @classmethod
    def draw(cls, dice: Dice, speed: float, duration_s: float) -> "BodyDynamics":
        """A standing vehicle stands; a driving one sways up to about a degree at 1 to 2 Hz."""
        if speed == 0.0 or dice.chance(0.2):
            return cls()
        liveliness = dice.pick((0.25, 0.6, 1.0), (0.5, 0.35, 0.15)) * min(speed / 5.0, 1.0)
        angle = math.radians(0.5) * liveliness

        def sway(scale: float) -> Sway:
            return Sway(dice.normal(0.0, scale), dice.between(0.8, 2.2), dice.between(0.0, 1.0))

        roll, pitch, heave = [sway(angle)], [sway(angle)], [sway(0.02 * liveliness)]
        if dice.chance(0.3):  # a bump: front and rear wheels, and one side more than the other
            peak = dice.between(0.0, duration_s)
            for parts, scale in ((roll, 0.5 * angle), (pitch, angle), (heave, 0.03 * liveliness)):
                lasting = dice.between(0.1, 0.4)
                parts.append(
                    Sway(dice.normal(0.0, scale), dice.between(1.2, 3.0), 0.0, peak, lasting)
                )
        if dice.chance(0.2):  # braking: the nose goes down (pitch is positive) and comes back
            peak, depth = dice.between(-0.5, duration_s + 0.5), math.radians(1.2) * liveliness
            # A slow swing at its crest when it peaks.
            pitch.append(Sway(dice.between(0.2, 1.0) * depth, 0.25, 0.25 - 0.25 * peak, peak, 0.8))
        return cls(tuple(roll), tuple(pitch), tuple(heave))

    @property
    def fastest_m_s(self) -> float:
        """Bound of the speed it gives to a sensor up to 3.5 m above the ground."""
        turning = sum(part.fastest for part in self.roll + self.pitch)
        return 3.5 * turning + sum(part.fastest for part in self.heave)

    def poses(self, times: F64) -> tuple[F64, F64]:
        """Body -> base at each of ``times`` ([M] s): rotations [M, 3, 3], heights [M] (m)."""
        roll, pitch, heave = (
            sum((part.at(times) for part in parts), start=np.zeros(len(times)))
            for parts in (self.roll, self.pitch, self.heave)
        )
        cos_r, sin_r, cos_p, sin_p = np.cos(roll), np.sin(roll), np.cos(pitch), np.sin(pitch)
        rotations = np.zeros((len(times), 3, 3))
        # As `tilt_matrix`: roll first, then pitch.
        rotations[:, 0, 0], rotations[:, 0, 1] = cos_p, sin_p * sin_r
        rotations[:, 0, 2], rotations[:, 1, 1] = sin_p * cos_r, cos_r
        rotations[:, 1, 2], rotations[:, 2, 0] = -sin_r, -sin_p
        rotations[:, 2, 1], rotations[:, 2, 2] = cos_p * sin_r, cos_p * cos_r
        return rotations, heave
