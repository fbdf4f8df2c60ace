# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Animals on four legs: dogs and deer."""

import math

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import RIGID, Swing, WorldBuilder


def add_dog(world: WorldBuilder, dice: Dice, place: Place) -> int:
    """Add a dog, from terrier to mastiff."""
    return _add_animal(world, dice, place, dice.between(0.3, 0.75), 0.15)


def add_deer(world: WorldBuilder, dice: Dice, place: Place) -> int:
    """Add a deer, roe to red."""
    return _add_animal(world, dice, place, dice.between(0.7, 1.35), 0.4)


def _add_animal(world: WorldBuilder, dice: Dice, place: Place, shoulder: float, neck: float) -> int:
    """Add an animal ``shoulder`` m high that carries its head ``neck`` of that higher."""
    body = world.body(
        place,
        ActorClass.ANIMAL,
        half_range=dice.between(30.0, 80.0),
        reflectivity=dice.between(5.0, 40.0),
    )
    foot, speed = RIGID, place.motion.top_speed
    if speed > 0.0:
        stride = min(0.5 * shoulder * math.sqrt(1.0 + speed), 0.9 * shoulder)
        foot = Swing.footfall(stride, dice.between(0.0, 1.0))
    half = 0.55 * shoulder
    world.ellipsoid(body, (0.0, 0.0, 0.75 * shoulder), (half, 0.22 * shoulder, 0.25 * shoulder))
    for ahead in (0.7, -0.7):
        for side in (1.0, -1.0):
            # Diagonal pairs step together, as in a trot.
            leg = foot if ahead * side > 0.0 else foot.scaled(1.0, 0.5)
            hip = (ahead * half, 0.1 * shoulder * side)
            upper, lower = 0.45 * shoulder, 0.16 * shoulder
            world.ellipsoid(body, (*hip, upper), (0.06, 0.05, 0.2 * shoulder), leg.scaled(0.4))
            world.ellipsoid(body, (*hip, lower), (0.04, 0.03, 0.17 * shoulder), leg)
    head = (1.1 + neck) * shoulder
    world.ellipsoid(body, (1.3 * half, 0.0, head), (0.22 * shoulder, 0.08, 0.1 * shoulder))
    at = (1.1 * half, 0.0, 0.5 * (head + 0.8 * shoulder))
    world.ellipsoid(body, at, (0.08, 0.06, 0.5 * (head - 0.7 * shoulder)))
    return body
