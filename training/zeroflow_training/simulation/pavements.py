# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Life beside the lanes: people alone and in groups, riders, animals."""

import math

from .actors import (
    add_cyclist,
    add_deer,
    add_dog,
    add_motorcycle,
    add_pedestrian,
    add_scooter,
)
from .dice import Dice
from .motion import Motion
from .pace import CREEP, STAND, change_pace, walking_speed
from .place import Place
from .stage import DEER, DOG, PERSON, TWO_WHEELER, Stage

CROWDS, CROWD_SHARES = (3.0, 16.0, 45.0), (0.35, 0.3, 0.35)


def draw_crowd(stage: Stage) -> float:
    """How many groups of people are out, over the length of a short scene."""
    return stage.dice.pick(CROWDS, CROWD_SHARES)


def populate(stage: Stage, crowd: float) -> None:
    """People on pavements, along walls, between parked cars and on the carriageway."""
    dice = stage.dice
    spots = [_on_pavement, _on_pavement, _crossing_over]
    if stage.fronts:
        spots += [_along_front, _along_front]
    if stage.parked:
        spots += [_beside_parked, _beside_parked]
    for _ in range(dice.poisson(crowd * stage.share)):
        _add_group(stage, dice.pick(spots)(stage))
    for _ in range(dice.poisson(3.0 * stage.share)):
        _add_rider(stage)
    for _ in range(dice.poisson(0.3 * stage.share)):
        stage.actor(add_dog, _on_pavement(stage), [Motion(dice.between(0.0, 3.0))], DOG)


def add_wildlife(stage: Stage) -> None:
    """Deer away from the road, now and then on it."""
    dice, road = stage.dice, stage.road
    s, left = road.anywhere(dice), dice.sign() * (road.half_width + dice.between(-2.0, 30.0))
    for _ in range(dice.integer(1, 4)):
        place = road.place(s + dice.normal(0.0, 4.0), left + dice.normal(0.0, 3.0))
        speed = STAND if dice.chance(0.4) else dice.between(0.3, 8.0)
        stage.actor(add_deer, place.facing(dice.angle()), [Motion(speed)], DEER)


def _on_pavement(stage: Stage) -> Place:
    dice, road = stage.dice, stage.road
    left = dice.sign() * (road.half_width + dice.between(1.0, 6.0))
    heading = math.pi * dice.chance(0.5) + dice.normal(0.0, 0.2)
    place = road.place(road.anywhere(dice), left)
    return place.turned(heading if dice.chance(0.8) else dice.angle())


def _crossing_over(stage: Stage) -> Place:
    dice, road = stage.dice, stage.road
    left = dice.between(-1.0, 1.0) * (road.half_width + 2.0)
    s = road.anywhere(dice)
    if road.crossing is not None and dice.chance(0.5):  # at the lights
        s = road.crossing + dice.sign() * (road.crossing_half_width + dice.between(1.0, 4.0))
    return road.place(s, left).turned(0.5 * math.pi * dice.sign() + dice.normal(0.0, 0.15))


def _along_front(stage: Stage) -> Place:
    dice = stage.dice
    begin, end, left = dice.pick(stage.fronts)
    # Close to a wall a person is easily taken for a part of it.
    aside = math.copysign(dice.between(0.35, 1.4), -left)
    place = stage.road.place(dice.between(begin, end), left + aside)
    return place.turned(math.pi * dice.chance(0.5))


def _beside_parked(stage: Stage) -> Place:
    dice = stage.dice
    s, left = dice.pick(stage.parked)
    aside = dice.sign() * dice.between(1.3, 2.2)
    place = stage.road.place(s + dice.normal(0.0, 2.0), left + aside)
    return place.turned(math.pi * dice.chance(0.5))


def _add_group(stage: Stage, place: Place) -> None:
    dice = stage.dice
    speed = walking_speed(dice)
    walk = Motion(speed)
    if dice.chance(0.12):
        walk = change_pace(dice, walk, stage.duration_s) if speed else Motion().reaching(1.3, 0.8)
    size = 1 if dice.chance(0.65) else dice.integer(2, 5)
    for member in range(size):
        spread = 0.6 if member else 0.0
        # People who stand together face each other, people who walk together do not.
        own = place.turned(dice.normal(0.0, 0.06))
        if walk.top_speed == STAND:
            own = place.facing(dice.angle())
        stage.actor(add_pedestrian, _near(dice, own, spread), [walk], PERSON)
    if dice.chance(0.05):
        stage.actor(add_dog, _near(dice, place, 1.0), [walk], DOG)


def _near(dice: Dice, place: Place, spread: float) -> Place:
    """Another spot about ``spread`` m away, looking the same way."""
    x, y = place.x + dice.normal(0.0, spread), place.y + dice.normal(0.0, spread)
    return Place(x, y, place.heading)


def _add_rider(stage: Stage) -> None:
    dice, road = stage.dice, stage.road
    add = dice.pick((add_cyclist, add_scooter, add_motorcycle), (0.6, 0.25, 0.15))
    place = road.place(
        road.anywhere(dice), dice.sign() * (road.half_width + dice.between(-1.0, 4.0))
    )
    speed = STAND if dice.chance(0.3) else dice.between(0.8, 8.0)
    if dice.chance(0.15):
        speed = dice.between(*CREEP)
    place = place.turned(math.pi * dice.chance(0.5)).turned(dice.normal(0.0, 0.15 * stage.calm))
    stage.actor(add, place, [Motion(speed)], TWO_WHEELER)
