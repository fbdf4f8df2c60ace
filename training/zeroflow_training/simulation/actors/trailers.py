# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What follows on the same path: trailers, caravans, the sections of a tram."""

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import Triple, WorldBuilder
from .vehicles import Vehicle, add_wheels

_COUPLING = 0.8  # m between a vehicle and its trailer


def draw_trailer(dice: Dice, vehicle: Vehicle) -> tuple[float, Triple]:
    """A trailer that suits ``vehicle``: how far it follows behind (m), and its size (m)."""
    heavy = vehicle.kind is ActorClass.TRUCK
    if heavy:
        size = (dice.between(6.0, 13.6), 2.55, dice.between(2.6, 4.0))
    elif dice.chance(0.4):
        size = (dice.between(4.5, 7.0), dice.between(2.1, 2.4), dice.between(2.3, 2.7))
    else:
        size = (dice.between(1.8, 3.5), dice.between(1.2, 1.8), dice.between(0.8, 1.5))
    return 0.5 * (vehicle.size[0] + size[0]) + _COUPLING, size


def add_trailer(world: WorldBuilder, dice: Dice, place: Place, size: Triple) -> int:
    """Add a trailer of ``size``; ``place`` lags behind that of what pulls it."""
    body = world.body(
        place,
        ActorClass.TRAILER,
        half_range=dice.between(60.0, 140.0),
        reflectivity=dice.between(10.0, 90.0),
    )
    length, width, height = size
    floor = 1.0 if height > 2.5 else 0.4
    if dice.chance(0.75):
        world.box(body, (0.0, 0.0, floor), (length, width, height - floor), chamfer=0.05)
    else:  # a platform with something on it
        world.box(body, (0.0, 0.0, floor), (length, width, 0.2))
        load = (length * dice.between(0.3, 0.9), 0.8 * width, dice.between(0.3, height - floor))
        world.box(body, (0.0, 0.0, floor + 0.2), load)
    drawbar = (0.5 * (length + _COUPLING), 0.0, 0.4)
    world.box(body, drawbar, (_COUPLING + 0.2, 0.1, 0.1))
    heavy = length > 6.0
    axles = (-0.2, -0.3, -0.4) if heavy else (0.0,)
    add_wheels(world, body, length, width, axles, 0.95 if heavy else 0.6)
    return body


TRAM_WIDTH = 2.5
TRAM_SECTION = 7.0


def add_tram(world: WorldBuilder, dice: Dice, place: Place, sections: int) -> int:
    """Add a tram, its sections following each other along the path."""
    half_range, reflectivity = dice.between(80.0, 140.0), dice.between(15.0, 80.0)
    height, waist = dice.between(3.2, 3.6), dice.between(1.0, 1.3)
    opacity = dice.between(0.6, 1.0)
    size = (TRAM_SECTION - 0.5, TRAM_WIDTH)
    body = 0
    for section in range(sections):
        at = place.behind(TRAM_SECTION * section)
        body = world.body(at, ActorClass.TRAM, half_range=half_range, reflectivity=reflectivity)
        nose, tail = 0.6 * (section == 0), 0.6 * (section == sections - 1)
        top = height - waist - 0.6
        world.box(body, (0.0, 0.0, 0.3), (*size, waist))
        windows = (0.0, 0.0, 0.3 + waist)
        world.box(body, windows, (*size, top), rake=(nose, tail), opacity=opacity)
        world.box(body, (0.0, 0.0, height - 0.3), (size[0] - 1.2, size[1], 0.3))
        if section < sections - 1:
            bellows = (-0.5 * TRAM_SECTION, 0.0, 0.4)
            world.box(body, bellows, (0.6, 0.85 * TRAM_WIDTH, height - 0.8))
        if section == sections // 2:  # pantograph
            world.box(body, (0.0, 0.0, height), (0.3, 1.5, dice.between(0.8, 1.8)), opacity=0.3)
    return body - sections + 1
