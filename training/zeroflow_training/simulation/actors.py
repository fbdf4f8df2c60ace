# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What moves by itself: vehicles, pedestrians, cyclists. Sizes are those of common models."""

import math

from .classes import ActorClass
from .dice import Dice
from .motion import STILL, Motion
from .world import RIGID, Swing, WorldBuilder

VEHICLES = (ActorClass.CAR, ActorClass.VAN, ActorClass.TRUCK, ActorClass.BUS)
_VEHICLE_SHARES = (0.75, 0.13, 0.08, 0.04)


def add_vehicle(
    world: WorldBuilder,
    dice: Dice,
    x: float,
    y: float,
    heading: float,
    motion: Motion = STILL,
    kind: ActorClass | None = None,
) -> int:
    """Add a car, van, truck or bus (drawn unless ``kind`` says which)."""
    kind = kind or dice.pick(VEHICLES, _VEHICLE_SHARES)
    body = world.body(
        x,
        y,
        heading,
        kind,
        motion=motion,
        half_range=dice.between(45.0, 140.0),  # black paint is lost early
        reflectivity=dice.between(5.0, 90.0),
    )
    if kind is ActorClass.CAR:
        _car_shape(world, dice, body)
    elif kind is ActorClass.VAN:
        _van_shape(world, dice, body)
    elif kind is ActorClass.TRUCK:
        _truck_shape(world, dice, body)
    else:
        _bus_shape(world, dice, body)
    return body


def _car_shape(world: WorldBuilder, dice: Dice, body: int) -> None:
    tall = dice.chance(0.35)
    length, width = dice.normal(4.55, 0.3), dice.normal(1.85, 0.07)
    height = dice.normal(1.75 if tall else 1.46, 0.07)
    waist, clearance = height * dice.between(0.52, 0.62), dice.between(0.13, 0.28)
    world.box(
        body,
        (0.0, 0.0, clearance),
        (length, width, waist - clearance),
        rake=(dice.between(0.0, 0.12), dice.between(0.0, 0.1)),
        side_rake=0.05,
        chamfer=dice.between(0.15, 0.45),
    )
    cabin = length * (dice.between(0.65, 0.78) if tall else dice.between(0.5, 0.65))
    rear_rake = dice.between(0.05, 0.4) if tall else dice.between(0.2, 0.8)
    world.box(
        body,
        (-length * dice.between(0.02, 0.1), 0.0, waist - 0.02),
        (cabin, 0.95 * width, height - waist),
        rake=(dice.between(0.4, 0.9), rear_rake),
        side_rake=dice.between(0.1, 0.25),
        opacity=dice.between(0.5, 1.0),  # windows
    )
    _add_wheels(world, body, length, width, (0.31, -0.31), 0.62)


def _van_shape(world: WorldBuilder, dice: Dice, body: int) -> None:
    length, width = dice.normal(5.6, 0.4), dice.normal(2.05, 0.08)
    height = dice.normal(2.3, 0.2)
    world.box(
        body,
        (-0.3, 0.0, 0.25),
        (length - 0.6, width, height - 0.25),
        rake=(dice.between(0.3, 1.0), 0.05),
        side_rake=0.05,
        chamfer=0.1,
        opacity=dice.between(0.85, 1.0),
    )
    bonnet = (length / 2 - 0.6, 0.0, 0.25)
    world.box(body, bonnet, (1.2, 0.96 * width, 0.4 * height), chamfer=0.2)
    _add_wheels(world, body, length, width, (0.3, -0.3), 0.7)


def _truck_shape(world: WorldBuilder, dice: Dice, body: int) -> None:
    length, width = dice.between(6.5, 16.0), dice.between(2.3, 2.6)
    height, cab = dice.between(2.8, 4.0), dice.between(1.8, 2.5)
    cab_height = height * dice.between(0.7, 0.95) - 0.4
    front = (length / 2 - cab / 2, 0.0, 0.4)
    world.box(body, front, (cab, 0.97 * width, cab_height), rake=(0.3, 0.0), chamfer=0.15)
    floor = dice.between(0.6, 1.1)
    load = (-cab / 2 - 0.15, 0.0, floor)
    if dice.chance(0.8):
        world.box(body, load, (length - cab - 0.3, width, height - floor))
    else:  # an open flatbed with something on it
        world.box(body, load, (length - cab - 0.3, width, 0.25))
        cargo = (dice.between(1.0, 3.0), dice.between(0.8, 2.0), dice.between(0.4, 1.5))
        world.box(body, (dice.normal(-1.5, 0.7), 0.0, floor + 0.25), cargo)
    world.box(body, (-0.2, 0.0, 0.5), (length - 1.0, 0.5 * width, 0.4))
    _add_wheels(world, body, length, width, (0.36, -0.2, -0.36), 0.95)


