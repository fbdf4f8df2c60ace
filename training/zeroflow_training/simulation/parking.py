# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parked vehicles: rows along a road, car parks, and who comes and goes there."""

import math

from .actors import add_cyclist, add_motorcycle, add_scooter
from .classes import ActorClass
from .motion import STILL, Motion
from .pace import arriving, leaving
from .place import Place
from .stage import TWO_WHEELER, Stage

_TURN_RADIUS = 5.5
_SLOT = 2.7


def park_along(stage: Stage, side: float) -> None:
    """A row of parked cars along one side: parallel, angled or perpendicular."""
    dice, road = stage.dice, stage.road
    angle = dice.pick((0.0, math.pi / 4, math.pi / 2), (0.6, 0.2, 0.2))
    pitch = {0.0: 6.0, math.pi / 4: 3.8}.get(angle, 2.8)
    left = side * (road.half_width + dice.between(1.1, 1.6) + (1.5 if angle else 0.0))
    density = dice.between(0.3, 1.0)
    s = road.begin
    while s < road.end:
        s += pitch + dice.exponential(0.6)
        if road.near_crossing(s, 6.0) or not dice.chance(density):
            continue
        heading = road.heading + side * angle + dice.normal(0.0, 0.03)
        place = road.place(s, left + dice.normal(0.0, 0.1)).facing(heading)
        _park(stage, place, side, angle)
        stage.parked.append((s, left))


def _park(stage: Stage, place: Place, side: float, angle: float) -> None:
    """One vehicle at a place beside the road, parked there, or on its way in or out."""
    dice = stage.dice
    nose_out = dice.chance(0.3) if angle else side > 0.0
    if nose_out:
        place = place.turned(math.pi)
    motions = [STILL]
    if dice.chance(0.06):
        motions = [_manoeuvre(stage, side, angle, nose_out), STILL]
    if dice.chance(0.06):
        add = dice.pick((add_cyclist, add_motorcycle, add_scooter))
        stage.actor(add, place, motions[-1:], TWO_WHEELER)
    else:
        kind = None if dice.chance(0.25) and not angle else ActorClass.CAR
        stage.vehicle(place, motions, kind, towing=0.03 * (angle == 0.0))


def _manoeuvre(stage: Stage, side: float, angle: float, nose_out: bool) -> Motion:
    """Into or out of a parking place at the ``side`` of a road."""
    dice = stage.dice
    if angle == 0.0:  # the bend leads to the left of the way, where the lane is
        turn = dice.between(0.15, 0.4)
        path = Motion(curvature=1.0 / _TURN_RADIUS, bend=(0.0, turn * _TURN_RADIUS))
        if dice.chance(0.5) and stage.duration_s <= 1.0:
            return leaving(dice, stage.duration_s, path, 1.0)
        return arriving(dice, stage.duration_s, path, -1.0)
    way = 1.0 if nose_out else -1.0  # which direction leads out
    arc = sorted((way * 2.5, way * (2.5 + angle * _TURN_RADIUS)))
    path = Motion(curvature=dice.sign() / _TURN_RADIUS, bend=(arc[0], arc[1]))
    if dice.chance(0.5):
        return leaving(dice, stage.duration_s, path, way)
    return arriving(dice, stage.duration_s, path, -way)


def fill_rows(
    stage: Stage, begin: float, left: float, side: float, rows: int, slots: int, density: float
) -> None:
    """Rows of perpendicular slots with aisles between each two of them.

    The first row starts at the place (``begin``, ``left``); the others lie to its ``side``.
    """
    dice, road = stage.dice, stage.road
    offset = 0.0
    for row in range(rows):
        aisle = -side if row % 2 == 0 else side  # which side its aisle is on
        for slot in range(slots):
            if not dice.chance(density):
                continue
            s = begin + _SLOT * slot
            at = left + side * offset
            heading = road.heading - aisle * 0.5 * math.pi + dice.normal(0.0, 0.03)
            place = road.place(s, at + dice.normal(0.0, 0.15)).facing(heading)
            _park(stage, place, -aisle, 0.5 * math.pi)
            stage.parked.append((s, at))
        offset += 5.2 if row % 2 == 0 else 11.5


def fill_car_park(stage: Stage) -> None:
    """Some rows of parked cars beside the road."""
    dice, road = stage.dice, stage.road
    side = dice.sign()
    left = side * (road.half_width + dice.between(8.0, 16.0))
    rows, slots = dice.integer(1, 3), dice.integer(3, 9)
    fill_rows(stage, road.anywhere(dice), left, side, rows, slots, 0.75)
