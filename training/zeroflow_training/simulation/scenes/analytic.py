# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One analytic scene, to check against."""

from ..classes import ActorClass
from ..motion import EgoPath, Motion
from ..place import Place
from ..terrain import Terrain
from ..world import WorldBuilder
from .base import Scene


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
        wall = world.body(Place(0.0, side * (wall_distance + 0.25)), ActorClass.BUILDING)
        world.box(wall, (0.0, 0.0, -1.0), (400.0, 0.5, 5.0))
    motion = Motion(speed, curvature=yaw_rate / speed if yaw_rate else 0.0)
    box = world.body(Place(*position, heading, motion), ActorClass.CAR, half_range=200.0)
    world.box(box, (0.0, 0.0, 0.0), size)
    return Scene(world.build(), EgoPath(motion=Motion(ego_speed)), terrain or Terrain())
