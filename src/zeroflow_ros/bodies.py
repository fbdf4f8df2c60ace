# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bodies: neighbouring points that move alike, found in what the network says of each point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.components import connected_components
from zeroflow_ros.pillar_loops import F32, F64, ranked
from zeroflow_ros.pillars import GridPoints, PillarGrid

MOVING_M = 0.02  # over the interval; what moves less is left alone
ALIKE_M, ALIKE_SHARE = 0.08, 0.4  # neighbours of one body differ by less than the larger of these
NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))  # and their opposites

Index = npt.NDArray[np.intp]


class Bodies(NamedTuple):
    """K moving points in P pillars of B bodies.

    `rows` int [K] of the points, `pillar` int [K] of each, `body` int [P] of each pillar;
    `position` float64 [P, 2], the pillar's middle in metres from the grid's corner; `shift`
    float64 [P, 2], its mean displacement; `weight` float64 [P], its points. `log_odds`
    float64 [B], mean over the body's points: does it move at all?
    """

    rows: Index
    pillar: npt.NDArray[np.int32]
    body: Index
    position: F64
    shift: F64
    weight: F64
    log_odds: F64

    def __len__(self) -> int:
        return len(self.log_odds)

    @property
    def pillars(self) -> Index:
        """How many pillars each body has, int [B]."""
        return np.bincount(self.body, minlength=len(self))

    @property
    def points(self) -> F64:
        """How many points each body has, float64 [B]."""
        return np.asarray(np.bincount(self.body, self.weight, len(self)), np.float64)

    def select(self, kept: npt.NDArray[np.bool_]) -> Bodies:
        """Those bodies of which `kept` [B] says so, with their points and pillars."""
        pillars = kept[self.body]
        rows = pillars[self.pillar]
        return Bodies(
            self.rows[rows],
            (np.cumsum(pillars, dtype=np.int32) - 1)[self.pillar[rows]],
            (np.cumsum(kept) - 1)[self.body[pillars]],
            self.position[pillars],
            self.shift[pillars],
            self.weight[pillars],
            self.log_odds[kept],
        )


def find_bodies(grid: PillarGrid, points: GridPoints, displacement: F32, log_odds: F32) -> Bodies:
    """8-connected pillars of similar displacement; `displacement` [M, 3] m, `log_odds` [M]."""
    x, y = displacement[:, 0], displacement[:, 1]
    rows = np.flatnonzero(x * x + y * y > np.float32(MOVING_M**2))
    cell, pillar = ranked(points.cell[rows], grid.size**2)
    weight = np.bincount(pillar, minlength=len(cell)).astype(np.float64)
    columns = [np.bincount(pillar, displacement[rows, k], len(cell)) / weight for k in range(2)]
    shift = np.stack(columns, 1)
    index = grid.indices(cell)
    body = _connected(index, shift)
    odds = np.bincount(body, np.bincount(pillar, log_odds[rows], len(cell)))
    position = np.asarray(grid.cell_m * (index + 0.5), np.float64)
    return Bodies(rows, pillar, body, position, shift, weight, odds / np.bincount(body, weight))


def _connected(index: npt.NDArray[np.integer], shift: F64) -> Index:
    """Number of the body of each pillar; `index` int [P, 2] column and row, `shift` [P, 2]."""
    if not len(index):
        return np.empty(0, np.intp)
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
