# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Working machines: forklifts, carriers without a driver."""

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import Triple, WorldBuilder

FORKLIFT_SIZE = (3.4, 1.3)  # with its forks


def add_forklift(world: WorldBuilder, dice: Dice, place: Place) -> int:
    """Add a forklift, mostly with a load; its forks point ahead."""
    body = world.body(
        place,
        ActorClass.MACHINE,
        half_range=dice.between(60.0, 120.0),
        reflectivity=dice.between(20.0, 90.0),
    )
    mast = dice.between(2.1, 3.5)
    world.box(body, (-0.5, 0.0, 0.2), (1.9, 1.2, 0.9), rake=(0.0, 0.15), chamfer=0.15)
    world.box(body, (-0.4, 0.0, 1.1), (1.1, 1.1, 0.95), opacity=0.35)  # the driver's cage
    world.box(body, (-0.4, 0.0, 2.05), (1.2, 1.1, 0.08))
    world.ellipsoid(body, (-0.5, 0.0, 1.4), (0.2, 0.25, 0.4))
    for side in (0.35, -0.35):
        world.box(body, (0.55, side, 0.1), (0.15, 0.12, mast))
        world.box(body, (1.15, side, 0.05), (1.1, 0.12, 0.06))
    if dice.chance(0.6):
        lifted = dice.between(0.1, 0.6) if dice.chance(0.8) else dice.between(0.6, mast - 0.3)
        load = (dice.between(0.8, 1.2), dice.between(0.8, 1.2), dice.between(0.4, 1.6))
        world.box(body, (1.15, 0.0, lifted), load)
    return body


def add_carrier(world: WorldBuilder, dice: Dice, place: Place, *, size: Triple) -> int:
    """Add a driverless carrier: a plain box, which has nothing on its sides to hold on to."""
    body = world.body(
        place,
        ActorClass.MACHINE,
        half_range=dice.between(60.0, 200.0),
        reflectivity=dice.between(20.0, 90.0),
    )
    world.box(body, (0.0, 0.0, dice.pick((0.0, 0.1, 0.3))), size)
    return body
