# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Streets: lanes of traffic between pavements, facades and green."""

from dataclasses import replace

from ..dice import Dice
from ..motion import EgoPath, Motion
from ..parking import fill_car_park, park_along
from ..pavements import draw_crowd, populate
from ..road import Road
from ..roadside import draw_lushness, furnish, line_roadside, plant, span_bridge
from ..stage import Stage
from ..traffic import TrafficStyle, add_strays, cross_road, fill_lanes
from .base import Scene, draw_ego, draw_road, finish, travel_of


def street(dice: Dice, duration_s: float) -> Scene:
    """A street, perhaps with a side street, and its traffic."""
    motion = Motion() if dice.chance(0.3) else draw_ego(dice, duration_s, 0.5, 16.0)
    travel = travel_of(motion, duration_s)
    lanes = dice.integer(1, 5)
    ego_lane = dice.integer(0, max(lanes // 2 - 1, 0))
    road = draw_road(dice, lanes, dice.between(3.0, 3.8), ego_lane, travel)
    if dice.chance(0.5):
        crossing = dice.between(-40.0, 50.0 + travel)
        road = replace(road, crossing=crossing, crossing_lanes=dice.integer(1, 3))
    ego = ego_on(dice, road, motion, duration_s)
    stage = Stage.begin(dice, road, ego, duration_s)
    style = TrafficStyle.draw(dice)
    for side in (-1.0, 1.0):
        line_roadside(stage, side)
    if dice.chance(0.06):
        span_bridge(stage, 2.0 * road.half_width + dice.between(6.0, 14.0))
    fill_lanes(stage, style, ego_lane)
    side_street = cross_road(road)
    if side_street:
        fill_lanes(stage.along(side_street), style)
    for side in (-1.0, 1.0):
        if dice.chance(0.65):
            park_along(stage, side)
    if dice.chance(0.15):
        fill_car_park(stage)
    populate(stage, draw_crowd(stage))
    add_strays(stage)
    plant(stage, draw_lushness(dice))
    furnish(stage)
    return finish(stage)


def ego_on(dice: Dice, road: Road, motion: Motion, duration_s: float) -> EgoPath:
    """The ego vehicle, mostly along its lane; short scenes catch it turning off as well."""
    calm = 1.0 / max(1.0, duration_s)
    turning = duration_s <= 1.0 and motion.top_speed < 9.0 and dice.chance(0.2)
    skew = dice.normal(0.0, 0.4) if turning else dice.normal(0.0, 0.02 * calm)
    curvature = 0.0
    if dice.chance(0.5):
        curvature = dice.normal(0.0, 0.3 if turning else 0.08) / max(motion.top_speed, 3.0)
    return EgoPath(road.heading + skew, replace(motion, curvature=curvature * calm**2))
