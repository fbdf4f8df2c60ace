# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Junctions: two streets, traffic that turns, waits and starts, people who cross."""

import math
from dataclasses import replace

from ..dice import Dice
from ..motion import EgoPath, Motion
from ..parking import park_along
from ..pavements import draw_crowd, populate
from ..roadside import draw_lushness, furnish, line_roadside, plant
from ..scenery import add_cables, add_signal
from ..stage import Stage
from ..traffic import TrafficStyle, add_strays, add_turning, cross_road, fill_lanes, turning
from .base import Scene, draw_ego, draw_road, finish, travel_of
from .street import ego_on


def crossing(dice: Dice, duration_s: float) -> Scene:
    """A junction of two streets near the ego vehicle."""
    motion = Motion() if dice.chance(0.4) else draw_ego(dice, duration_s, 0.5, 12.0)
    travel = travel_of(motion, duration_s)
    lanes = dice.integer(2, 6)
    ego_lane = dice.integer(0, max(lanes // 2 - 1, 0))
    road = draw_road(dice, lanes, dice.between(3.0, 3.6), ego_lane, travel)
    near = dice.between(8.0, 30.0)
    if motion.final_speed > 0.0:
        near = dice.between(-10.0, 30.0 + 0.5 * travel)
    road = replace(road, crossing=near, crossing_lanes=dice.integer(2, 4))
    ego, reach = ego_on(dice, road, motion, duration_s), 60.0
    if 0.5 < motion.top_speed < 8.0 and near > 8.0 and dice.chance(0.5):
        ego, reach = EgoPath(road.heading, turning(dice, road, motion, near)), 60.0 + travel
    stage = Stage.begin(dice, road, ego, duration_s)
    side_street = cross_road(road, reach)
    assert side_street is not None
    across = stage.along(side_street)
    style = replace(TrafficStyle.draw(dice), cyclists=0.1)
    for side in (-1.0, 1.0):
        line_roadside(stage, side)
        line_roadside(across, side)
    red = dice.chance(0.5)
    add_turning(stage, dice.poisson(2.0))
    add_turning(across, dice.poisson(2.0))
    fill_lanes(stage, style, ego_lane, red=not red and dice.chance(0.5))
    fill_lanes(across, style, red=red)
    for side in (-1.0, 1.0):
        if dice.chance(0.4):
            park_along(across if dice.chance(0.5) else stage, side)
    crowd = draw_crowd(stage)
    populate(stage, crowd)
    populate(across, 0.6 * crowd)
    _add_signals(stage)
    add_strays(stage)
    lushness = draw_lushness(dice)
    plant(stage, lushness)
    plant(across, 0.5 * lushness)
    furnish(stage)
    furnish(across, 0.5)
    return finish(stage)


def _add_signals(stage: Stage) -> None:
    dice, road = stage.dice, stage.road
    assert road.crossing is not None
    if dice.chance(0.6):
        for ahead in (1.0, -1.0):
            for side in (1.0, -1.0):
                s = road.crossing + ahead * (road.crossing_half_width + 1.0)
                place = road.place(s, side * (road.half_width + 0.8))
                if stage.taken.claim(place, 0.3):
                    place = place if side < 0.0 else place.turned(math.pi)
                    add_signal(stage.world, dice, place)
    if dice.chance(0.25):  # wires of a tramway or trolley bus
        offsets = (-1.8, -1.2, 1.2, 1.8)
        add_cables(stage.world, dice, road.place(road.crossing, 0.0), 100.0, offsets)
