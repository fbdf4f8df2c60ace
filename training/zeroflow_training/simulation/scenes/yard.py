# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Yards: depots and works with containers, forklifts, and trucks that manoeuvre."""

import math

from ..actors import FORKLIFT_SIZE, add_forklift
from ..classes import ActorClass
from ..dice import Dice
from ..motion import STILL, EgoPath, Motion
from ..pace import CREEP, STAND, change_pace
from ..pavements import populate
from ..place import Place
from ..roadside import draw_lushness, furnish, lay_line, plant
from ..scenery import CONTAINER, add_clutter, add_containers, add_hall
from ..stage import Stage
from .base import Scene, draw_ego, draw_road, finish, travel_of

_LANE = 7.0  # m to each side of the ego vehicle's way that is kept free of stacks


def yard(dice: Dice, duration_s: float) -> Scene:
    """The ego vehicle on the way through a yard."""
    motion = Motion() if dice.chance(0.3) else draw_ego(dice, duration_s, 0.3, 6.0)
    way = draw_road(dice, 2, 3.5, 0, travel_of(motion, duration_s))
    stage = Stage.begin(dice, way, EgoPath(way.heading, motion), duration_s)
    for side in (-1.0, 1.0):
        _line_with_halls(stage, side, dice.between(14.0, 35.0))
        lay_line(stage, side, dice.between(25.0, 45.0), dice.between(40.0, 120.0))
    for _ in range(dice.integer(2, 6)):
        _stack_containers(stage)
    for _ in range(dice.poisson(4.0 * stage.share) + 1):
        _add_truck(stage)
    for _ in range(dice.poisson(2.5 * stage.share) + 1):
        _add_forklift(stage)
    for _ in range(dice.poisson(2.0 * stage.share)):
        place = _anywhere(stage).facing(dice.angle())
        stage.vehicle(place, [_shunting(stage), STILL], towing=0.2)
    populate(stage, dice.pick((2.0, 8.0, 20.0)))
    for _ in range(dice.poisson(15.0 * stage.share)):  # pallets, crates, drums
        place = _anywhere(stage)
        if stage.taken.claim(place, 0.9):
            add_clutter(stage.world, dice, place, dice.between(0.8, 2.0))
    plant(stage, 0.3 * draw_lushness(dice), nearest=15.0)
    furnish(stage, 0.4)
    return finish(stage)


def _anywhere(stage: Stage) -> Place:
    return stage.road.place(stage.road.anywhere(stage.dice), stage.dice.between(-25.0, 25.0))


def _line_with_halls(stage: Stage, side: float, left: float) -> None:
    dice, way = stage.dice, stage.road
    s = way.begin
    while s < way.end:
        length, depth = dice.between(20.0, 60.0), dice.between(12.0, 30.0)
        middle, s = s + 0.5 * length, s + length + dice.between(6.0, 25.0)
        if dice.chance(0.4):
            continue
        place = way.place(middle, side * (left + 0.5 * depth))
        if not stage.taken.claim_box(place, length, depth):
            continue
        add_hall(stage.world, dice, place, length, depth, -side)
        stage.fronts.append((middle - 0.5 * length, middle + 0.5 * length, side * left))
        for dock in range(int(length / 5.0)):  # trucks that stand at the gates
            if dice.chance(0.25):
                at = way.place(middle - 0.5 * length + 5.0 * dock, side * (left - 7.0))
                stage.vehicle(at.turned(-side * 0.5 * math.pi), [STILL], ActorClass.TRUCK)


def _stack_containers(stage: Stage) -> None:
    """A block of stacks side by side, with passages one can look through."""
    dice, way = stage.dice, stage.road
    length = dice.pick((6.06, 12.19))
    heading = way.heading + dice.pick((0.0, 0.5 * math.pi)) + dice.normal(0.0, 0.01)
    s, left = way.anywhere(dice), dice.sign() * dice.between(_LANE, 30.0)
    corner = way.place(s, left).facing(heading)
    for row in range(dice.integer(1, 4)):
        for column in range(dice.integer(1, 4)):
            place = corner.shifted((length + 0.4) * column, (CONTAINER[0] + 0.3) * row)
            # Neighbours nearly touch, as their discs must not.
            if stage.taken.claim_line(place, length - CONTAINER[0], 0.5 * CONTAINER[0]):
                add_containers(stage.world, dice, place, length)


def _shunting(stage: Stage) -> Motion:
    """Slow ways in narrow curves, as often back as ahead."""
    dice = stage.dice
    if dice.chance(0.3):
        return STILL
    speed = dice.sign() * dice.between(*CREEP)
    curvature = dice.normal(0.0, 0.06) if dice.chance(0.6) else 0.0
    motion = Motion(speed, curvature=curvature)
    return motion.reaching(STAND, 0.6, dice.between(0.0, 3.0)) if dice.chance(0.4) else motion


def _add_truck(stage: Stage) -> None:
    dice, way = stage.dice, stage.road
    heading = way.heading + math.pi * dice.chance(0.5) + dice.normal(0.0, 0.15)
    if dice.chance(0.4):
        heading = dice.angle()
    place = _anywhere(stage).facing(heading)
    stage.vehicle(place, [_shunting(stage), STILL], ActorClass.TRUCK, towing=0.06)


def _add_forklift(stage: Stage) -> None:
    dice = stage.dice
    speed = dice.sign() * dice.between(0.3, 4.0)
    motion = Motion(speed, curvature=dice.normal(0.0, 0.15))
    if dice.chance(0.3):
        motion = change_pace(dice, Motion(abs(speed)), stage.duration_s)
    heading = dice.angle()
    place = _anywhere(stage).facing(heading)
    stage.actor(add_forklift, place, [motion, STILL], FORKLIFT_SIZE)
