# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bucketed: end-point error over true speed, where every speed and every class counts as much.

Bucket-normalised EPE of Khatri et al. 2024 (arXiv:2403.04739), as BucketedSceneFlowEval 2.0.25
computes it: 50 buckets of 0.04 m from 0 to 2 m over 0.1 s, and one for all that is faster.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from zeroflow_training.evaluation.classes import BOARD, PointClass
from zeroflow_training.evaluation.regions import EVERYWHERE
from zeroflow_training.evaluation.tally import BUCKET_EDGES_M, F64, SpeedTally, Tally


@dataclass(frozen=True)
class Bucketed:
    """Of one group of points, float64 [51] each: counts, mean error and mean true length (m)."""

    points: F64
    error_m: F64
    length_m: F64

    @staticmethod
    def of(group: SpeedTally) -> Bucketed:
        """NaN in buckets without points."""
        points, error, length = group.buckets()[:, :3].T  # the first three of Sums
        with np.errstate(invalid="ignore"):
            return Bucketed(points, error / points, length / points)

    @property
    def normalised(self) -> F64:
        """Error over length; NaN in the static bucket, the first, and where there is no point."""
        found = self.error_m / np.where(self.length_m > 0, self.length_m, np.nan)
        found[0] = np.nan
        return found

    @property
    def static_m(self) -> float:
        """End-point error of the first bucket (below 0.04 m), in metres."""
        return float(self.error_m[0])

    @property
    def moving(self) -> float:
        """Number of points in all other buckets."""
        return float(self.points[1:].sum())

    @property
    def dynamic(self) -> float:
        """Normalised error, averaged over the buckets with points: 1 is what zero flow gets."""
        return mean_of_numbers(self.normalised)

    def rows(self) -> dict[str, dict[str, float]]:
        """A row for each bucket that has points, by its speed at 10 Hz ("0.4-0.8 m/s")."""
        return {
            speed_name(k): {
                "points": float(self.points[k]),
                "error_m": float(self.error_m[k]),
                "length_m": float(self.length_m[k]),
                "normalised": float(self.normalised[k]),
            }
            for k in np.flatnonzero(self.points).tolist()
        }


def by_class(tally: Tally, region: str = EVERYWHERE) -> dict[PointClass, Bucketed]:
    """Of each of the five classes of the board."""
    return {member: Bucketed.of(tally.group([member], region)) for member in BOARD}


def mean_over(classes: Mapping[PointClass, Bucketed]) -> tuple[float, float]:
    """Static error (m) and normalised error, each averaged over the classes that have one.

    The background takes part, as on the board: with static points always, with moving ones where
    the truth has them.
    """
    found = list(classes.values())
    static, dynamic = [each.static_m for each in found], [each.dynamic for each in found]
    return mean_of_numbers(static), mean_of_numbers(dynamic)


def mean_of_numbers(values: F64 | Collection[float]) -> float:
    """NaN is left out; NaN where nothing else is left."""
    numbers = np.asarray(values, np.float64)
    numbers = numbers[~np.isnan(numbers)]
    return float(numbers.mean()) if len(numbers) else float("nan")


def speed_name(bucket: int) -> str:
    """Its speeds at 10 Hz: "0.4-0.8 m/s" for the second one."""
    low, high = (10 * float(edge) for edge in BUCKET_EDGES_M[bucket : bucket + 2])
    return f"{low:.1f}-{high:.1f} m/s" if np.isfinite(high) else f"over {low:.1f} m/s"