def _bus_shape(world: WorldBuilder, dice: Dice, body: int) -> None:
    length, width, height = dice.between(9.0, 13.0), 2.55, dice.between(2.9, 3.4)
    waist = 0.35 * height
    world.box(body, (0.0, 0.0, 0.3), (length, width, waist), chamfer=0.15)
    windows = (length, width, height - waist - 0.6)
    opacity = dice.between(0.6, 1.0)
    world.box(body, (0.0, 0.0, 0.3 + waist), windows, chamfer=0.15, opacity=opacity)
    world.box(body, (0.0, 0.0, height - 0.3), (length, width, 0.3), chamfer=0.15)
    _add_wheels(world, body, length, width, (0.3, -0.28), 0.95)


def _add_wheels(
    world: WorldBuilder,
    body: int,
    length: float,
    width: float,
    axles: tuple[float, ...],
    diameter: float,
) -> None:
    inset = 0.5 * width - 0.1
    for axle in axles:
        for side in (inset, -inset):
            size = (diameter, 0.22, diameter)
            world.box(body, (axle * length, side, 0.0), size, rake=(0.08, 0.08))


def add_pedestrian(
    world: WorldBuilder,
    dice: Dice,
    x: float,
    y: float,
    heading: float,
    motion: Motion = STILL,
) -> int:
    """Add a person; legs and arms swing at the pace of the walk."""
    body = world.body(
        x,
        y,
        heading,
        ActorClass.PEDESTRIAN,
        motion=motion,
        half_range=dice.between(40.0, 110.0),
        reflectivity=dice.between(5.0, 60.0),
    )
    height = dice.between(1.2, 1.9) if dice.chance(0.2) else dice.normal(1.72, 0.08)
    shoulder = height * dice.between(0.115, 0.15)
    foot = RIGID
    if motion.top_speed > 0.0:
        stride = 0.42 * height * math.sqrt(motion.top_speed / 1.4)
        foot = Swing.footfall(stride, dice.between(0.0, 1.0))
    for side in (1.0, -1.0):
        hip = 0.055 * height * side
        shin = foot if side > 0.0 else foot.scaled(1.0, 0.5)
        thigh, arm = shin.scaled(0.4), shin.scaled(0.5, 0.5)
        world.ellipsoid(body, (0.0, hip, 0.38 * height), (0.1, 0.085, 0.14 * height), thigh)
        world.ellipsoid(body, (0.0, hip, 0.13 * height), (0.08, 0.06, 0.14 * height), shin)
        reach = (shoulder + 0.05) * side
        world.ellipsoid(body, (0.0, reach, 0.63 * height), (0.07, 0.055, 0.18 * height), arm)
    world.ellipsoid(body, (0.0, 0.0, 0.65 * height), (0.14, shoulder, 0.2 * height))
    world.ellipsoid(body, (0.0, 0.0, 0.92 * height), (0.1, 0.085, 0.075 * height))
    if dice.chance(0.15):  # a bag, a rucksack, a pram
        size = (dice.between(0.2, 0.7), dice.between(0.2, 0.5), dice.between(0.25, 0.7))
        spot = (dice.pick((-0.3, 0.6)), dice.between(-0.3, 0.3), dice.between(0.1, 0.9))
        world.box(body, spot, size)
    return body


def add_cyclist(
    world: WorldBuilder,
    dice: Dice,
    x: float,
    y: float,
    heading: float,
    motion: Motion = STILL,
) -> int:
    """Add a bicycle or motorcycle, with its rider unless it is parked."""
    body = world.body(
        x,
        y,
        heading,
        ActorClass.CYCLIST,
        motion=motion,
        half_range=dice.between(40.0, 110.0),
        reflectivity=dice.between(10.0, 90.0),
    )
    motor = dice.chance(0.25)
    wheel_width = 0.12 if motor else 0.05
    for axle in (0.52, -0.52):
        wheel = (0.66, wheel_width, 0.66)
        bottom = (axle, 0.0, 0.0)
        world.box(body, bottom, wheel, rake=(0.1, 0.1), opacity=0.9 if motor else 0.5)
    frame = (0.9, 0.3, 0.45) if motor else (0.9, 0.06, 0.35)
    world.box(body, (0.0, 0.0, 0.4), frame, opacity=1.0 if motor else 0.5)
    world.box(body, (0.45, 0.0, 0.9), (0.08, 0.55, 0.1))
    if motion.speed == 0.0 and dice.chance(0.6):
        return body
    world.ellipsoid(body, (-0.05, 0.0, 1.2), (0.18, 0.2, 0.34))
    world.ellipsoid(body, (0.12, 0.0, 1.62), (0.11, 0.1, 0.13))
    for side in (1.0, -1.0):
        pedalling = RIGID if motor else Swing(0.12, 0.2, 0.0 if side > 0 else 0.5)
        world.ellipsoid(body, (0.08, 0.1 * side, 0.65), (0.13, 0.08, 0.33), pedalling)
        world.ellipsoid(body, (0.25, 0.2 * side, 1.2), (0.25, 0.06, 0.08))
    return body
