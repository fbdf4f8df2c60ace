# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scenery along the road: building rows, walls, fences, banks, hedges, plants, poles, clutter."""

import math

from .dice import Dice
from .place import Place
from .scenery import (
    BRIDGE_FOOT,
    add_arcade,
    add_branches,
    add_bridge,
    add_building,
    add_bush,
    add_cables,
    add_clutter,
    add_embankment,
    add_fence,
    add_grass,
    add_hedge,
    add_kerb,
    add_pole,
    add_pole_row,
    add_racks,
    add_shelter,
    add_tree,
    add_wall,
)
from .stage import Stage


def line_roadside(stage: Stage, side: float) -> None:
    """Everything long on one side of the road, from the kerb outwards."""
    dice, road, world = stage.dice, stage.road, stage.world
    setback = dice.between(4.0, 16.0)
    if dice.chance(0.5):
        _lay_kerb(stage, side)
    style = dice.pick(("dense", "sparse", "none"), (0.45, 0.35, 0.2))
    if style != "none":
        _line_buildings(stage, side, setback, 2.0 if style == "dense" else 14.0)
    for _ in range(dice.poisson(0.8 * stage.share)):
        lay_line(stage, side, dice.between(1.2, setback), dice.between(8.0, 60.0))
    if dice.chance(0.2):
        length = dice.between(8.0, 40.0)
        s, left = road.anywhere(dice), side * (road.half_width + dice.between(0.4, 2.5))
        if not road.near_crossing(s, 0.5 * length):
            place = road.place(s, left)
            if stage.taken.claim_line(place, length, 0.2):
                add_pole_row(world, dice, place, length)
    if dice.chance(0.06):
        length, left = dice.between(12.0, 40.0), side * (road.half_width + 3.5)
        s = road.anywhere(dice)
        if not road.near_crossing(s, 0.5 * length):
            place = road.place(s, left)
            if stage.taken.claim_line(place, length, 0.3):
                add_arcade(world, dice, place, length, 4.0)
                stage.fronts.append((s - 0.5 * length, s + 0.5 * length, left))
    if dice.chance(0.25):
        _lay_bank(stage, side, setback + dice.between(4.0, 16.0))
    if dice.chance(0.15):
        left = side * (road.half_width + dice.between(0.5, 3.0))
        length = min(road.length, 120.0)
        place = road.place(road.anywhere(dice), left)
        add_cables(world, dice, place, length, (-0.4, 0.0))


def lay_line(stage: Stage, side: float, setback: float, length: float) -> None:
    """A wall, fence or hedge of some length, ``setback`` m from the road's edge."""
    dice, road = stage.dice, stage.road
    s, left = road.anywhere(dice), side * (road.half_width + setback)
    if road.near_crossing(s, 0.5 * length + 1.0):
        return
    place = road.place(s, left).turned(dice.normal(0.0, 0.02))
    kind = dice.pick(("wall", "fence", "hedge"), (0.4, 0.35, 0.25))
    length = min(length, 25.0) if kind == "hedge" else length
    if not stage.taken.claim_line(place, length, 0.5 if kind == "hedge" else 0.25):
        return
    if kind == "wall":
        add_wall(stage.world, dice, place, length, dice.between(0.6, 3.0))
    elif kind == "fence":
        add_fence(stage.world, dice, place, length)
    else:
        add_hedge(stage.world, dice, place, length)
    stage.fronts.append((s - 0.5 * length, s + 0.5 * length, left))


def _lay_bank(stage: Stage, side: float, setback: float) -> None:
    """A bank along the road, open where a street or a house is in its way."""
    dice, road = stage.dice, stage.road
    height, width, piece = dice.between(0.5, 3.5), dice.between(5.0, 12.0), 18.0
    slope = dice.between(0.5, 2.4)
    for index in range(int(road.length / piece)):
        s = road.begin + piece * (index + 0.5)
        place = road.place(s, side * (road.half_width + setback + 0.5 * width))
        free = not road.near_crossing(s, 0.5 * piece)
        if free and stage.taken.claim_box(place, piece, width):
            add_embankment(stage.world, place, (piece, width, height), slope)


def _lay_kerb(stage: Stage, side: float) -> None:
    """Pavement slabs, short enough to follow the ground."""
    dice, road = stage.dice, stage.road
    slab, width, height = 9.0, dice.between(1.5, 4.0), dice.between(0.08, 0.18)
    setback = dice.pick((0.2, 2.6))  # with or without room to park
    left = side * (road.half_width + setback + 0.5 * width)
    start = road.begin - dice.between(0.0, slab)
    for index in range(int(road.length / slab) + 1):
        s = start + slab * (index + 0.5)
        if not road.near_crossing(s, 4.0):
            add_kerb(stage.world, road.place(s, left), (slab, width, height))


