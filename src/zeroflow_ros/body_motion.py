# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Body motion: from what the network says of points to how bodies move as a whole.

bodies -> certain that they move? -> consensus -> registration with the earlier sweeps -> standing?
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from zeroflow_ros.bodies import Bodies, find_bodies
from zeroflow_ros.consensus import rigid_motions
from zeroflow_ros.drift import with_drift
from zeroflow_ros.earlier import EarlierIndex
from zeroflow_ros.pillar_loops import F32
from zeroflow_ros.pillars import GridPoints, PillarGrid
from zeroflow_ros.registration import register
from zeroflow_ros.samples import Samples, sample
from zeroflow_ros.standstill import standing

# Of a body as small as a person or a bicycle, and of few points to say so, less log odds are asked:
# a mistake is small, and to miss it is worse.
SMALL_PILLARS, SMALL_POINTS, SMALL_LESS = 9, 300, 0.7
POINTS_PER_BODY, POINTS_OF_THE_WORLD = 64, 400  # enough to lay them onto the earlier sweeps
# A flat side has few points that tell whether it stands: its ends, wheels, mirrors. The second
# number is of all bodies together, so that no sweep waits long.
POINTS_OF_THE_DOUBTED, POINTS_OF_ALL_DOUBTED = 2048, 20_000
SOME = 8000  # rows of which those of the world are sampled: selecting all of them takes its time


def body_motion(
    grid: PillarGrid,
    points: GridPoints,
    displacement: F32,
    log_odds: F32,
    certainty: float,
    earlier: EarlierIndex | None,
    each: Callable[..., Iterable[Any]] = map,
) -> F32:
    """Displacement [M, 3] m with the motion of their body for all moving points.

    `displacement` [M, 3] m and `log_odds` [M] that a point moves, both finite, are the network's
    words for `points`. Bodies that are not certain to move (by `certainty`, log odds, and less for
    small ones), and those that may as well be standing, stand. All points of a pillar get the same
    planar motion; heights keep what the network said.
    `earlier` sweeps, of which there may be none, are asked. `each` maps a function over sweeps and
    over parts of the bodies.
    """
    moving = find_bodies(grid, points, displacement, log_odds)
    result = displacement.copy()
    result[moving.rows] = 0
    small = (moving.pillars <= SMALL_PILLARS) & (moving.points <= SMALL_POINTS)
    bodies = moving.select(moving.log_odds > certainty - SMALL_LESS * small)
    if not len(bodies):
        return result
    motions, stands = rigid_motions(bodies), np.zeros(len(bodies), bool)
    if earlier is not None:
        index = with_drift(earlier, _world(grid, points, log_odds), each)
        few = _samples(grid, points, bodies, POINTS_PER_BODY)
        motions = register(few, motions, index, each)
        stands = standing(few, motions, index, each)
        again = stands & (bodies.points > POINTS_PER_BODY)
        most = min(POINTS_OF_THE_DOUBTED, POINTS_OF_ALL_DOUBTED // max(1, again.sum()))
        many = _samples(grid, points, bodies.select(again), most)
        stands[again] = standing(many, motions.select(again), index, each)
    moves = ~stands[bodies.body[bodies.pillar]]
    moved = motions.displacement(bodies.body, bodies.position).astype(np.float32)
    rows = bodies.rows[moves]
    result[rows, :2] = moved[bodies.pillar[moves]]
    result[rows, 2] = displacement[rows, 2]
    return result


def _samples(grid: PillarGrid, points: GridPoints, bodies: Bodies, most: int) -> Samples:
    body = bodies.body[bodies.pillar]
    return sample(grid, points.select(bodies.rows), body, len(bodies), most)


def _world(grid: PillarGrid, points: GridPoints, log_odds: F32) -> Samples:
    """Points of what rather stands than moves, as of one body."""
    rows = np.flatnonzero(log_odds < 0)
    some = points.select(rows[:: 1 + len(rows) // SOME])
    return sample(grid, some, np.zeros(len(some.rows), np.intp), 1, POINTS_OF_THE_WORLD)
