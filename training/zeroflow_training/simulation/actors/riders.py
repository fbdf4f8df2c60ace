# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two-wheelers and their riders: bicycles, motorcycles, e-scooters."""

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import RIGID, Swing, WorldBuilder

_METRES_PER_PEDAL_TURN = 5.0


def add_cyclist(world: WorldBuilder, dice: Dice, place: Place) -> int:
    """Add a bicycle, with its rider unless it is parked."""
    body = _two_wheeler(world, dice, place, ActorClass.CYCLIST)
    for axle in (0.52, -0.52):
        world.box(body, (axle, 0.0, 0.0), (0.66, 0.05, 0.66), rake=(0.1, 0.1), opacity=0.5)
    world.box(body, (0.0, 0.0, 0.4), (0.9, 0.06, 0.35), opacity=0.5)
    world.box(body, (0.45, 0.0, 0.9), (0.08, 0.55, 0.1))
    if _is_parked(dice, place):
        return body
    pedal = Swing(0.12, 1.0 / _METRES_PER_PEDAL_TURN, dice.between(0.0, 1.0))
    _seated_rider(world, body, pedal)
    if dice.chance(0.1):  # a child seat, a basket, a cargo box
        at = (dice.pick((-0.6, 0.9)), 0.0, dice.between(0.4, 0.8))
        world.box(body, at, (dice.between(0.3, 0.8), 0.4, dice.between(0.3, 0.6)))
    return body


def add_motorcycle(world: WorldBuilder, dice: Dice, place: Place) -> int:
    """Add a motorcycle or moped, with its rider unless it is parked."""
    body = _two_wheeler(world, dice, place, ActorClass.MOTORCYCLE)
    wheelbase = dice.between(1.2, 1.6)
    for axle in (0.5 * wheelbase, -0.5 * wheelbase):
        world.box(body, (axle, 0.0, 0.0), (0.63, 0.15, 0.63), rake=(0.1, 0.1))
    world.box(body, (0.0, 0.0, 0.35), (0.8 * wheelbase, 0.35, 0.5), rake=(0.1, 0.15))
    world.box(body, (0.35 * wheelbase, 0.0, 0.95), (0.1, dice.between(0.6, 0.85), 0.12))
    if dice.chance(0.3):
        world.box(body, (0.4 * wheelbase, 0.0, 0.9), (0.15, 0.45, 0.4), opacity=0.6)
    if dice.chance(0.3):
        world.box(body, (-0.6 * wheelbase, 0.0, 0.8), (0.4, 0.45, 0.35))
    if not _is_parked(dice, place):
        _seated_rider(world, body, RIGID)
        if dice.chance(0.1):
            world.ellipsoid(body, (-0.5, 0.0, 1.2), (0.18, 0.2, 0.34))
    return body


def add_scooter(world: WorldBuilder, dice: Dice, place: Place) -> int:
    """Add an e-scooter, with its rider standing on it unless it is parked."""
    body = _two_wheeler(world, dice, place, ActorClass.SCOOTER)
    world.box(body, (0.0, 0.0, 0.08), (1.0, 0.16, 0.1))
    world.box(body, (0.45, 0.0, 0.1), (0.08, 0.08, 1.05))
    world.box(body, (0.45, 0.0, 1.1), (0.06, 0.45, 0.06))
    if _is_parked(dice, place):
        return body
    height = dice.normal(1.72, 0.09)
    for ahead, side in ((0.12, 0.05), (-0.12, -0.05)):
        world.ellipsoid(body, (ahead, side, 0.2 + 0.25 * height), (0.1, 0.08, 0.27 * height))
    for side in (1.0, -1.0):
        world.ellipsoid(body, (0.22, 0.2 * side, 0.15 + 0.62 * height), (0.25, 0.06, 0.08))
    world.ellipsoid(body, (0.0, 0.0, 0.2 + 0.65 * height), (0.15, 0.22, 0.2 * height))
    world.ellipsoid(body, (0.03, 0.0, 0.2 + 0.92 * height), (0.11, 0.1, 0.075 * height))
    return body


def _two_wheeler(world: WorldBuilder, dice: Dice, place: Place, kind: ActorClass) -> int:
    return world.body(
        place,
        kind,
        half_range=dice.between(40.0, 110.0),
        reflectivity=dice.between(10.0, 90.0),
    )


def _is_parked(dice: Dice, place: Place) -> bool:
    return place.motion.top_speed == 0.0 and dice.chance(0.6)


def _seated_rider(world: WorldBuilder, body: int, pedal: Swing) -> None:
    world.ellipsoid(body, (-0.05, 0.0, 1.2), (0.18, 0.2, 0.34))
    world.ellipsoid(body, (0.12, 0.0, 1.62), (0.11, 0.1, 0.13))
    for side, lead in ((1.0, 0.0), (-1.0, 0.5)):
        world.ellipsoid(body, (0.08, 0.1 * side, 0.65), (0.13, 0.08, 0.33), pedal.scaled(1.0, lead))
        world.ellipsoid(body, (0.25, 0.2 * side, 1.2), (0.25, 0.06, 0.08))
