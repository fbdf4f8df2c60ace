# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a scene is, and the draws that scenes of every kind share."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..dice import Dice
from ..motion import EgoPath, Motion, tilt_matrix
from ..pace import change_pace
from ..road import REACH, Road
from ..stage import Stage
from ..terrain import Terrain
from ..world import World

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


def finish(stage: Stage) -> Scene:
    """The scene that was built, on ground of its own."""
    dice = stage.dice
    # Up to some percent in any direction.
    tilt = tilt_matrix(dice.normal(0.0, 0.015), dice.normal(0.0, 0.02))
    return Scene(stage.world.build(), stage.ego, Terrain.draw(dice), tilt)


def draw_ego(dice: Dice, duration_s: float, slowest: float, fastest: float) -> Motion:
    """How the ego vehicle drives: evenly, or braking, starting, accelerating."""
    motion = Motion(dice.between(slowest, fastest))
    if dice.chance(0.3):
        motion = change_pace(dice, Motion() if dice.chance(0.2) else motion, duration_s)
    if motion.final_speed > fastest:
        motion = motion.reaching(fastest, 1.0, motion.begin)
    return motion


def draw_road(
    dice: Dice, lanes: int, width: float, ego_lane: int, travel: float, median: float = 0.0
) -> Road:
    """A straight road in any direction, along which the ego vehicle drives ``travel`` m."""
    road = Road(dice.angle(), 0.0, lanes, width, -REACH, REACH + travel, median=median)
    return road.shifted(dice.normal(0.0, 0.25) - road.lane_centre(ego_lane))


def travel_of(motion: Motion, duration_s: float) -> float:
    """Way (m) of the ego vehicle in ``duration_s`` seconds."""
    return EgoPath(motion=motion).travelled(duration_s)
