# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Body motion: from what the network says of points to how bodies move as a whole.

bodies -> certain that they move? -> consensus -> registration with the earlier sweeps -> standing?
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.bodies import find_bodies
from zeroflow_ros.consensus import rigid_motions
from zeroflow_ros.drift import with_drift
from zeroflow_ros.earlier import EarlierSweep, index_earlier
from zeroflow_ros.pillar_loops import F32
from zeroflow_ros.pillars import GridPoints, PillarGrid
from zeroflow_ros.registration import register
from zeroflow_ros.samples import Samples, sample
from zeroflow_ros.standstill import standing

# Enough to lay a body onto the earlier sweeps, or the world. A flat side has few points that tell
# whether it stands: its ends, wheels, mirrors.
POINTS_PER_BODY, POINTS_OF_THE_WORLD, POINTS_OF_THE_DOUBTED = 64, 400, 2048
SOME = 8000  # rows of which those of the world are sampled: selecting all of them takes its time


def body_motion(
    grid: PillarGrid,
    points: GridPoints,
    displacement: F32,
    log_odds: F32,
    certainty: float,
    earlier: Sequence[EarlierSweep],
    each: Callable[..., Iterable[Any]] = map,
) -> F32:
    """Displacement [M, 3] m with the motion of their body for all moving points.

    `displacement` [M, 3] m and `log_odds` [M] that a point moves, both finite, are the network's
    words for `points`. Bodies that are not certain to move, and those that may as well be standing,
    stand. All points of a pillar get the same planar motion; heights keep what the network said.
    `each` maps a function over sweeps.
    """
    bodies = find_bodies(grid, points, displacement, log_odds)
    if not len(bodies):
        return displacement
    motions, stands = rigid_motions(bodies), np.zeros(len(bodies), bool)
    certain, body = bodies.log_odds > certainty, bodies.body[bodies.pillar]
    seen = [sweep for sweep in earlier if len(sweep.points.rows)]
    if seen and certain.any():
        index = index_earlier(grid, seen, each)
        index = with_drift(index, _world(grid, points, log_odds), each)

        def some(asked: npt.NDArray[np.bool_], most: int) -> Samples:
            of_them = asked[body]
            own = points.select(bodies.rows[of_them])
            return sample(grid, own, body[of_them], len(bodies), most)

        samples = some(certain, POINTS_PER_BODY)
        motions = register(samples, motions, index)
        doubted = standing(samples, motions, index)
        stands = standing(some(doubted, POINTS_OF_THE_DOUBTED), motions, index)
    moved = motions.displacement(bodies.body, bodies.position).astype(np.float32)
    result = displacement.copy()
    result[bodies.rows, :2] = moved[bodies.pillar]
    result[bodies.rows[(~certain | stands)[body]]] = 0
    return result


def _world(grid: PillarGrid, points: GridPoints, log_odds: F32) -> Samples:
    """Points of what rather stands than moves, as of one body."""
    rows = np.flatnonzero(log_odds < 0)
    some = points.select(rows[:: 1 + len(rows) // SOME])
    return sample(grid, some, np.zeros(len(some.rows), np.intp), 1, POINTS_OF_THE_WORLD)
