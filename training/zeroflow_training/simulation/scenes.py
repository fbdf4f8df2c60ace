# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole scenes: random streets to learn from, and one analytic scene to check against."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .classes import ActorClass
from .dice import Dice
from .motion import EgoPath, Motion, tilt_matrix
from .pavements import populate_pavements
from .road import REACH, Occupancy, Road
from .roadside import line_roadside, scatter_scenery
from .terrain import Terrain
from .traffic import (
    TrafficStyle,
    add_strays,
    fill_car_park,
    fill_cross_street,
    fill_lanes,
    park_along,
)
from .world import World, WorldBuilder

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """A world, the ground it stands on, and the ego vehicle's way through it.

    ``gravity_tilt`` float64 [3, 3] turns the scene into the world frame that poses are given
    in: a constant slope of everything, which a lidar on the slope cannot see.
    """

    world: World
    ego: EgoPath = field(default_factory=EgoPath)
    terrain: Terrain = field(default_factory=Terrain)
    gravity_tilt: F64 = field(default_factory=lambda: np.eye(3))


def street_scene(dice: Dice, duration_s: float = 0.5) -> Scene:
    """A random street with its traffic, good for ``duration_s`` seconds from time 0."""
    world, taken = WorldBuilder(), Occupancy()
    style = TrafficStyle.draw(dice, duration_s)
    ego_speed = 0.0 if dice.chance(0.35) else dice.between(0.5, 16.0)
    road, ego_lane = _draw_road(dice, ego_speed * duration_s)
    ego = _draw_ego(dice, road, ego_speed, style)
    taken.claim(0.0, 0.0, 3.8)
    fill_lanes(world, dice, road, taken, style, ego_lane, ego_speed)
    _claim_path(taken, ego, duration_s)
    if dice.chance(0.9):
        fill_cross_street(world, dice, road, taken, style)
    for side in (-1.0, 1.0):
        if dice.chance(0.65):
            park_along(world, dice, road, taken, side)
    if dice.chance(0.3):
        fill_car_park(world, dice, road, taken)
    populate_pavements(world, dice, road, taken)
    add_strays(world, dice, road, taken, style)
    for side in (-1.0, 1.0):
        line_roadside(world, dice, road, side)
    scatter_scenery(world, dice, road, taken)
    return Scene(world.build(), ego, Terrain.draw(dice), _draw_tilt(dice))


def _draw_road(dice: Dice, ego_travel: float) -> tuple[Road, int]:
    """A road, and the lane the ego vehicle is in."""
    lanes, width = dice.integer(1, 5), dice.between(3.0, 3.8)
    ego_lane = dice.integer(0, max(lanes // 2 - 1, 0))
    centre = -0.5 * lanes * width + width * (ego_lane + 0.5)
    road = Road(
        heading=dice.angle(),
        offset=-centre + dice.normal(0.0, 0.3),
        lanes=lanes,
        lane_width=width,
        begin=-REACH,
        end=REACH + ego_travel,
        crossing=dice.between(-40.0, 50.0 + ego_travel) if dice.chance(0.6) else None,
        crossing_lanes=dice.integer(1, 3),
    )
    return road, ego_lane


def _draw_ego(dice: Dice, road: Road, speed: float, style: TrafficStyle) -> EgoPath:
    """The ego vehicle, mostly along its lane; short scenes catch it turning off as well."""
    turning = style.duration_s <= 1.0 and dice.chance(0.12)
    skew = dice.normal(0.0, 0.4) if turning else dice.normal(0.0, 0.02 * style.calm)
    curvature = 0.0
    if dice.chance(0.5):
        curvature = dice.normal(0.0, 0.3 if turning else 0.08) / max(speed, 5.0)
    return EgoPath(road.heading + skew, Motion(speed, curvature=curvature * style.calm**2))


def _claim_path(taken: Occupancy, ego: EgoPath, duration_s: float) -> None:
    """Keep what is placed from now on out of the ego vehicle's way."""
    for step in range(1, int(ego.motion.top_speed * (duration_s + 1.0) / 2.0) + 1):
        x, y, _ = ego.place(2.0 * step)
        taken.claim(x, y, 1.6)


def _draw_tilt(dice: Dice) -> F64:
    """A constant slope of up to some percent in any direction."""
    return tilt_matrix(dice.normal(0.0, 0.015), dice.normal(0.0, 0.02))


def box_scene(
    speed: float = 5.0,
    ego_speed: float = 10.0,
    *,
    heading: float = 0.0,
    yaw_rate: float = 0.0,
    position: tuple[float, float] = (12.0, 4.0),
    size: tuple[float, float, float] = (4.5, 1.9, 1.6),
    wall_distance: float = 9.0,
    terrain: Terrain | None = None,
) -> Scene:
    """An analytic scene: flat ground, two walls along x at +-``wall_distance`` m, one box.

    The ego vehicle drives along x at ``ego_speed``; the box (a car) starts at ``position``
    and moves along ``heading`` at ``speed``.
    """
    world = WorldBuilder()
    for side in (-1.0, 1.0):
        wall = world.body(0.0, side * (wall_distance + 0.25), 0.0, ActorClass.BUILDING)
        world.box(wall, (0.0, 0.0, -1.0), (400.0, 0.5, 5.0))
    motion = Motion(speed, curvature=yaw_rate / speed if yaw_rate else 0.0)
    box = world.body(*position, heading, ActorClass.CAR, motion=motion, half_range=200.0)
    world.box(box, (0.0, 0.0, 0.0), size)
    return Scene(world.build(), EgoPath(motion=Motion(ego_speed)), terrain or Terrain())
