# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Vegetation: trees, bushes, hedges, grass, and branches over the road."""

import math

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import WorldBuilder


def add_tree(world: WorldBuilder, dice: Dice, place: Place) -> None:
    """Add a tree: a trunk and a crown of several clumps of leaves, or a conifer."""
    body = _plant(world, dice, place)
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


def add_bush(world: WorldBuilder, dice: Dice, place: Place, size: float) -> None:
    """Add a bush of some clumps, each about ``size`` m across."""
    body = _plant(world, dice, place)
    for _ in range(dice.integer(1, 4)):
        spot = (dice.normal(0.0, 0.6 * size), dice.normal(0.0, 0.6 * size))
        radii = (size * dice.between(0.3, 0.9), size * dice.between(0.3, 0.9))
        height = size * dice.between(0.3, 0.8)
        depth = dice.between(0.7, 8.0)
        world.foliage(body, (*spot, 0.7 * height), (*radii, height), depth)


def add_hedge(world: WorldBuilder, dice: Dice, place: Place, length: float) -> None:
    """Add a dense hedge along the way ``place`` faces."""
    body = _plant(world, dice, place, place.heading)
    height, depth = dice.between(0.6, 1.4), dice.between(0.35, 0.7)
    clumps = max(int(length / 1.1), 1)
    for clump in range(clumps):
        spot = (-length / 2 + 1.1 * clump, dice.normal(0.0, 0.1), 0.5 * height)
        radii = (0.85, depth, height * dice.between(0.8, 1.1))
        world.foliage(body, spot, radii, dice.between(2.0, 9.0))


def add_grass(world: WorldBuilder, dice: Dice, place: Place, spread: float) -> None:
    """Add low tufts within ``spread`` m: some returns each, rarely of the same blades twice."""
    body = _plant(world, dice, place)
    for _ in range(dice.integer(3, 8)):
        height, radius = dice.between(0.06, 0.35), dice.between(0.1, 0.5)
        spot = (dice.normal(0.0, 0.5 * spread), dice.normal(0.0, 0.5 * spread), 0.5 * height)
        world.foliage(body, spot, (radius, radius, height), dice.between(0.3, 4.0))


def add_branches(world: WorldBuilder, dice: Dice, place: Place, over: Place) -> None:
    """Add a tree whose branches hang ``over`` another place, above what drives there."""
    body = _plant(world, dice, place)
    height = dice.between(4.0, 6.5)
    world.cylinder(body, (0.0, 0.0, -0.3), dice.between(0.12, 0.35), height)
    way = (over.x - place.x, over.y - place.y)
    reach = math.hypot(*way)
    clumps = max(3, int(reach / 1.3))
    for clump in range(clumps):
        share = (clump + dice.between(0.0, 0.7)) / (clumps - 1)
        spot = (share * way[0], share * way[1], height + dice.between(-0.2, 1.2))
        radius = dice.between(0.6, 1.4)
        world.foliage(body, spot, (radius, radius, dice.between(0.3, 0.9)), dice.between(0.2, 2.0))


def _plant(world: WorldBuilder, dice: Dice, place: Place, heading: float = 0.0) -> int:
    """Add the body of a plant; only of a hedge one could tell which way it faces."""
    return world.body(
        place.facing(heading),
        ActorClass.VEGETATION,
        half_range=dice.between(40.0, 110.0),
        reflectivity=dice.between(20.0, 70.0),
    )
