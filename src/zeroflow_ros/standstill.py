# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Standstill: which bodies may as well stand, as far as the earlier sweeps can tell.

A body stands where that explains the earlier sweeps as well as moving does. Of a body of which
little was in sight, only that little is asked: the rest is not missing, it was hidden. What is
where beams went through before does not stand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros import standstill_loops
from zeroflow_ros.consensus import RigidMotions
from zeroflow_ros.earlier import EarlierIndex
from zeroflow_ros.pillar_loops import F64
from zeroflow_ros.samples import Samples

# Metres of mean distance to the nearest point: what standing leaves, and leaves more than moving.
EXPLAINED_M, HARDLY_M = 0.25, 0.01
# Shares of points and sweeps: with less in sight there are no witnesses, with more, plenty of them.
HARDLY_SEEN = (0.1, 0.5)
MIN_WITNESSES = 6
FREE = 0.02  # share of points and sweeps: where as many are new, something has come


class Fit(NamedTuple):
    """How the earlier sweeps fit B bodies, each float64 [B]: metres to the nearest point.

    `still` and `moving`: means over all points and sweeps, if the body stood and as it moves;
    `still_seen` and `moving_seen`: over those that nothing hid, either way; `seen`: their share;
    `witnesses`: their number. `free`: share of points and sweeps that are where nothing was before.
    """

    still: F64
    moving: F64
    still_seen: F64
    moving_seen: F64
    seen: F64
    witnesses: F64
    free: F64

    def standing(self) -> npt.NDArray[np.bool_]:
        """Which bodies may as well stand [B]: by all of their points, or by the few in sight.

        Not those that reach where nothing was: a long flat side fits anywhere along itself, but
        its front end has come from elsewhere.
        """
        few, many = HARDLY_SEEN
        glimpsed = (self.seen >= few) & (self.seen < many) & (self.witnesses >= MIN_WITNESSES)
        witnessed = _explained(self.still_seen, self.moving_seen)
        stands = _explained(self.still, self.moving) | (glimpsed & witnessed)
        return stands & (self.free < FREE)


def _explained(still: F64, moving: F64) -> npt.NDArray[np.bool_]:
    return (still < EXPLAINED_M) & (still < moving + HARDLY_M)


def standing(
    samples: Samples, motions: RigidMotions, earlier: EarlierIndex
) -> npt.NDArray[np.bool_]:
    """Which of B bodies may as well stand, bool [B], as far as the earlier sweeps can tell."""
    return samples.enough & fit(samples, motions, earlier).standing()


def fit(samples: Samples, motions: RigidMotions, earlier: EarlierIndex) -> Fit:
    """Ask the earlier sweeps about B bodies."""
    sums = standstill_loops.fit(
        *(samples.rows, samples.first, *motions),
        *(earlier.ages, earlier.drift, earlier.start, earlier.offsets),
        *(earlier.ranges, earlier.sensors, earlier.size, earlier.cell_m),
    )
    still, moving, still_seen, moving_seen, witnesses, free = sums.T
    asked = np.maximum(np.diff(samples.first) * len(earlier.ages), 1)
    seen = np.maximum(witnesses, 1)
    return Fit(
        still / asked,
        moving / asked,
        still_seen / seen,
        moving_seen / seen,
        witnesses / asked,
        witnesses,
        free / asked,
    )
