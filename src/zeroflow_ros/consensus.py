# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Consensus: what the points of a body say of its rigid motion, together.

A network answers for each point by itself; what it says of a long side or of a sparse far end is
less certain than what it says of the corners. Medians over the body let the better answers win.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.bodies import Bodies
from zeroflow_ros.pillar_loops import F64

# A turn is only as sure as its lever is long: bodies whose mean squared radius is well below this,
# as pedestrians', are not seen turning; a car keeps nine tenths of what the network says.
TURN_PRIOR_M2 = 0.2
ROUNDS = 3

Index = npt.NDArray[np.intp]


class RigidMotions(NamedTuple):
    """Planar motion of each of B bodies over the interval: metres, radians, counter-clockwise.

    `centre` float64 [B, 2] in metres from the grid's corner, `shift` float64 [B, 2] of the centre,
    `turn` float64 [B].
    """

    centre: F64
    shift: F64
    turn: F64

    def displacement(self, body: Index, position: F64) -> F64:
        """Of positions [P, 2] on bodies `body` [P]; turns are small angles."""
        return self.shift[body] + self.turn[body, None] * _across(position - self.centre[body])

    def select(self, bodies: slice | npt.NDArray[np.bool_]) -> RigidMotions:
        """Of some of the bodies."""
        return RigidMotions(self.centre[bodies], self.shift[bodies], self.turn[bodies])


def rigid_motions(bodies: Bodies) -> RigidMotions:
    """Median shift and median turn of the body's pillars, weighted by their points."""
    body, shift, weight = bodies.body, bodies.shift, bodies.weight
    total = np.bincount(body, weight)
    columns = bodies.position.T
    centre = np.stack([np.bincount(body, weight * column) / total for column in columns], 1)
    across = _across(bodies.position - centre[body])
    square = (across**2).sum(1)
    turn = np.zeros(len(total))
    for _ in range(ROUNDS):  # the median shift is the centre's only once the turn is taken out
        rest = shift - _medians(body, shift - turn[body, None] * across, weight)[body]
        turns = (across * rest).sum(1) / np.maximum(square, 1e-9)
        turn = _medians(body, turns[:, None], weight * square)[:, 0]
    spread = np.bincount(body, weight * square) / total
    turn = turn * spread / (spread + TURN_PRIOR_M2)
    return RigidMotions(centre, _medians(body, shift - turn[body, None] * across, weight), turn)


def _across(radius: F64) -> F64:
    """Where a turn to the left moves what is at `radius` [P, 2] from the centre."""
    return np.stack([-radius[:, 1], radius[:, 0]], 1)


def _medians(group: Index, values: F64, weight: F64) -> F64:
    """Weighted medians of the columns of `values` [N, C] in each group [G, C].

    Where exactly half of the weight lies below, the mean of both middle values, so that mirrored
    input gives mirrored output.
    """
    ends = np.cumsum(np.bincount(group))
    starts = np.concatenate([[0], ends[:-1]])
    found = np.empty((len(ends), values.shape[1]))
    for k, column in enumerate(values.T):
        order = np.lexsort((column, group))
        # Sums from one running sum only: with two, rounding could leave a group without a median.
        running = np.concatenate([[0.0], np.cumsum(weight[order])])
        half = 0.5 * (running[starts] + running[ends])
        lower = np.searchsorted(running, half, "left") - 1
        upper = np.searchsorted(running, half, "right") - 1
        middle = [np.clip(at, starts, ends - 1) for at in (lower, upper)]
        found[:, k] = 0.5 * (column[order[middle[0]]] + column[order[middle[1]]])
    return found
