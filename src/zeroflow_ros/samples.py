# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Samples: a few points of each body, enough to lay it onto earlier sweeps."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.earlier import ABOVE_GROUND_M
from zeroflow_ros.pillar_loops import F32, I32
from zeroflow_ros.pillars import GridPoints, PillarGrid

MIN_POINTS = 3  # nothing is learned of a body of fewer
PARTS = 6  # enough that two or three threads end at about the same time


class Samples(NamedTuple):
    """`rows` float32 [Q, 3], m from the grid's corner: points of B bodies one after another, those
    of body b from `first[b]`, int32 [B + 1].
    """

    rows: F32
    first: I32

    @property
    def enough(self) -> npt.NDArray[np.bool_]:
        """Bodies with MIN_POINTS, bool [B]."""
        return np.diff(self.first) >= MIN_POINTS

    def parts(self) -> list[slice]:
        """All bodies in order, cut into slices of about as many points, for threads to share."""
        shares = np.linspace(0, self.first[-1], PARTS + 1)[1:-1]
        cuts = [0, *np.searchsorted(self.first, shares), len(self.first) - 1]
        return [slice(a, b) for a, b in itertools.pairwise(cuts) if a < b]

    def ends(self, part: slice) -> I32:
        """`first` of the bodies of a part, int32 [b + 1]."""
        return self.first[part.start : part.stop + 1]


def sample(
    grid: PillarGrid, points: GridPoints, body: npt.NDArray[np.intp], bodies: int, most: int
) -> Samples:
    """At most `most` points above the ground of each of B = `bodies` bodies.

    `points`: M points in `grid`; `body` int [M]: of which body each is.
    """
    high = np.flatnonzero(points.offset[:, 2] > np.float32(0.5 * ABOVE_GROUND_M))
    order = high[np.argsort(body[high], kind="stable")]
    count = np.bincount(body[high], minlength=bodies)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    step = np.maximum(1, -(-count // most))
    chosen = order[rank % np.repeat(step, count) == 0]
    first = np.concatenate([[0], np.cumsum(-(-count // step))]).astype(np.int32)
    at = grid.points(points.cell[chosen], points.offset[chosen])
    at[:, :2] += np.float32(grid.range_m)
    return Samples(at, first)
