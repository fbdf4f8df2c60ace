# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Correspondence: how far each point is from the other sweep as both stand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points
from zeroflow_training.teachers.clusters import FLATTENED, Rows

LIMIT_M = 0.3  # farther from its partner, a point is as bad as without one
STILL_M, STILL_MOST_M = 0.03, 0.08  # mean and ninth decile of what nobody takes for moving


class Correspondence(NamedTuple):
    """Distances of source points [N] and target points [M], float64, at most LIMIT_M.

    Heights are flattened.
    """

    of_source: npt.NDArray[np.float64]
    of_target: npt.NDArray[np.float64]

    @staticmethod
    def of(source: Points, target: Points) -> Correspondence:
        """Both clouds in one frame, not empty."""
        from scipy.spatial import cKDTree

        flat = np.array([1, 1, FLATTENED])
        clouds = source * flat, target * flat
        trees = [cKDTree(cloud) for cloud in clouds]
        found = [
            tree.query(cloud, distance_upper_bound=LIMIT_M)[0].clip(max=LIMIT_M)
            for tree, cloud in zip(reversed(trees), clouds, strict=True)
        ]
        return Correspondence(*found)

    def moved(self, source: Rows, target: Rows) -> bool:
        """Whether a cluster with these rows may have moved: it does not lie on itself."""
        a, b = self.of_source[source], self.of_target[target]
        mean = 0.5 * (a.mean() + b.mean())
        return bool(mean > STILL_M or np.quantile(np.concatenate([a, b]), 0.9) > STILL_MOST_M)
