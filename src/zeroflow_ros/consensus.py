# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rigid consensus: neighbours that move alike are one body, and a body shifts and turns as a whole.

A network answers for each point by itself; what it says of a long side or of a sparse far end is
less certain than what it says of the corners. Medians over the body let the better answers win. And
whether a body moves at all is asked of those of its points that are surest.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zeroflow_ros.components import connected_components
from zeroflow_ros.pillar_loops import F32, ranked
from zeroflow_ros.pillars import GridPoints, PillarGrid

MOVING_M = 0.03  # over the interval; what moves less is left alone
ALIKE_M, ALIKE_SHARE = 0.05, 0.5  # neighbours of one body differ by less than the larger of these
# A turn is only as sure as its lever is long: bodies whose mean squared radius is well below this,
# as pedestrians', are not seen turning; a car keeps nine tenths of what the network says.
TURN_PRIOR_M2 = 0.2
ROUNDS = 3
SURE_SHARE = 0.2  # of a body's points must be sure that they move, else the body stands
NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))  # and their opposites

F64 = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]


def rigid_consensus(
    grid: PillarGrid, points: GridPoints, displacement: F32, sure: npt.NDArray[np.bool_]
) -> F32:
    """Displacement [M, 3] with the motion of their body for all moving points; metres.

    Bodies are 8-connected pillars with similar mean displacement. A body's planar motion is the
    median shift and the median turn of its pillars, weighted by points; all points of a pillar get
    the same. Heights keep what the network said. A body of which fewer than SURE_SHARE are `sure`
    (bool [M]) that they move stands still. `displacement` must be finite.
    """
    x, y = displacement[:, 0], displacement[:, 1]
    moving = np.flatnonzero(x * x + y * y > np.float32(MOVING_M**2))
    if not len(moving):
        return displacement
    cell, pillar = ranked(points.cell[moving], grid.size**2)
    weight = np.bincount(pillar).astype(np.float64)
    columns = [np.bincount(pillar, displacement[moving, k]) / weight for k in range(2)]
    shift = np.stack(columns, 1)
    index = grid.indices(cell)
    body = _bodies(index, shift)
    agreed = _agreed(body, grid.cell_m * index.astype(float), shift, weight)
    convinced = np.bincount(body, np.bincount(pillar, sure[moving]))
    moves = (convinced >= SURE_SHARE * np.bincount(body, weight))[body]
    result = displacement.copy()
    result[moving, :2] = agreed.astype(np.float32)[pillar]
    result[moving[~moves[pillar]]] = 0
    return result


def _bodies(index: npt.NDArray[np.integer], shift: F64) -> Index:
    """Number of the body of each pillar; `index` int [K, 2] column and row, `shift` [K, 2]."""
    stride = int(index.max()) + 3  # no neighbour wraps around
    key = index[:, 0] * stride + index[:, 1] + 1
    order = np.argsort(key)
    ends = []
    for column, row in NEIGHBOURS:
        wanted = key + column * stride + row
        place = np.minimum(np.searchsorted(key, wanted, sorter=order), len(key) - 1)
        other = order[place]
        here = np.flatnonzero(key[other] == wanted)
        ends.append(np.stack([here, other[here]]))
    a, b = np.concatenate(ends, 1)
    speed = np.linalg.norm(shift, axis=1)
    tolerance = np.maximum(ALIKE_M, ALIKE_SHARE * np.maximum(speed[a], speed[b]))
    alike = np.linalg.norm(shift[a] - shift[b], axis=1) < tolerance
    return connected_components(len(key), a[alike], b[alike])


def _agreed(body: Index, position: F64, shift: F64, weight: F64) -> F64:
    """Each pillar's displacement [K, 2] as its body's rigid motion has it."""
    total = np.bincount(body, weight)
    centre = np.stack([np.bincount(body, weight * column) / total for column in position.T], 1)
    radius = position - centre[body]
    across = np.stack([-radius[:, 1], radius[:, 0]], 1)  # where a turn to the left moves it
    square = (radius**2).sum(1)
    turning = np.zeros_like(shift)
    for _ in range(ROUNDS):  # the median shift is the centre's only once the turn is taken out
        rest = shift - _medians(body, shift - turning, weight)[body]
        turns = (across * rest).sum(1) / np.maximum(square, 1e-9)
        turn = _medians(body, turns[:, None], weight * square)[body]
        turning = turn * across
    spread = (np.bincount(body, weight * square) / total)[body, None]
    turning *= spread / (spread + TURN_PRIOR_M2)
    return _medians(body, shift - turning, weight)[body] + turning


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
