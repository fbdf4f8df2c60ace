# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""People: adults and children, and what they push, pull and carry."""

import math

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import RIGID, Swing, WorldBuilder

_LOADS = ("bag", "rucksack", "suitcase", "pram", "trolley", "umbrella")
_LOAD_SHARES = (0.3, 0.25, 0.15, 0.12, 0.12, 0.06)


def add_pedestrian(world: WorldBuilder, dice: Dice, place: Place) -> int:
    """Add a person of any age; legs and arms swing with the way walked."""
    body = world.body(
        place,
        ActorClass.PEDESTRIAN,
        half_range=dice.between(40.0, 110.0),
        reflectivity=dice.between(5.0, 60.0),
    )
    child = dice.chance(0.15)
    height = dice.between(0.9, 1.5) if child else dice.normal(1.72, 0.09)
    load = dice.pick(_LOADS, _LOAD_SHARES) if not child and dice.chance(0.35) else ""
    foot, speed = RIGID, place.motion.top_speed
    if speed > 0.0:
        stride = 0.42 * height * math.sqrt(speed / 1.4)
        foot = Swing.footfall(min(stride, 0.55 * height), dice.between(0.0, 1.0))
    shoulder = height * dice.between(0.115, 0.15)
    for side in (1.0, -1.0):
        hip = 0.055 * height * side
        step = foot if side > 0.0 else foot.scaled(1.0, 0.5)
        arm = step.scaled(0.5, 0.5)
        _add_leg(world, body, hip, height, step)
        reach = (shoulder + 0.05) * side
        if load in ("pram", "trolley"):  # both hands on the handle
            world.ellipsoid(body, (0.25, reach, 0.63 * height), (0.3, 0.055, 0.06))
        else:
            world.ellipsoid(body, (0.0, reach, 0.63 * height), (0.07, 0.055, 0.18 * height), arm)
    world.ellipsoid(body, (0.0, 0.0, 0.65 * height), (0.14, shoulder, 0.2 * height))
    world.ellipsoid(body, (0.0, 0.0, 0.92 * height), (0.1, 0.085, 0.075 * height))
    if load:
        _add_load(world, dice, body, height, load)
    return body


def _add_leg(world: WorldBuilder, body: int, hip: float, height: float, foot: Swing) -> None:
    thigh = (0.1, 0.085, 0.14 * height)
    world.ellipsoid(body, (0.0, hip, 0.38 * height), thigh, foot.scaled(0.3))
    shin = (0.08, 0.06, 0.14 * height)
    world.ellipsoid(body, (0.0, hip, 0.17 * height), shin, foot.scaled(0.7))
    world.ellipsoid(body, (0.05, hip, 0.05), (0.13, 0.05, 0.06), foot)


def _add_load(world: WorldBuilder, dice: Dice, body: int, height: float, load: str) -> None:
    if load == "bag":
        size = (dice.between(0.2, 0.5), dice.between(0.1, 0.25), dice.between(0.25, 0.45))
        world.box(body, (0.0, 0.35 * dice.sign(), 0.25 * height), size)
    elif load == "rucksack":
        world.box(body, (-0.25, 0.0, 0.55 * height), (0.25, 0.32, dice.between(0.35, 0.6)))
    elif load == "suitcase":
        size = (dice.between(0.22, 0.32), dice.between(0.38, 0.5), dice.between(0.5, 0.75))
        world.box(body, (-0.55, 0.3 * dice.sign(), 0.03), size)
    elif load == "pram":
        world.box(body, (0.75, 0.0, 0.4), (0.8, 0.45, 0.35), rake=(0.1, 0.1))
        world.box(body, (0.6, 0.0, 0.7), (0.4, 0.45, 0.35), rake=(0.25, 0.0))
        world.box(body, (0.75, 0.0, 0.0), (0.75, 0.5, 0.25), opacity=0.5)
    elif load == "trolley":
        world.box(body, (0.85, 0.0, 0.45), (0.85, 0.55, 0.5), opacity=dice.between(0.4, 0.9))
        world.box(body, (0.85, 0.0, 0.0), (0.8, 0.5, 0.2), opacity=0.5)
    else:
        world.ellipsoid(body, (0.05, 0.0, 1.12 * height), (0.5, 0.5, 0.12))
