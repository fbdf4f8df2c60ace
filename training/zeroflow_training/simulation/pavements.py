# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Life beside the lanes: pedestrians alone and in groups, cyclists."""

import math

from .actors import add_cyclist, add_pedestrian
from .dice import Dice
from .motion import Motion
from .road import Occupancy, Road
from .world import WorldBuilder


def populate_pavements(world: WorldBuilder, dice: Dice, road: Road, taken: Occupancy) -> None:
    """People on both pavements, and some on the carriageway."""
    share = road.length / 140.0
    for _ in range(dice.poisson(dice.pick((1.0, 6.0, 20.0)) * share)):
        crossing = dice.chance(0.25)
        beside = dice.sign() * (road.half_width + dice.between(1.8, 6.0))
        left = dice.between(-road.half_width, road.half_width) if crossing else beside
        x, y = road.place(road.anywhere(dice), left)
        if taken.claim(x, y, 0.35):
            _add_group(world, dice, x, y, _heading(dice, road, crossing))
    for _ in range(dice.poisson(2.0 * share)):
        left = dice.sign() * (road.half_width + dice.between(-1.0, 4.0))
        x, y = road.place(road.anywhere(dice), left)
        if taken.claim(x, y, 1.0):
            speed = 0.0 if dice.chance(0.3) else dice.between(0.8, 8.0)
            heading = road.heading + math.pi * dice.chance(0.5) + dice.normal(0.0, 0.15)
            add_cyclist(world, dice, x, y, heading, Motion(speed))


def _heading(dice: Dice, road: Road, crossing: bool) -> float:
    if crossing:
        return road.heading + math.pi / 2 * dice.sign() + dice.normal(0.0, 0.2)
    if dice.chance(0.75):
        return road.heading + math.pi * dice.chance(0.5) + dice.normal(0.0, 0.2)
    return dice.angle()


def _walking_speed(dice: Dice) -> float:
    if dice.chance(0.25):
        return 0.0
    if dice.chance(0.06):
        return dice.between(2.0, 4.5)  # running
    if dice.chance(0.25):
        return dice.between(0.3, 1.0)  # strolling
    return max(0.3, dice.normal(1.35, 0.3))


def _add_group(world: WorldBuilder, dice: Dice, x: float, y: float, heading: float) -> None:
    speed = _walking_speed(dice)
    size = 1 if dice.chance(0.7) else dice.integer(2, 5)
    for member in range(size):
        spread = 0.6 if member else 0.0
        # People who stand together face each other, people who walk together do not.
        facing = dice.angle() if speed == 0.0 else heading + dice.normal(0.0, 0.08)
        add_pedestrian(
            world,
            dice,
            x + dice.normal(0.0, spread),
            y + dice.normal(0.0, spread),
            facing,
            Motion(speed),
        )
