# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Residual-flow metrics: how wrong movers are, and how much of the still world seems to move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]

DYNAMIC_M = 0.05  # Argoverse 2: 0.5 m/s at 10 Hz
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
    - `dynamic_recall`: share of dynamic points whose flow is above 0.05 m.
    """

    dynamic_epe_normalised: float
    dynamic_epe_bucketed: float
    dynamic_epe_m: float
    static_epe_m: float
    false_motion: float
    dynamic_recall: float
    dynamic_points: int
    static_points: int


def residual_metrics(predicted: F32, truth: F32) -> ResidualMetrics:
    """Compare flows [N, 3] in metres over one interval; NaN where a group has no point."""
    error = np.linalg.norm(predicted - truth, axis=1).astype(np.float64)
    length = np.linalg.norm(truth, axis=1).astype(np.float64)
    moves = np.linalg.norm(predicted, axis=1) >= DYNAMIC_M
    dynamic = length >= DYNAMIC_M
    return ResidualMetrics(
        _ratio(error[dynamic].sum(), length[dynamic].sum()),
        _bucketed(error[dynamic], length[dynamic]),
        _mean(error[dynamic]),
        _mean(error[~dynamic]),
        _mean(moves[~dynamic]),
        _mean(moves[dynamic]),
        int(dynamic.sum()),
        int((~dynamic).sum()),
    )


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
