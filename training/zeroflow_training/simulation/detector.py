# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How well a lidar measures what its rays hit: losses, noise, specks, faults."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .dice import Dice
from .jit import compiled
from .noise import State, gauss, uniform
from .raycast import NO_RETURN, ON_GROUND
from .scan_heads import ScanHead, SensorModel
from .shapes import NEAREST

F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Returns from where nothing is: droplets and dust; and what an edge or a pane makes of the light,
# between two surfaces or behind one.
SPECK, BLURRED = -3, -5
_PULSE = 2.5  # m, length of a laser pulse: what is closer together melts into one
_PACKETS = 75  # a sweep; Velodyne, Ouster and Hesai send between 64 and 180


class Detector(NamedTuple):
    """How good the measurement of one scan head is.

    Ranges and noise in metres. ``sight`` scales the range at which surfaces fade, ``bias`` [B]
    is the constant range error of each beam, ``lost`` the share of returns lost anywhere,
    ``haze`` (1/m) what fog takes away, ``ground_gain`` how quickly ground returns come back
    with the sine of incidence, ``mixed`` the share of edge returns that average near and far,
    ``ghosts`` the share of returns behind glass, ``specks`` the share of rays that end in mid
    air, ``speck_reach`` how far away on average. ``gain`` and ``fading`` (1/m) make the
    intensity.
    """

    max_range: float
    sight: float
    range_noise: float
    bias: F64
    lost: float
    haze: float
    ground_gain: float
    ground_half_range: float
    ground_reflectivity: float
    mixed: float
    ghosts: float
    specks: float
    speck_reach: float
    gain: float
    fading: float


@dataclass(frozen=True)
class Faults:
    """What is not measured at all: the shares of lasers that are dead and of packets (blocks of
    columns) that get lost.
    """

    lasers_dead: float = 0.0
    packets_lost: float = 0.0

    @classmethod
    def draw(cls, dice: Dice) -> "Faults":
        """Mostly none."""
        return cls(
            dice.pick((0.0, 0.02, 0.1), (0.9, 0.07, 0.03)),
            dice.pick((0.0, 0.003, 0.03), (0.85, 0.1, 0.05)),
        )

    def dead_lasers(self, head: ScanHead, dice: Dice) -> Mask:
        """Which lasers of a head are dead, bool [B]."""
        return np.array([dice.chance(self.lasers_dead) for _ in range(head.beams)])

    def apply(self, limits: F64, dead: Mask, dice: Dice) -> None:
        """Set rays of ``limits`` [A, B] (see `Rays`) that are not measured in a sweep to 0."""
        limits[:, dead] = 0.0
        if self.packets_lost > 0.0:
            for block in np.array_split(np.arange(len(limits)), _PACKETS):
                if dice.chance(self.packets_lost):
                    limits[block] = 0.0


def draw_detector(sensor: SensorModel, dice: Dice, fine: bool) -> Detector:
    """Mostly good conditions, always if ``fine``; ``bias`` is left to `with_bias`."""
    # The longest range is the maker's for bright targets; everyday surfaces fade well before.
    sight = min(max(sensor.max_range_m / 110.0, 0.4), 2.0) * dice.between(0.75, 1.25)
    # Rain, fog or dust; and panes and mirrors.
    rain, glass = (not fine and dice.chance(share) for share in (0.08, 0.15))
    specks = dice.pick((0.0, 1e-4, 5e-4), (0.6, 0.3, 0.1))
    return Detector(
        max_range=sensor.max_range_m,
        sight=sight,
        range_noise=sensor.range_noise_m,
        bias=np.zeros(0),
        lost=dice.pick((0.0, 0.02, 0.12, 0.3), (0.35, 0.35, 0.25, 0.05)) * dice.between(0.3, 1.0),
        haze=dice.between(0.002, 0.03) if rain else 0.0,
        ground_gain=dice.between(15.0, 60.0),
        ground_half_range=dice.between(50.0, 90.0) * sight,
        ground_reflectivity=dice.between(8.0, 35.0),
        mixed=dice.between(0.0, 0.3) if dice.chance(0.8) else 0.0,
        ghosts=dice.between(0.0, 1e-3) if glass else 0.0,
        specks=dice.between(0.001, 0.02) if rain else specks,
        speck_reach=dice.between(2.0, 10.0) if rain else 25.0,
        gain=dice.between(0.4, 1.4),
        fading=dice.between(0.0, 0.03),
    )


def with_bias(detector: Detector, sensor: SensorModel, head: ScanHead, dice: Dice) -> Detector:
    """The detector with the range errors of the lasers of one head."""
    bias = [dice.normal(0.0, sensor.range_bias_m) for _ in range(head.beams)]
    return detector._replace(bias=np.array(bias))


@compiled
def is_lost(distance: float, half_range: float, detector: Detector, state: State) -> bool:
    """Whether a return at ``distance`` m is lost, of a surface with this ``half_range``."""
    seen = (1.0 - detector.lost) / (1.0 + np.exp((distance - half_range) / 8.0))
    if detector.haze > 0.0:
        seen *= np.exp(-detector.haze * distance)
    return uniform(state) > seen


@compiled
def measure(
    index: int,
    beam: int,
    distance: float,
    step: float,
    incidence: float,
    half_range: float,
    detector: Detector,
    state: State,
) -> tuple[float, int]:
    """Measured distance (m) of one ray and what it hit: a primitive, ON_GROUND,
    ON_OWN_VEHICLE, SPECK or BLURRED.

    ``step`` is how much further (m) the neighbouring ray reaches, ``incidence`` the sine of
    the angle to the ground. NO_RETURN where the ray met nothing or the return is lost.
    """
    if distance < NEAREST:
        return 0.0, NO_RETURN
    if detector.specks > 0.0 and uniform(state) < detector.specks:
        away = 1.0 - detector.speck_reach * np.log(uniform(state))
        if away < min(distance, detector.max_range):
            return away, SPECK
    if index == NO_RETURN or distance > detector.max_range:
        return 0.0, NO_RETURN
    if index == ON_GROUND and uniform(state) > max(detector.ground_gain * incidence, 0.15):
        return 0.0, NO_RETURN
    if is_lost(distance, half_range, detector, state):
        return 0.0, NO_RETURN
    # A beam that straddles an edge may return something in between, unless it can tell the two.
    if index >= 0 and 0.3 < abs(step) < _PULSE and uniform(state) < detector.mixed:
        return min(distance + uniform(state) * step, detector.max_range), BLURRED
    # A pane reflects part of the light to something else, which seems to be behind it.
    if index >= 0 and detector.ghosts > 0.0 and uniform(state) < detector.ghosts:
        return min(distance + 1.0 + 9.0 * uniform(state), detector.max_range), BLURRED
    return distance + detector.bias[beam] + detector.range_noise * gauss(state), index
