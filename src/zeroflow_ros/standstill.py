# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Standstill: which bodies may as well stand, as far as the earlier sweeps can tell.

A body stands where that explains the earlier sweeps as well as moving does. Of a body of which
little was in sight, only that little is asked: the rest is not missing, it was hidden.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros import standstill_loops
from zeroflow_ros.consensus import RigidMotions
from zeroflow_ros.pillar_loops import F32, I32
from zeroflow_ros.registration_loops import F64

# Metres of mean distance to the nearest point: what standing leaves, and leaves more than moving.
EXPLAINED_M, HARDLY_M = 0.25, 0.01
# Shares of points and sweeps: with less in sight there are no witnesses, with more, plenty of them.
HARDLY_SEEN = (0.1, 0.5)
MIN_WITNESSES = 6


class Fit(NamedTuple):
    """How the earlier sweeps fit B bodies, each float64 [B]: metres to the nearest point.

    `still` and `moving`: means over all points and sweeps, if the body stood and as it moves;
    `still_seen` and `moving_seen`: over those that nothing hid, either way; `seen`: their share;
    `witnesses`: their number.
    """

    still: F64
    moving: F64
    still_seen: F64
    moving_seen: F64
    seen: F64
    witnesses: F64

    def standing(self) -> npt.NDArray[np.bool_]:
        """Which bodies may as well stand [B]: by all of their points, or by the few in sight."""
        few, many = HARDLY_SEEN
        glimpsed = (self.seen >= few) & (self.seen < many) & (self.witnesses >= MIN_WITNESSES)
        witnessed = _explained(self.still_seen, self.moving_seen)
        return _explained(self.still, self.moving) | (glimpsed & witnessed)


def _explained(still: F64, moving: F64) -> npt.NDArray[np.bool_]:
    return (still < EXPLAINED_M) & (still < moving + HARDLY_M)


class EarlierIndex(NamedTuple):
    """S earlier sweeps, ready to be asked.

    `ages` float64 [S], intervals; `start` int32 [S, size^2 + 1] into `offsets` float32 [K, 3], see
    `index_points`; `ranges` float32 [S, directions], see `nearest_ranges`, of the sensor at
    `sensors` float64 [S, 3], from the grid's corner.
    """

    ages: F64
    start: I32
    offsets: F32
    ranges: F32
    sensors: F64


def fit(
    rows: F32, first: I32, motions: RigidMotions, index: EarlierIndex, size: int, cell_m: float
) -> Fit:
    """Ask the earlier sweeps about B bodies.

    `rows` float32 [Q, 3], from the grid's corner: their points, body b's from `first[b]`,
    int32 [B + 1].
    """
    ages, start, offsets, ranges, sensors = index
    sums = standstill_loops.fit(
        rows, first, *motions, ages, start, offsets, ranges, sensors, size, cell_m
    )
    still, moving, still_seen, moving_seen, witnesses = sums.T
    asked = np.maximum(np.diff(first) * len(index.ages), 1)
    seen = np.maximum(witnesses, 1)
    return Fit(
        still / asked,
        moving / asked,
        still_seen / seen,
        moving_seen / seen,
        witnesses / asked,
        witnesses,
    )
