# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cars, vans, trucks and buses, in the sizes of common models."""

from dataclasses import dataclass

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import Triple, WorldBuilder

VEHICLES = (ActorClass.CAR, ActorClass.VAN, ActorClass.TRUCK, ActorClass.BUS)
VEHICLE_SHARES = (0.75, 0.13, 0.08, 0.04)


@dataclass(frozen=True)
class Vehicle:
    """What kind of vehicle, and its ``size`` (length, width, height in m)."""

    kind: ActorClass
    size: Triple

    @classmethod
    def draw(cls, dice: Dice, kind: ActorClass | None = None) -> "Vehicle":
        """A vehicle, of any kind unless ``kind`` says which."""
        kind = kind or dice.pick(VEHICLES, VEHICLE_SHARES)
        if kind is ActorClass.CAR:
            height = dice.normal(1.75 if dice.chance(0.35) else 1.46, 0.05)
            return cls(kind, (dice.normal(4.5, 0.35), dice.normal(1.85, 0.07), height))
        if kind is ActorClass.VAN:
            return cls(
                kind, (dice.normal(5.6, 0.4), dice.normal(2.05, 0.08), dice.normal(2.3, 0.2))
            )
        if kind is ActorClass.TRUCK:
            return cls(
                kind, (dice.between(6.5, 12.0), dice.between(2.3, 2.6), dice.between(2.8, 4.0))
            )
        return cls(kind, (dice.between(9.0, 13.0), 2.55, dice.between(2.9, 3.4)))


def add_vehicle(world: WorldBuilder, dice: Dice, place: Place, vehicle: Vehicle) -> int:
    """Add a car, van, truck or bus."""
    body = world.body(
        place,
        vehicle.kind,
        half_range=dice.between(45.0, 140.0),  # black paint is lost early
        reflectivity=dice.between(5.0, 90.0),
    )
    shape = {
        ActorClass.CAR: _car_shape,
        ActorClass.VAN: _van_shape,
        ActorClass.TRUCK: _truck_shape,
        ActorClass.BUS: _bus_shape,
    }[vehicle.kind]
    shape(world, dice, body, vehicle.size)
    return body


def _car_shape(world: WorldBuilder, dice: Dice, body: int, size: Triple) -> None:
    length, width, height = size
    tall = height > 1.6
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
    add_wheels(world, body, length, width, (0.31, -0.31), 0.62)


def _van_shape(world: WorldBuilder, dice: Dice, body: int, size: Triple) -> None:
    length, width, height = size
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
    add_wheels(world, body, length, width, (0.3, -0.3), 0.7)


def _truck_shape(world: WorldBuilder, dice: Dice, body: int, size: Triple) -> None:
    length, width, height = size
    cab = dice.between(1.8, 2.5)
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
    add_wheels(world, body, length, width, (0.36, -0.2, -0.36), 0.95)


def _bus_shape(world: WorldBuilder, dice: Dice, body: int, size: Triple) -> None:
    length, width, height = size
    waist = 0.35 * height
    world.box(body, (0.0, 0.0, 0.3), (length, width, waist), chamfer=0.15)
    windows = (length, width, height - waist - 0.6)
    opacity = dice.between(0.6, 1.0)
    world.box(body, (0.0, 0.0, 0.3 + waist), windows, chamfer=0.15, opacity=opacity)
    world.box(body, (0.0, 0.0, height - 0.3), (length, width, 0.3), chamfer=0.15)
    add_wheels(world, body, length, width, (0.3, -0.28), 0.95)


def add_wheels(
    world: WorldBuilder,
    body: int,
    length: float,
    width: float,
    axles: tuple[float, ...],
    diameter: float,
) -> None:
    """Add a pair of wheels at each of ``axles`` (shares of ``length`` ahead of the centre)."""
    inset = 0.5 * width - 0.1
    for axle in axles:
        for side in (inset, -inset):
            size = (diameter, 0.22, diameter)
            world.box(body, (axle * length, side, 0.0), size, rake=(0.08, 0.08))
