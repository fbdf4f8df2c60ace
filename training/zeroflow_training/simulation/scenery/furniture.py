# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small things that stand around: poles, signs, bollards, shelters, clutter."""

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import Openings, WorldBuilder


def add_pole(world: WorldBuilder, dice: Dice, place: Place) -> None:
    """Add a lamp post, bollard or a traffic sign on its pole."""
    body = world.body(
        place.facing(dice.angle()),
        ActorClass.POLE,
        half_range=dice.between(45.0, 120.0),
        reflectivity=dice.between(20.0, 120.0),
    )
    if dice.chance(0.3):
        world.cylinder(body, (0.0, 0.0, -0.3), 0.04, dice.between(2.3, 3.3))
        sign = (0.05, dice.between(0.4, 1.5), dice.between(0.4, 1.0))
        world.box(body, (0.05, 0.0, dice.between(1.8, 2.2)), sign)
    elif dice.chance(0.25):
        world.cylinder(body, (0.0, 0.0, -0.3), dice.between(0.05, 0.15), dice.between(0.9, 1.4))
    else:
        height = dice.between(3.0, 8.0)
        world.cylinder(body, (0.0, 0.0, -0.3), dice.between(0.05, 0.2), height)
        if dice.chance(0.4):
            world.box(body, (1.0, 0.0, height - 0.4), (2.2, 0.12, 0.12))


def add_pole_row(world: WorldBuilder, dice: Dice, place: Place, length: float) -> None:
    """Add a row of equal bollards or marker poles: from sweep to sweep one passes for the next."""
    spacing = dice.between(1.0, 2.5)
    radius, height = dice.between(0.03, 0.12), dice.between(0.6, 1.2)
    if dice.chance(0.3):  # snow poles, delineators
        spacing, radius, height = dice.between(6.0, 25.0), 0.04, dice.between(1.0, 3.0)
    half_range, reflectivity = dice.between(45.0, 120.0), dice.between(20.0, 120.0)
    for k in range(int(length / spacing) + 1):
        at = place.shifted(k * spacing - 0.5 * length)
        body = world.body(at, ActorClass.POLE, half_range=half_range, reflectivity=reflectivity)
        world.cylinder(body, (0.0, 0.0, -0.3), radius, height + 0.3)


def add_shelter(world: WorldBuilder, dice: Dice, place: Place) -> None:
    """Add a bus shelter of glass, open to its left."""
    body = world.body(place, ActorClass.CLUTTER, half_range=80.0, reflectivity=50.0)
    length, depth = dice.between(2.5, 6.0), dice.between(1.2, 1.8)
    glass = dice.between(0.1, 0.6)
    world.box(body, (0.0, -0.5 * depth, 0.1), (length, 0.05, 2.2), opacity=glass)
    for end in (-0.5 * length, 0.5 * length):
        world.box(body, (end, 0.0, 0.1), (0.05, depth, 2.2), opacity=glass)
        world.cylinder(body, (end, -0.5 * depth, 0.0), 0.05, 2.4)
    world.box(body, (0.0, 0.0, 2.4), (length + 0.3, depth + 0.4, 0.12))
    world.box(body, (0.0, -0.3 * depth, 0.4), (0.7 * length, 0.35, 0.08))


def add_clutter(world: WorldBuilder, dice: Dice, place: Place, size: float) -> None:
    """Add a box-like thing: bin, cabinet, crate, container, skip (``size`` m at most)."""
    body = world.body(
        place.facing(dice.angle()),
        ActorClass.CLUTTER,
        half_range=dice.between(45.0, 140.0),
        reflectivity=dice.between(5.0, 90.0),
    )
    shape = (dice.between(0.25, size), dice.between(0.25, 0.7 * size))
    height = dice.between(0.3, min(size + 0.5, 3.0))
    opacity = 1.0 if dice.chance(0.6) else dice.between(0.4, 1.0)
    world.box(body, (0.0, 0.0, -0.2), (*shape, height + 0.2), opacity=opacity)


def add_racks(world: WorldBuilder, dice: Dice, place: Place) -> None:
    """Add bicycle stands, chairs or the like: a low lattice one sees half through."""
    body = world.body(place, ActorClass.CLUTTER, half_range=60.0, reflectivity=40.0)
    size = (dice.between(2.0, 6.0), dice.between(0.4, 1.8), dice.between(0.7, 1.1))
    lattice = Openings(dice.between(0.3, 0.9), dice.between(0.5, 0.9))
    world.box(body, (0.0, 0.0, 0.0), size, openings=lattice)
