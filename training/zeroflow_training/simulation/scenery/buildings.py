# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Buildings: houses with windows, long facades, halls, stacks of containers, parking decks."""

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import SOLID, Openings, WorldBuilder

CONTAINER = (2.44, 2.59)  # width and height of a freight container, m


def add_building(
    world: WorldBuilder, dice: Dice, place: Place, length: float, depth: float, street_side: float
) -> None:
    """Add a building of ``length`` x ``depth`` m; ``street_side`` (1 or -1) faces the road."""
    body = _building(world, dice, place)
    height = dice.between(2.5, 14.0)
    openings, opacity = SOLID, 1.0
    if dice.chance(0.55):  # windows: regular holes, part of the light comes back out of them
        columns = max(1, round(length / dice.between(1.5, 4.0)))
        openings = Openings(length / columns, dice.between(0.25, 0.75), dice.between(2.6, 3.4), 0.5)
        inside = dice.between(0.3, 4.0)
        size = (length, max(depth - inside, 0.5), height)
        world.box(body, (0.0, -0.5 * street_side * inside, 0.0), size, opacity=0.6)
    elif dice.chance(0.3):
        opacity = dice.between(0.75, 1.0)
    # Foundations reach below ground, so that no light shines through on a slope.
    size = (length, depth, height + 2.0)
    world.box(body, (0.0, 0.0, -2.0), size, opacity=opacity, openings=openings)
    front = street_side * depth / 2
    for _ in range(dice.integer(0, 3)):  # porches, bays, steps, balconies
        spot = (dice.between(-length / 2, length / 2), front, dice.between(0.0, 3.0))
        bay = (dice.between(0.3, 3.0), dice.between(0.6, 2.4), dice.between(0.5, 3.0))
        world.box(body, spot, bay)


def add_hall(
    world: WorldBuilder, dice: Dice, place: Place, length: float, depth: float, yard_side: float
) -> None:
    """Add a warehouse or workshop with regular gates towards the yard (``yard_side``, 1 or -1)."""
    body = _building(world, dice, place)
    height = dice.between(5.0, 10.0)
    world.box(body, (0.0, 0.0, -2.0), (length, depth, height + 2.0))
    front = yard_side * 0.5 * depth
    gates = max(1, int(length / dice.between(4.0, 8.0)))
    for gate in range(gates):
        at = length * ((gate + 0.5) / gates - 0.5)
        world.box(body, (at, front, 0.0), (0.3, 0.5, 4.2))
    if dice.chance(0.5):
        canopy = (0.0, front + yard_side * 1.5, dice.between(4.2, 4.8))
        world.box(body, canopy, (length, 3.0, 0.25))


def add_containers(world: WorldBuilder, dice: Dice, place: Place, length: float) -> None:
    """Add a stack of freight containers of ``length`` m."""
    body = world.body(
        place,
        ActorClass.CLUTTER,
        half_range=dice.between(80.0, 140.0),
        reflectivity=dice.between(10.0, 80.0),
    )
    width, height = CONTAINER
    for level in range(dice.integer(1, 3)):
        shift = dice.normal(0.0, 0.06)
        bottom = level * height - (0.5 if level == 0 else 0.0)
        top = (level + 1) * height
        world.box(body, (shift, 0.0, bottom), (length, width, top - bottom))


def add_deck(
    world: WorldBuilder,
    dice: Dice,
    place: Place,
    length: float,
    depth: float,
    column_rows: tuple[float, ...],
) -> None:
    """Add a parking deck: a ceiling on regular columns, in rows at offsets ``column_rows``."""
    body = _building(world, dice, place)
    ceiling = dice.between(3.2, 4.2)
    world.box(body, (0.0, 0.0, ceiling), (length, depth, 0.3))
    spacing, width = dice.between(5.0, 8.5), dice.between(0.3, 0.6)
    columns = Openings(spacing, 1.0 - width / spacing)
    for row in column_rows:
        world.box(body, (0.0, row, -0.5), (length, width, ceiling + 0.5), openings=columns)
        world.box(body, (0.0, row, ceiling - 0.4), (length, width, 0.4))


def _building(world: WorldBuilder, dice: Dice, place: Place) -> int:
    return world.body(
        place,
        ActorClass.BUILDING,
        half_range=150.0,
        reflectivity=dice.between(15.0, 80.0),
    )
