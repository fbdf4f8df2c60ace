# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Body motion: from what the network says of points to how bodies move as a whole.

bodies -> certain that they move? -> consensus -> registration with the earlier sweeps
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from zeroflow_ros.bodies import find_bodies
from zeroflow_ros.consensus import rigid_motions
from zeroflow_ros.pillar_loops import F32
from zeroflow_ros.pillars import GridPoints, PillarGrid
from zeroflow_ros.registration import EarlierSweep, register


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
    body = bodies.body[bodies.pillar]
    certain = (bodies.log_odds > certainty)[body]
    own, motions = points.select(bodies.rows[certain]), rigid_motions(bodies)
    motions, standing = register(grid, own, body[certain], motions, earlier, each)
    moved = motions.displacement(bodies.body, bodies.position).astype(np.float32)
    result = displacement.copy()
    result[bodies.rows, :2] = moved[bodies.pillar]
    result[bodies.rows[~certain | standing[body]]] = 0
    return result
