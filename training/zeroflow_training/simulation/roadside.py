# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scenery along the road: building rows, walls, banks, hedges, trees, poles, clutter."""

from .dice import Dice
from .road import Occupancy, Road
from .scenery import (
    add_building,
    add_bush,
    add_clutter,
    add_embankment,
    add_hedge,
    add_kerb,
    add_pole,
    add_tree,
    add_wall,
)
from .world import WorldBuilder


def line_roadside(world: WorldBuilder, dice: Dice, road: Road, side: float) -> None:
    """Everything long on one side of the road, from the kerb outwards."""
    setback = dice.between(4.0, 16.0)
    if dice.chance(0.5):
        _lay_kerb(world, dice, road, side)
    style = dice.pick(("dense", "sparse", "none"), (0.45, 0.35, 0.2))
    if style != "none":
        mean_gap = 2.0 if style == "dense" else 14.0
        _line_buildings(world, dice, road, side, setback, mean_gap)
    for _ in range(dice.poisson(0.8 * road.length / 140.0)):
        length = dice.between(8.0, 60.0)
        left = side * (road.half_width + dice.between(1.2, setback))
        x, y = road.place(road.anywhere(dice), left)
        heading = road.heading + dice.normal(0.0, 0.03)
        add_wall(world, dice, x, y, heading, length, dice.between(0.6, 3.0))
    for _ in range(dice.poisson(0.4 * road.length / 140.0)):
        left = side * (road.half_width + dice.between(2.5, setback))
        x, y = road.place(road.anywhere(dice), left)
        add_hedge(world, dice, x, y, road.heading, dice.between(5.0, 25.0))
    if dice.chance(0.25):
        left = side * (road.half_width + setback + dice.between(4.0, 16.0))
        x, y = road.place(0.5 * (road.begin + road.end), left)
        add_embankment(world, dice, x, y, road.heading, road.length)


def _lay_kerb(world: WorldBuilder, dice: Dice, road: Road, side: float) -> None:
    """Pavement slabs, short enough to follow the ground."""
    slab, width, height = 9.0, dice.between(1.5, 4.0), dice.between(0.08, 0.18)
    setback = dice.pick((0.2, 2.6))  # with or without room to park
    left = side * (road.half_width + setback + 0.5 * width)
    start = road.begin - dice.between(0.0, slab)
    for index in range(int(road.length / slab) + 1):
        s = start + slab * (index + 0.5)
        if not road.near_crossing(s, 4.0):
            add_kerb(world, *road.place(s, left), road.heading, (slab, width, height))


def _line_buildings(
    world: WorldBuilder, dice: Dice, road: Road, side: float, setback: float, mean_gap: float
) -> None:
    s = road.begin - dice.between(0.0, 10.0)
    while s < road.end:
        length, depth = dice.between(6.0, 30.0), dice.between(6.0, 16.0)
        middle = s + 0.5 * length
        s += length + dice.exponential(mean_gap)
        if road.near_crossing(middle, 0.5 * length + 3.0):
            continue
        distance = road.half_width + setback + 0.5 * depth + abs(dice.normal(0.0, 1.0))
        x, y = road.place(middle, side * distance)
        heading = road.heading + dice.normal(0.0, 0.02)
        add_building(world, dice, x, y, heading, length, depth, -side)


def scatter_scenery(world: WorldBuilder, dice: Dice, road: Road, taken: Occupancy) -> None:
    """Plants, poles and clutter, dense near the road and thinning out with distance."""
    share = road.length / 140.0
    lushness = dice.pick((0.2, 1.0, 3.0)) * share
    edge = road.half_width

    def beside(nearest: float, mean: float) -> tuple[float, float]:
        left = dice.sign() * (edge + nearest + min(dice.exponential(mean), 55.0))
        return road.place(road.anywhere(dice), left)

    for _ in range(dice.poisson(10.0 * lushness)):
        x, y = beside(2.0, 7.0)
        if taken.claim(x, y, 0.3):
            add_tree(world, dice, x, y)
    for _ in range(dice.poisson(10.0 * lushness)):
        x, y = beside(2.5, 8.0)
        add_bush(world, dice, x, y, 2.5 if dice.chance(0.3) else 1.2)
    # Far, sparse green: a few returns a sweep, never the same ones twice.
    for _ in range(dice.poisson(8.0 * lushness)):
        x, y = beside(12.0, 20.0)
        if dice.chance(0.4):
            add_tree(world, dice, x, y)
        else:
            add_bush(world, dice, x, y, dice.between(0.8, 2.5))
    for _ in range(dice.poisson(12.0 * share)):
        x, y = beside(0.4, 2.5)
        if taken.claim(x, y, 0.2):
            add_pole(world, dice, x, y)
    for _ in range(dice.poisson(9.0 * share)):
        x, y = beside(0.6, 6.0)
        size = dice.pick((1.0, 1.5, 4.0), (0.5, 0.3, 0.2))
        if taken.claim(x, y, 0.5 * size):
            add_clutter(world, dice, x, y, size)
