# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Standstill: which bodies may as well stand, as far as the earlier sweeps can tell.

A body stands unless moving explains the earlier sweeps better, by more than chance and wrong poses
do, or standing explains nothing. Of a body of which little was in sight, only that little is asked:
the rest is not missing, it was hidden. What is where beams went through before does not stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros import standstill_loops
from zeroflow_ros.consensus import RigidMotions
from zeroflow_ros.earlier import EarlierIndex
from zeroflow_ros.pillar_loops import F64
from zeroflow_ros.samples import Samples

# Metres, of the mean distance to the nearest point.
EXPLAINED_M = 0.3  # with more, standing explains nothing
LITTLE_M = 0.05  # who gains more by moving moves, however few the points
MISFIT_M = 0.004  # who gains less stands: wrong poses gain as much
STANDARD_ERRORS = 3.0  # so many more than that the gain must be
# The same of the few points in sight of a body that was hidden.
GLIMPSED_M, HARDLY_M = 0.25, 0.01
# Shares of points and sweeps: with less in sight there are no witnesses, with more, plenty of them.
HARDLY_SEEN = (0.1, 0.5)
MIN_WITNESSES = 6
FREE = 0.02  # share of points and sweeps: where as many are new, something has come


class Fit(NamedTuple):
    """How the earlier sweeps fit B bodies, each float64 [B].

    `still`: metres to the nearest point, the mean over all points and sweeps if the body stood;
    `gain`: how much less that is as it moves, and `gain_error`: the standard error of that, as in
    Student's paired test, if all were independent (of sweeps with poses of their own errors it is
    a tenth of the truth: MISFIT_M stands in for the rest); `still_seen` and `moving_seen`: metres,
    means over points and sweeps that nothing hid, either way; `seen`: their share; `witnesses`:
    their number. `free`: share of points and sweeps that are where nothing was before.
    """

    still: F64
    gain: F64
    gain_error: F64
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
        glimpsed &= self.still_seen < np.minimum(GLIMPSED_M, self.moving_seen + HARDLY_M)
        alike = self.gain < np.minimum(LITTLE_M, MISFIT_M + STANDARD_ERRORS * self.gain_error)
        return ((self.still < EXPLAINED_M) & alike | glimpsed) & (self.free < FREE)


def standing(
    samples: Samples,
    motions: RigidMotions,
    earlier: EarlierIndex,
    each: Callable[..., Iterable[Any]] = map,
) -> npt.NDArray[np.bool_]:
    """Which of B bodies may as well stand, bool [B], as far as the earlier sweeps can tell.

    `each` maps a function over parts of the bodies.
    """
    return samples.enough & fit(samples, motions, earlier, each).standing()


def fit(
    samples: Samples,
    motions: RigidMotions,
    earlier: EarlierIndex,
    each: Callable[..., Iterable[Any]] = map,
) -> Fit:
    """Ask the earlier sweeps about B bodies; `each` maps a function over parts of them."""

    def summed(part: slice) -> F64:
        sums: F64 = standstill_loops.fit(
            *(samples.rows, samples.ends(part), *motions.select(part)),
            *(earlier.ages, earlier.drift, earlier.start, earlier.offsets),
            *(earlier.ranges, earlier.sensors, earlier.size, earlier.cell_m),
        )
        return sums

    sums = np.concatenate([np.empty((0, 7)), *each(summed, samples.parts())])
    still, gain, squares, still_seen, moving_seen, witnesses, free = sums.T
    asked = np.maximum(np.diff(samples.first) * len(earlier.ages), 1)
    seen = np.maximum(witnesses, 1)
    variance = np.maximum(squares / asked - (gain / asked) ** 2, 0)
    return Fit(
        still / asked,
        gain / asked,
        np.sqrt(variance / asked),
        still_seen / seen,
        moving_seen / seen,
        witnesses / asked,
        witnesses,
        free / asked,
    )
