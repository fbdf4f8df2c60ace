# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What stands still: buildings, walls, poles, vegetation, clutter."""

from .classes import ActorClass
from .dice import Dice
from .world import WorldBuilder


def add_building(
    world: WorldBuilder,
    dice: Dice,
    x: float,
    y: float,
    heading: float,
    length: float,
    depth: float,
    street_side: float,
) -> None:
    """Add a building of ``length`` x ``depth`` m; ``street_side`` (1 or -1) faces the road."""
    body = world.body(
        x,
        y,
        heading,
        ActorClass.BUILDING,
        half_range=150.0,
        reflectivity=dice.between(15.0, 80.0),
    )
    height = dice.between(2.5, 14.0)
    opacity = 1.0 if dice.chance(0.4) else dice.between(0.75, 1.0)  # windows
    # Foundations reach below ground, so that no light shines through on a slope.
    world.box(body, (0.0, 0.0, -2.0), (length, depth, height + 2.0), opacity=opacity)
    front = street_side * depth / 2
    for _ in range(dice.integer(0, 3)):  # porches, bays, steps, balconies
        spot = (dice.between(-length / 2, length / 2), front, dice.between(0.0, 3.0))
        size = (dice.between(0.3, 3.0), dice.between(0.6, 2.4), dice.between(0.5, 3.0))
        world.box(body, spot, size)


def add_wall(
    world: WorldBuilder,
    dice: Dice,
    x: float,
    y: float,
    heading: float,
    length: float,
    height: float,
) -> None:
    """Add a wall, railing or fence; a fence lets part of the light through."""
    body = world.body(
        x,
        y,
        heading,
        ActorClass.BARRIER,
        half_range=dice.between(60.0, 140.0),
        reflectivity=dice.between(10.0, 80.0),
    )
    opacity = dice.pick((1.0, 0.7, 0.35), (0.6, 0.2, 0.2))
    thickness = dice.pick((0.05, 0.15, 0.3))
    world.box(body, (0.0, 0.0, -1.0), (length, thickness, height + 1.0), opacity=opacity)
    if opacity < 1.0:
        spacing = dice.between(1.5, 3.5)
        for post in range(int(min(length, 60.0) / spacing)):
            at = (-length / 2 + post * spacing, 0.0, -0.5)
            world.box(body, at, (0.08, 0.08, height + 0.6))


def add_kerb(
    world: WorldBuilder, x: float, y: float, heading: float, size: tuple[float, float, float]
) -> None:
    """Add one slab of raised pavement (length, width, height in m)."""
    body = world.body(x, y, heading, ActorClass.BARRIER, half_range=80.0, reflectivity=25.0)
    length, width, height = size
    world.box(body, (0.0, 0.0, -0.5), (length, width, height + 0.5))


def add_embankment(
    world: WorldBuilder, dice: Dice, x: float, y: float, heading: float, length: float
) -> None:
    """Add a long grassy bank with sloping sides."""
    body = world.body(x, y, heading, ActorClass.BARRIER, half_range=90.0, reflectivity=30.0)
    height = dice.between(0.5, 3.5)
    size = (length, dice.between(5.0, 12.0), height + 1.0)
    world.box(body, (0.0, 0.0, -1.0), size, side_rake=dice.between(0.5, 2.4))


def add_pole(world: WorldBuilder, dice: Dice, x: float, y: float) -> None:
    """Add a lamp post, bollard or a traffic sign on its pole."""
    body = world.body(
        x,
        y,
        dice.angle(),
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


def add_tree(world: WorldBuilder, dice: Dice, x: float, y: float) -> None:
    """Add a tree: a trunk and a crown of several clumps of leaves, or a conifer."""
    body = _plant(world, dice, x, y)
    trunk = dice.between(1.8, 4.0)
    world.cylinder(body, (0.0, 0.0, -0.3), dice.between(0.07, 0.3), trunk + 0.6)
    if dice.chance(0.12):  # bare in winter
        for _ in range(dice.integer(1, 3)):
            branch = (dice.normal(0.0, 0.5), dice.normal(0.0, 0.5), trunk + 0.5)
            world.foliage(body, branch, (1.2, 1.2, 1.5), dice.between(0.1, 0.3))
        return
    for _ in range(dice.integer(2, 5)):
        spread = dice.between(0.6, 2.0)
        spot = (dice.normal(0.0, 0.8), dice.normal(0.0, 0.8), trunk + dice.between(-0.5, 2.5))
        radii = (spread, spread * dice.between(0.7, 1.3), dice.between(0.5, 1.6))
        world.foliage(body, spot, radii, dice.between(0.4, 3.0))


def add_bush(world: WorldBuilder, dice: Dice, x: float, y: float, size: float) -> None:
    """Add a bush of some clumps, each about ``size`` m across."""
    body = _plant(world, dice, x, y)
    for _ in range(dice.integer(1, 4)):
        spot = (dice.normal(0.0, 0.6 * size), dice.normal(0.0, 0.6 * size))
        radii = (size * dice.between(0.3, 0.9), size * dice.between(0.3, 0.9))
        height = size * dice.between(0.3, 0.8)
        depth = dice.between(0.7, 8.0)
        world.foliage(body, (*spot, 0.7 * height), (*radii, height), depth)


def add_hedge(
    world: WorldBuilder, dice: Dice, x: float, y: float, heading: float, length: float
) -> None:
    """Add a dense hedge along ``heading``."""
    body = _plant(world, dice, x, y, heading)
    height, depth = dice.between(0.6, 1.4), dice.between(0.35, 0.7)
    clumps = max(int(length / 1.1), 1)
    for clump in range(clumps):
        spot = (-length / 2 + 1.1 * clump, dice.normal(0.0, 0.1), 0.5 * height)
        radii = (0.85, depth, height * dice.between(0.8, 1.1))
        world.foliage(body, spot, radii, dice.between(2.0, 9.0))


def add_clutter(world: WorldBuilder, dice: Dice, x: float, y: float, size: float) -> None:
    """Add a box-like thing: bin, cabinet, crate, container, skip (``size`` m at most)."""
    body = world.body(
        x,
        y,
        dice.angle(),
        ActorClass.CLUTTER,
        half_range=dice.between(45.0, 140.0),
        reflectivity=dice.between(5.0, 90.0),
    )
    shape = (dice.between(0.25, size), dice.between(0.25, 0.7 * size))
    height = dice.between(0.3, min(size + 0.5, 3.0))
    opacity = 1.0 if dice.chance(0.6) else dice.between(0.4, 1.0)
    world.box(body, (0.0, 0.0, -0.2), (*shape, height + 0.2), opacity=opacity)


def _plant(world: WorldBuilder, dice: Dice, x: float, y: float, heading: float = 0.0) -> int:
    return world.body(
        x,
        y,
        heading,
        ActorClass.VEGETATION,
        half_range=dice.between(40.0, 110.0),
        reflectivity=dice.between(20.0, 70.0),
    )
