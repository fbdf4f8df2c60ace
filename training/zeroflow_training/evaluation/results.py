# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Results: what is kept of all evaluated sweeps, a tally and the worst of them.

Results add, so that workers can run apart; only the worst sweeps keep their points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from zeroflow_training.evaluation.pair import EvaluatedPair
from zeroflow_training.evaluation.tally import DYNAMIC_M, Tally

WORST = 3


class RankedPair(NamedTuple):
    """A sweep with its motion error in metres, see `motion_error_m`."""

    motion_error_m: float
    pair: EvaluatedPair


@dataclass(frozen=True)
class Results:
    """Of `sweeps` sweeps; `worst` are the WORST of them at most, the worst first."""

    tally: Tally
    sweeps: int
    worst: tuple[RankedPair, ...]

    @staticmethod
    def nothing() -> Results:
        """Of no sweep."""
        return Results(Tally.nothing(), 0, ())

    @staticmethod
    def of(pair: EvaluatedPair) -> Results:
        """Of one sweep."""
        return Results(Tally.of(pair), 1, (RankedPair(motion_error_m(pair), pair),))

    def __add__(self, other: Results) -> Results:
        ranked = sorted([*self.worst, *other.worst], key=lambda each: -each.motion_error_m)
        tally, sweeps = self.tally + other.tally, self.sweeps + other.sweeps
        return Results(tally, sweeps, tuple(ranked[:WORST]))


def motion_error_m(pair: EvaluatedPair) -> float:
    """Errors of the points that move or seem to, as a mean over all valid points, in metres.

    Large where many movers are missed and where much of the still world moves; a handful of points
    that are far off, or a lot that are off by nothing but noise, do not make a sweep one of the
    worst.
    """
    judged = pair.judged()
    error, truth, said = (
        np.linalg.norm(flow.astype(np.float64), axis=1)
        for flow in (judged.predicted - judged.truth, judged.truth, judged.predicted)
    )
    motion = (truth >= DYNAMIC_M) | (said >= DYNAMIC_M)
    return float(error[motion].sum() / max(len(error), 1))
