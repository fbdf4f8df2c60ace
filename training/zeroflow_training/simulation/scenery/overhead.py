# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What hangs above the road: gantries, bridges, cables, signals."""

import math

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import Openings, WorldBuilder

BRIDGE_FOOT = 3.0  # m along the bridge


def add_gantry(world: WorldBuilder, dice: Dice, place: Place, span: float) -> None:
    """Add a sign gantry of ``span`` m across a road with this heading."""
    body = world.body(place, ActorClass.POLE, half_range=110.0, reflectivity=60.0)
    height, reach = dice.between(5.2, 6.5), 0.5 * span
    for side in (reach, -reach):
        world.cylinder(body, (0.0, side, -0.5), dice.between(0.15, 0.3), height + 0.5)
    world.box(body, (0.0, 0.0, height - 0.3), (0.5, span, 0.6), opacity=dice.between(0.5, 1.0))
    for _ in range(dice.integer(1, 4)):
        at = (-0.3, dice.between(-reach + 2.0, reach - 2.0), height - 0.8)
        world.box(body, at, (0.1, dice.between(1.0, 4.0), dice.between(0.8, 2.0)))


def add_bridge(world: WorldBuilder, dice: Dice, place: Place, span: float, width: float) -> None:
    """Add a bridge ``width`` m wide over a road with this heading, ``span`` m between its feet."""
    body = world.body(
        place, ActorClass.BUILDING, half_range=150.0, reflectivity=dice.between(20.0, 60.0)
    )
    clear = dice.between(4.8, 6.0)
    world.box(body, (0.0, 0.0, clear), (width, span + 40.0, dice.between(0.8, 1.6)))
    for side in (0.5, -0.5):
        world.box(body, (0.0, side * (span + BRIDGE_FOOT), -1.0), (width, BRIDGE_FOOT, clear + 1.0))
        parapet = (side * (width - 0.2), 0.0, clear + 1.0)
        world.box(body, parapet, (0.1, span + 40.0, 1.2), opacity=0.5)


def add_cables(
    world: WorldBuilder, dice: Dice, place: Place, length: float, offsets: tuple[float, ...]
) -> None:
    """Add level cables of ``length`` m about ``place``, at ``offsets`` m to the left, on poles."""
    body = world.body(place, ActorClass.POLE, half_range=50.0, reflectivity=40.0)
    height = dice.between(5.0, 7.0)
    for left in offsets:
        world.box(body, (0.0, left, height), (length, 0.04, 0.04))
    spacing = dice.between(20.0, 35.0)
    for pole in range(int(length / spacing) + 1):
        at = (pole * spacing - 0.5 * length, offsets[-1], -0.5)
        world.cylinder(body, at, dice.between(0.08, 0.16), height + 1.0)


def add_signal(world: WorldBuilder, dice: Dice, place: Place) -> None:
    """Add a traffic light, mostly with an arm that holds a second one over the road."""
    body = world.body(place, ActorClass.POLE, half_range=90.0, reflectivity=40.0)
    arm = dice.chance(0.5)
    height = dice.between(5.2, 6.0) if arm else dice.between(2.8, 3.6)
    world.cylinder(body, (0.0, 0.0, -0.3), 0.08, height + 0.3)
    world.box(body, (-0.15, 0.0, 2.2), (0.2, 0.3, 0.9))
    if arm:
        reach = dice.between(3.0, 6.0)
        world.box(body, (0.0, 0.5 * reach, height - 0.15), (0.12, reach, 0.12))
        world.box(body, (-0.1, reach, height - 0.9), (0.2, 0.35, 0.9))


def add_arcade(world: WorldBuilder, dice: Dice, place: Place, length: float, depth: float) -> None:
    """Add a roof on regular pillars along a pavement: an arcade, a market hall, a platform."""
    body = world.body(place, ActorClass.BUILDING, half_range=120.0, reflectivity=40.0)
    height, spacing = dice.between(2.6, 4.5), dice.between(2.0, 5.0)
    count = max(2, math.floor(length / spacing))
    pillars = Openings(length / count, 1.0 - dice.between(0.2, 0.5) * count / length)
    world.box(body, (0.0, 0.0, height), (length, depth, 0.3))
    world.box(body, (0.0, 0.0, -0.5), (length, 0.35, height + 0.5), openings=pillars)
