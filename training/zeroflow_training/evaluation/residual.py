# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Residual-flow metrics: how wrong movers are, and how much of the still world seems to move."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from zeroflow_ros.geometry import Points
from zeroflow_training.evaluation.bucketed import Bucketed
from zeroflow_training.evaluation.pair import EvaluatedPair
from zeroflow_training.evaluation.tally import (
    DYNAMIC_M,
    SPEED_EDGES_M,
    STILL_M,
    SpeedTally,
    Tally,
    ratio,
)


@dataclass(frozen=True)
class ResidualMetrics:
    """Metrics of one or more sweeps, pooled over points; NaN where a group has no point.

    - `dynamic_epe_normalised`: sum of errors over sum of true lengths, dynamic points; predicting
      no motion gives 1.
    - `dynamic_epe_bucketed`: the same ratio in each speed bucket, averaged over non-empty buckets
      (Khatri et al. 2024, without classes and from 0.05 m on), so that slow movers count as much
      as fast ones.
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

    @staticmethod
    def of(group: SpeedTally) -> ResidualMetrics:
        """Of a group of points."""
        dynamic, static = group.between(DYNAMIC_M), group.between(0.0, DYNAMIC_M)
        return ResidualMetrics(
            ratio(dynamic.error, dynamic.length),
            Bucketed.of(group.above(DYNAMIC_M)).dynamic,
            dynamic.mean("error"),
            static.mean("error"),
            static.mean("moving"),
            group.between(0.0, STILL_M).mean("moving"),
            dynamic.mean("moving"),
            int(dynamic.points),
            int(static.points),
        )


def by_speed(group: SpeedTally) -> dict[str, ResidualMetrics]:
    """Metrics of the points in each bin of true speed, by the bin's name ("0.5-1 m/s")."""
    found = {}
    for low, high in pairwise(SPEED_EDGES_M):
        # m/s at 10 Hz
        name = f"{10 * low:g}-{10 * high:g} m/s" if np.isfinite(high) else f"> {10 * low:g} m/s"
        found[name] = ResidualMetrics.of(group.above(low, high))
    return found


def residual_metrics(predicted: Points, truth: Points) -> ResidualMetrics:
    """Compare flows [N, 3] in metres over one interval, wherever their points are."""
    valid = np.ones(len(truth), bool)
    pair = EvaluatedPair("flow", np.zeros_like(truth), predicted, truth, valid)
    return ResidualMetrics.of(Tally.of(pair).group())
