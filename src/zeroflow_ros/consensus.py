# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rigid consensus: neighbours that move alike are one body, and a body shifts and turns as a whole.

A network answers for each point by itself; what it says of a long side or of a sparse far end is
less certain than what it says of the corners. Medians over the body let the better answers win.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zeroflow_ros.components import connected_components
from zeroflow_ros.pillars import F32, GridPoints, PillarGrid

MOVING_M = 0.03  # over the interval; what moves less is left alone
ALIKE_M, ALIKE_SHARE = 0.05, 0.5  # neighbours of one body differ by less than the larger of these
TURN_PRIOR_M2 = 1.0  # bodies whose mean squared radius is well below this are not seen turning
NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))  # and their opposites

F64 = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]


def rigid_consensus(grid: PillarGrid, points: GridPoints, displacement: F32) -> F32:
    """Displacement [M, 3] with the motion of their body for all moving points; metres.

    Bodies are 8-connected pillars with similar mean displacement. A body's planar motion is the
    median shift and the weighted median turn of its pillars; heights keep what the network said.
    """
    moving = np.flatnonzero((displacement[:, :2] ** 2).sum(1) > MOVING_M**2)
    if not len(moving):
        return displacement
    cell, pillar = _ranked(points.cell[moving], grid.size**2)
    weight = np.bincount(pillar).astype(np.float64)
    position = grid.points(points.cell[moving], points.offset[moving])[:, :2]
    middle = _means(pillar, position, weight)
    shift = _means(pillar, displacement[moving, :2], weight)
    body = _bodies(grid.indices(cell), shift)
    centre = _means(body, middle * weight[:, None], _sums(body, weight))
    motion, turn = _rigid_motions(body, middle - centre[body], shift, weight)
    result = displacement.copy()
    mine = body[pillar]
    lever = position - centre[mine]
    result[moving, :2] = motion[mine] + turn[mine, None] * _perpendicular(lever)
    return result


def _ranked(cell: npt.NDArray[np.integer], cells: int) -> tuple[Index, Index]:
    """The pillars that occur, and which of them each is; np.unique sorts, which takes longer."""
    occurs = np.zeros(cells, bool)
    occurs[cell] = True
    rank = np.cumsum(occurs) - 1
    return np.flatnonzero(occurs), rank[cell]


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


def _rigid_motions(body: Index, radius: F64, shift: F64, weight: F64) -> tuple[F64, F64]:
    """Median shift [B, 2] and turn [B] (rad) of each body about its centre."""
    first = _medians(body, shift, weight)
    across = _perpendicular(radius)
    square = (radius**2).sum(1)
    turns = (across * (shift - first[body])).sum(1) / np.maximum(square, 1e-9)
    turn = _medians(body, turns[:, None], weight * square)[:, 0]
    spread = _sums(body, weight * square) / _sums(body, weight)
    turn = turn * spread / (spread + TURN_PRIOR_M2)
    return _medians(body, shift - turn[body, None] * across, weight), turn


def _perpendicular(vectors: F64) -> F64:
    """Each [x, y] turned by 90 degrees to the left."""
    return np.stack([-vectors[:, 1], vectors[:, 0]], 1)


def _sums(group: Index, values: F64) -> F64:
    return np.asarray(np.bincount(group, values), np.float64)


def _means(group: Index, values: npt.NDArray[np.floating], weight: F64) -> F64:
    """Sum of the columns of `values` [N, C] in each group over the group's weight [G]."""
    columns = [np.bincount(group, column) / weight for column in values.T]
    return np.stack(columns, 1)


def _medians(group: Index, values: F64, weight: F64) -> F64:
    """Weighted medians of the columns of `values` [N, C] in each group [G, C]."""
    half = 0.5 * _sums(group, weight)
    found = np.empty((len(half), values.shape[1]))
    for k, column in enumerate(values.T):
        order = np.lexsort((column, group))
        ordered = group[order]
        reached = np.cumsum(weight[order])
        before = np.cumsum(2 * half) - 2 * half
        enough = np.flatnonzero(reached - before[ordered] >= half[ordered] * (1 - 1e-9))
        groups, place = np.unique(ordered[enough], return_index=True)
        found[groups, k] = column[order[enough[place]]]
    return found
