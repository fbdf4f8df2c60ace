# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Highways: fast lanes between guard rails, under gantries and bridges."""

import math

from ..actors import add_pedestrian
from ..dice import Dice
from ..motion import STILL, EgoPath, Motion
from ..pavements import add_wildlife
from ..place import Place
from ..road import Road
from ..roadside import draw_lushness, furnish, plant, span_bridge
from ..scenery import (
    add_embankment,
    add_fence,
    add_gantry,
    add_guard_rail,
    add_hedge,
    add_noise_barrier,
    add_pole_row,
)
from ..stage import PERSON, Stage
from ..traffic import TrafficStyle, fill_lanes
from .base import Scene, draw_ego, draw_road, finish, travel_of

_SHOULDER = 2.8  # m


def highway(dice: Dice, duration_s: float) -> Scene:
    """A divided highway, flowing or congested."""
    jam = dice.chance(0.2)
    motion = draw_ego(dice, duration_s, 0.0, 6.0) if jam else draw_ego(dice, duration_s, 14.0, 31.0)
    travel = travel_of(motion, duration_s)
    lanes = 2 * dice.integer(2, 3)
    ego_lane = dice.integer(0, lanes // 2 - 1)
    road = draw_road(dice, lanes, 3.65, ego_lane, travel, median=dice.between(2.0, 6.0))
    stage = Stage.begin(dice, road, EgoPath(road.heading, motion), duration_s)
    _lay_rail(stage, 0.0)
    for side in (-1.0, 1.0):
        _line_highway(stage, side)
    gap = 12.0 if jam else dice.pick((25.0, 70.0))
    shares = (0.6, 0.13, 0.23, 0.04)
    style = TrafficStyle(6.0 if jam else 33.0, gap, cyclists=0.0, shares=shares)
    fill_lanes(stage, style, ego_lane)
    _add_overhead(stage)
    if dice.chance(0.2):
        _add_breakdown(stage)
    if dice.chance(0.12):
        add_wildlife(stage)
    plant(stage, 0.6 * draw_lushness(dice), nearest=5.0)
    furnish(stage, 0.3)
    return finish(stage)


def _lay_rail(stage: Stage, left: float) -> None:
    place, road = _middle(stage.road, left), stage.road
    if stage.taken.claim_line(place, road.length, 0.4):
        add_guard_rail(stage.world, stage.dice, place, road.length)


def _middle(road: Road, left: float) -> Place:
    return road.place(0.5 * (road.begin + road.end), left)


def _line_highway(stage: Stage, side: float) -> None:
    """What accompanies a highway: rail, marker poles, noise barrier, bank, game fence."""
    dice, road, world = stage.dice, stage.road, stage.world
    edge = road.half_width + _SHOULDER
    if dice.chance(0.7):
        _lay_rail(stage, side * edge)
    if dice.chance(0.5):
        place = _middle(road, side * (edge + 0.8))
        add_pole_row(world, dice, place, min(road.length, 150.0))
    beyond = dice.pick(("noise", "bank", "hedge", "nothing"), (0.3, 0.3, 0.15, 0.25))
    left = side * (edge + dice.between(2.0, 8.0))
    if beyond == "noise":
        place = _middle(road, left)
        if stage.taken.claim_line(place, road.length, 0.5):
            add_noise_barrier(world, dice, place, road.length)
    elif beyond == "bank":
        size = (road.length, dice.between(5.0, 12.0), dice.between(0.5, 4.0))
        bank = _middle(road, left + side * 0.5 * size[1])
        add_embankment(world, bank, size, dice.between(0.5, 2.4))
    elif beyond == "hedge":
        for _ in range(int(road.length / 30.0)):
            place = road.place(road.anywhere(dice), left)
            add_hedge(world, dice, place, dice.between(8.0, 25.0))
    if dice.chance(0.3):
        place = _middle(road, side * (edge + dice.between(9.0, 16.0)))
        add_fence(world, dice, place, road.length)


def _add_overhead(stage: Stage) -> None:
    dice, road = stage.dice, stage.road
    span = 2.0 * (road.half_width + _SHOULDER) + 2.0
    for _ in range(dice.poisson(0.6 * stage.share)):
        place = road.place(road.anywhere(dice), 0.0)
        add_gantry(stage.world, dice, place, span)
    for _ in range(dice.poisson(0.35 * stage.share)):
        span_bridge(stage, span + dice.between(0.0, 8.0))


def _add_breakdown(stage: Stage) -> None:
    """A vehicle on the shoulder, and somebody beside it."""
    dice, road = stage.dice, stage.road
    s, left = road.anywhere(dice), -(road.half_width + 0.5 * _SHOULDER)
    stage.vehicle(road.place(s, left), [STILL])
    for _ in range(dice.integer(1, 2)):
        place = road.place(s + dice.normal(0.0, 3.0), left - 1.6)
        walk = Motion(dice.between(0.0, 1.4))
        place = place.turned(math.pi * dice.chance(0.5))
        stage.actor(add_pedestrian, place, [walk, STILL], PERSON)