def _line_buildings(stage: Stage, side: float, setback: float, mean_gap: float) -> None:
    dice, road = stage.dice, stage.road
    terrace = dice.chance(0.25)  # one facade without a break
    s = road.begin - dice.between(0.0, 10.0)
    while s < road.end:
        length = dice.between(25.0, 70.0) if terrace else dice.between(6.0, 30.0)
        depth = dice.between(6.0, 16.0)
        middle = s + 0.5 * length
        s += length + (0.0 if terrace else dice.exponential(mean_gap))
        if road.near_crossing(middle, 0.5 * length + 3.0):
            continue
        jut = 0.0 if terrace else abs(dice.normal(0.0, 1.0))
        front = road.half_width + setback + jut
        place = road.place(middle, side * (front + 0.5 * depth))
        place = place.turned(0.0 if terrace else dice.normal(0.0, 0.02))
        if not stage.taken.claim_box(place, length, depth):
            continue
        add_building(stage.world, dice, place, length, depth, -side)
        stage.fronts.append((middle - 0.5 * length, middle + 0.5 * length, side * front))


def span_bridge(stage: Stage, span: float) -> None:
    """A bridge somewhere over the road, ``span`` m between its feet."""
    dice, road = stage.dice, stage.road
    s, width = road.anywhere(dice), dice.between(4.0, 16.0)
    aside = 0.5 * (span + BRIDGE_FOOT)
    feet = [road.place(s, left) for left in (aside, -aside)]
    if all(stage.taken.claim_box(foot, width, BRIDGE_FOOT) for foot in feet):
        add_bridge(stage.world, dice, road.place(s, 0.0), span, width)


def plant(stage: Stage, lushness: float, nearest: float = 2.0) -> None:
    """Plants, dense near the road and thinning out with distance; ``lushness`` 1 is usual."""
    dice, world = stage.dice, stage.world
    lushness *= stage.share
    for _ in range(dice.poisson(10.0 * lushness)):
        place = _beside(stage, nearest, 7.0)
        if stage.taken.claim(place, 0.3):
            add_tree(world, dice, place)
    for _ in range(dice.poisson(10.0 * lushness)):
        place, size = _beside(stage, nearest + 0.5, 8.0), 2.5 if dice.chance(0.3) else 1.2
        if stage.taken.claim(place, size):
            add_bush(world, dice, place, size)
    for _ in range(dice.poisson(5.0 * lushness)):
        place = _beside(stage, 0.5, 6.0)
        if stage.taken.claim(place, 0.5):
            add_grass(world, dice, place, dice.between(0.5, 2.5))
    # Far, sparse green: a few returns a sweep, never the same ones twice.
    for _ in range(dice.poisson(8.0 * lushness)):
        place = _beside(stage, 12.0, 20.0)
        if not stage.taken.claim(place, 1.0):
            continue
        if dice.chance(0.4):
            add_tree(world, dice, place)
        else:
            add_bush(world, dice, place, dice.between(0.8, 2.5))
    for _ in range(dice.poisson(1.0 * lushness)):
        _hang_branches(stage)


def furnish(stage: Stage, amount: float = 1.0) -> None:
    """Poles, clutter and other small things beside the road; ``amount`` 1 is usual."""
    dice, world, amount = stage.dice, stage.world, amount * stage.share
    for _ in range(dice.poisson(12.0 * amount)):
        place = _beside(stage, 0.4, 2.5)
        if stage.taken.claim(place, 0.2):
            add_pole(world, dice, place)
    for _ in range(dice.poisson(9.0 * amount)):
        place, size = _beside(stage, 0.6, 6.0), dice.pick((1.0, 1.5, 4.0), (0.5, 0.3, 0.2))
        if stage.taken.claim(place, 0.5 * size):
            add_clutter(world, dice, place, size)
    for _ in range(dice.poisson(1.5 * amount)):
        place = _beside(stage, 1.5, 2.0)
        if stage.taken.claim(place, 1.5):
            place = place.turned(math.pi * dice.chance(0.5))
            add = add_shelter if dice.chance(0.4) else add_racks
            add(world, dice, place)


def _beside(stage: Stage, nearest: float, mean: float) -> Place:
    """A place beside the road, at least ``nearest`` and on average ``mean`` m further away."""
    dice, road = stage.dice, stage.road
    left = dice.sign() * (road.half_width + nearest + min(dice.exponential(mean), 55.0))
    s = road.anywhere(dice)
    while road.near_crossing(s, 2.0):
        s = road.anywhere(dice)
    return road.place(s, left)


def _hang_branches(stage: Stage) -> None:
    dice, road = stage.dice, stage.road
    s, side = road.anywhere(dice), dice.sign()
    place = road.place(s, side * (road.half_width + dice.between(1.5, 4.0)))
    if stage.taken.claim(place, 0.4):
        reach = dice.between(0.0, 1.0) * road.half_width
        over = road.place(s + dice.normal(0.0, 2.0), side * reach)
        add_branches(stage.world, dice, place, over)


def draw_lushness(dice: Dice) -> float:
    """How green a scene is: 1 is usual."""
    return dice.pick((0.2, 1.0, 3.0))
