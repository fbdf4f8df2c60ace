# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tally: sums over points by place, class and true speed, from which every metric is read.

Tallies add, so that workers can run apart and no point stays in memory. The cells of speed are so
fine that every threshold of every metric is an edge between two of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_training.evaluation.classes import JUDGED, PointClass
from zeroflow_training.evaluation.pair import INTERVAL_S, EvaluatedPair
from zeroflow_training.evaluation.regions import EVERYWHERE, PLACES, REGIONS, place_of

F64 = npt.NDArray[np.float64]

DYNAMIC_M = 0.05  # Argoverse 2: 0.5 m/s at 10 Hz
STILL_M = 0.001
SPEED_EDGES_M = (0.05, 0.1, 0.2, 0.5, 1.0, np.inf)  # 0.5, 1, 2, 5, 10 m/s and above, at 10 Hz
BUCKET_EDGES_M = np.append(np.linspace(0.0, 2.0, 51), np.inf)  # Khatri et al. 2024
STRICT, RELAXED = 0.05, 0.1  # av2-api: metres, and share of the true flow

_EDGES_M = np.unique([STILL_M, DYNAMIC_M, *SPEED_EDGES_M, *BUCKET_EDGES_M])
_SPEEDS = len(_EDGES_M) - 1


class Sums(NamedTuple):
    """Over some points: how many, sums of lengths (m) and angles (rad), and counts.

    `error`: of prediction minus truth; `length`: of the truth; `moving`: seem to move (0.05 m or
    more); `strict`, `relaxed`: right within 0.05 (0.1) m or that share of the true flow; `angle`:
    between predicted and true flow in space and time.
    """

    points: float
    error: float
    length: float
    moving: float
    strict: float
    relaxed: float
    angle: float

    def mean(self, quantity: str) -> float:
        """Of one of the sums, per point; NaN without points."""
        return ratio(getattr(self, quantity), self.points)


@dataclass(frozen=True)
class SpeedTally:
    """`sums` of a group of points by cell of true speed, float64 [speeds, len(Sums)]."""

    sums: F64

    def between(self, low_m: float = 0.0, high_m: float = np.inf) -> Sums:
        """Over the points whose true length is in [low_m, high_m), which are edges of cells."""
        return Sums(*self.above(low_m, high_m).sums.sum(axis=0).tolist())

    def above(self, low_m: float, high_m: float = np.inf) -> SpeedTally:
        """Only the points whose true length is in [low_m, high_m)."""
        inside = (_EDGES_M[:-1] >= low_m) & (_EDGES_M[:-1] < high_m)
        return SpeedTally(self.sums * inside[:, None])

    def buckets(self) -> F64:
        """Sums in each bucket of BUCKET_EDGES_M, float64 [51, len(Sums)]."""
        starts = np.searchsorted(_EDGES_M, BUCKET_EDGES_M[:-1])
        return np.add.reduceat(self.sums, starts, axis=0)


@dataclass(frozen=True)
class Tally:
    """`sums` of any number of sweeps, float64 [places, classes, speeds, len(Sums)]."""

    sums: F64

    @staticmethod
    def nothing() -> Tally:
        """Of no sweep."""
        return Tally(np.zeros((PLACES, len(PointClass), _SPEEDS, len(Sums._fields))))

    @staticmethod
    def of(pair: EvaluatedPair) -> Tally:
        """Of the valid points of one sweep."""
        pair, shape = pair.judged(), Tally.nothing().sums.shape
        columns = np.stack(list(_quantities(pair)), axis=-1)
        speed = np.searchsorted(_EDGES_M, columns[:, Sums._fields.index("length")], "right") - 1
        unknown = np.full(len(pair.points), PointClass.UNKNOWN)
        classes = unknown if pair.classes is None else pair.classes
        flat = np.ravel_multi_index((place_of(pair.points), classes, speed), shape[:3])
        sums = np.empty((math.prod(shape[:3]), shape[3]))
        for k, column in enumerate(columns.T):
            sums[:, k] = np.bincount(flat, column, len(sums))
        return Tally(sums.reshape(shape))

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.sums + other.sums)

    def group(self, classes: Iterable[PointClass] = JUDGED, region: str = EVERYWHERE) -> SpeedTally:
        """The points of some classes in one of REGIONS."""
        chosen = self.sums[np.ix_(REGIONS[region], list(classes))]
        return SpeedTally(chosen.sum(axis=(0, 1)))


def total(tallies: Iterable[Tally]) -> Tally:
    """Of all together; of none it is Tally.nothing()."""
    return sum(tallies, start=Tally.nothing())


def ratio(numerator: float, denominator: float) -> float:
    """NaN where there is nothing to divide by."""
    return numerator / denominator if denominator > 0 else float("nan")


def _quantities(pair: EvaluatedPair) -> Iterable[F64]:
    """One column [N] of each of Sums."""
    predicted, truth = pair.predicted.astype(np.float64), pair.truth.astype(np.float64)
    error, length, said = (
        np.linalg.norm(flow, axis=1) for flow in (predicted - truth, truth, predicted)
    )
    aim, answer = pair.total(truth), pair.total(predicted)
    relative = error / (np.linalg.norm(aim, axis=1) + 1e-10)
    yield from (np.ones_like(error), error, length, said >= DYNAMIC_M)
    for limit in (STRICT, RELAXED):
        yield (error < limit) | (relative < limit)
    yield _space_time_angle(answer, aim)


def _space_time_angle(a: F64, b: F64) -> F64:
    """Angle (rad) [N] between flows [N, 3] with the interval as a fourth axis, as in av2-api."""
    a, b = (np.insert(flow, 3, INTERVAL_S, axis=1) for flow in (a, b))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.arccos(np.clip(np.einsum("nk,nk->n", a, b) / lengths, -1.0, 1.0))
