# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Residual-flow metrics: how wrong movers are, and how much of the still world seems to move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]

DYNAMIC_M = 0.05  # Argoverse 2: 0.5 m/s at 10 Hz
STILL_M = 0.001
SPEED_EDGES_M = (0.05, 0.1, 0.2, 0.5, 1.0, np.inf)  # 0.5, 1, 2, 5, 10 m/s and above, at 10 Hz
BUCKET_M = 0.04  # bucketed normalised EPE: 51 edges over 0..2 m, then one open bin


@dataclass(frozen=True)
class ResidualMetrics:
    """Metrics of one or more sweeps, pooled over points.

    - `dynamic_epe_normalised`: sum of errors over sum of true lengths, dynamic points; predicting
      no motion gives 1.
    - `dynamic_epe_bucketed`: the same ratio in each speed bucket, averaged over non-empty buckets
      (Khatri et al. 2024, without classes), so that slow movers count as much as fast ones.
    - `dynamic_epe_m`, `static_epe_m`: mean end-point error in metres per interval.
    - `false_motion`: share of static points whose flow is above 0.05 m (0.5 m/s at 10 Hz).
    - `false_motion_still`: the same of points that do not move at all (below 0.001 m): some of the
      static ones creep, which in simulation is known.
    - `dynamic_recall`: share of dynamic points whose flow is above 0.05 m.
    """

    dynamic_epe_normalised: float
    dynamic_epe_bucketed: float
    dynamic_epe_m: float
    static_epe_m: float
    false_motion: float
    false_motion_still: float
    dynamic_recall: float
    dynamic_points: int
    static_points: int


@dataclass(frozen=True)
class ThreewayEpe:
    """Threeway EPE (Chodosh et al. 2023) in metres: mean end-point errors, and their mean.

    Foreground is what carries a label; dynamic is 0.05 m and more over the interval.
    """

    dynamic_foreground_m: float
    static_foreground_m: float
    static_background_m: float
    threeway_m: float


@dataclass(frozen=True)
class PointErrors:
    """What every metric needs to know of a point, float32 [N] each, metres over one interval.

    `error`: length of prediction minus truth; `truth`, `said`: lengths of both.
    """

    error: F32
    truth: F32
    said: F32

    @staticmethod
    def of(predicted: F32, truth: F32) -> PointErrors:
        """Compare flows [N, 3] in metres over one interval."""
        lengths = (np.linalg.norm(flow, axis=1) for flow in (predicted - truth, truth, predicted))
        return PointErrors(*lengths)

    @staticmethod
    def joined(parts: Sequence[PointErrors]) -> PointErrors:
        """Points of several sweeps; none of them is no point."""
        columns = [(part.error, part.truth, part.said) for part in parts]
        nothing = (np.empty(0, np.float32),) * 3
        error, truth, said = map(np.concatenate, zip(nothing, *columns, strict=True))
        return PointErrors(error, truth, said)

    def select(self, keep: npt.NDArray[np.bool_]) -> PointErrors:
        """Only the points of a mask [N]."""
        return PointErrors(self.error[keep], self.truth[keep], self.said[keep])

    def metrics(self) -> ResidualMetrics:
        """See ResidualMetrics; NaN where a group has no point."""
        error, length = self.error.astype(np.float64), self.truth.astype(np.float64)
        moves, dynamic = self.said >= DYNAMIC_M, length >= DYNAMIC_M
        return ResidualMetrics(
            _ratio(error[dynamic].sum(), length[dynamic].sum()),
            _bucketed(error[dynamic], length[dynamic]),
            _mean(error[dynamic]),
            _mean(error[~dynamic]),
            _mean(moves[~dynamic]),
            _mean(moves[length < STILL_M]),
            _mean(moves[dynamic]),
            int(dynamic.sum()),
            int((~dynamic).sum()),
        )

    def by_speed(self) -> dict[str, ResidualMetrics]:
        """Metrics of the points in each bin of true speed, by the bin's name ("0.5-1 m/s")."""
        found = {}
        for low, high in pairwise(SPEED_EDGES_M):
            # m/s at 10 Hz
            name = f"{10 * low:g}-{10 * high:g} m/s" if np.isfinite(high) else f"> {10 * low:g} m/s"
            found[name] = self.select((self.truth >= low) & (self.truth < high)).metrics()
        return found

    def threeway(self, foreground: npt.NDArray[np.bool_]) -> ThreewayEpe:
        """Threeway EPE with `foreground` bool [N]."""
        error, dynamic = self.error.astype(np.float64), self.truth >= DYNAMIC_M
        moving, standing = error[dynamic & foreground], error[~dynamic & foreground]
        parts = (_mean(moving), _mean(standing), _mean(error[~dynamic & ~foreground]))
        return ThreewayEpe(*parts, float(np.mean(parts)))


def residual_metrics(predicted: F32, truth: F32) -> ResidualMetrics:
    """Compare flows [N, 3] in metres over one interval; NaN where a group has no point."""
    return PointErrors.of(predicted, truth).metrics()


def _bucketed(error: npt.NDArray[np.float64], length: npt.NDArray[np.float64]) -> float:
    if not len(error):
        return float("nan")
    bucket = np.minimum((length / BUCKET_M).astype(int), 50)
    errors, lengths = np.bincount(bucket, error), np.bincount(bucket, length)
    return float((errors[lengths > 0] / lengths[lengths > 0]).mean())


def _ratio(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator > 0 else float("nan")


def _mean(values: npt.NDArray[np.generic]) -> float:
    return float(values.mean()) if len(values) else float("nan")
