# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Car parks: rows of parked cars, slow manoeuvres, people between the cars."""

from ..actors import add_pedestrian
from ..dice import Dice
from ..motion import EgoPath, Motion
from ..parking import fill_rows
from ..pavements import populate
from ..roadside import draw_lushness, furnish, lay_line, plant
from ..scenery import add_building, add_deck
from ..stage import PERSON, Stage
from ..traffic import TrafficStyle, fill_lanes
from .base import Scene, draw_ego, draw_road, finish, travel_of


def car_park(dice: Dice, duration_s: float) -> Scene:
    """The ego vehicle in an aisle of a car park or on a deck."""
    motion = Motion() if dice.chance(0.3) else draw_ego(dice, duration_s, 0.3, 4.0)
    if motion.speed and dice.chance(0.15):
        motion = Motion(-dice.between(0.3, 1.5))
    aisle = draw_road(dice, 2, 3.2, 0, max(0.0, travel_of(motion, duration_s)))
    ego = EgoPath(aisle.heading, motion)
    stage = Stage.begin(dice, aisle, ego, duration_s)
    begin = dice.between(-60.0, -20.0)
    slots = dice.integer(12, 40)
    edge = aisle.half_width + 2.6
    density = dice.pick((0.35, 0.7, 0.93))
    rows = {side: dice.integer(1, 5) for side in (-1.0, 1.0)}
    _add_building(stage, begin, slots, edge + 17.0 * (rows[1.0] // 2) + 12.0)
    if dice.chance(0.2):
        ends = (-edge - 2.6, edge + 2.6)
        add_deck(
            stage.world,
            dice,
            aisle.place(begin + 1.35 * slots, 0.0),
            2.7 * slots,
            dice.between(30.0, 60.0),
            ends,
        )
    for side in (-1.0, 1.0):
        lay_line(stage, side, edge + 17.0 * (rows[side] // 2) + 8.0, 2.7 * slots)
        fill_rows(stage, begin, side * edge, side, rows[side], slots, density)
    style = TrafficStyle(4.0, dice.pick((15.0, 40.0)), shares=(0.9, 0.1, 0.0, 0.0))
    fill_lanes(stage, style, 0)
    populate(stage, dice.pick((4.0, 18.0, 45.0)))
    plant(stage, draw_lushness(dice), nearest=6.0)
    furnish(stage)
    return finish(stage)


def _add_building(stage: Stage, begin: float, slots: int, left: float) -> None:
    """The shop, office or station that the car park belongs to."""
    dice, aisle = stage.dice, stage.road
    length, depth = dice.between(15.0, 60.0), dice.between(10.0, 30.0)
    middle = begin + 1.35 * slots
    place = aisle.place(middle, left + 0.5 * depth)
    if not stage.taken.claim_box(place, length, depth):
        return
    add_building(stage.world, dice, place, length, depth, -1.0)
    stage.fronts.append((middle - 0.5 * length, middle + 0.5 * length, left))
    for _ in range(dice.poisson(2.0)):  # people about to go in
        at = aisle.place(middle + dice.normal(0.0, 6.0), left - dice.between(1.0, 6.0))
        stage.actor(add_pedestrian, at.facing(dice.angle()), [Motion()], PERSON)
