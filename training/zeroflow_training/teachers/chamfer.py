# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TruncatedChamfer: how far two clouds are apart, seen from both, up to a limit."""

from __future__ import annotations

import math

from torch import Tensor

from zeroflow_training.teachers.neighbours import neighbours_of

LIMIT_M2 = 2.0
_REACH_M = 1.001 * math.sqrt(LIMIT_M2)  # what is farther counts nothing, so it need not be found


class TruncatedChamfer:
    """To a fixed cloud float32 [M, 3], as in NSFP (Li et al. 2021).

    Mean over the moved points of the squared distance (m^2) to the cloud's nearest, plus the mean
    over the cloud of that to the nearest moved point. Squared distances of LIMIT_M2 and more count
    as 0 in the sum, and their points still count in the mean.
    """

    def __init__(self, cloud: Tensor) -> None:
        self._cloud = cloud
        self._neighbours = neighbours_of(cloud, _REACH_M)

    def __call__(self, moved: Tensor) -> Tensor:
        """Loss of `moved` float32 [N, 3], differentiable in it; NaN where a point is not finite."""
        place = moved.detach()
        if not place.isfinite().all():
            return moved.sum() * math.nan  # a tree refuses to search for such points
        reached = self._cloud[self._neighbours.nearest(place)]
        reaching = neighbours_of(place, _REACH_M, kept=False).nearest(self._cloud)
        back = moved.index_select(0, reaching)
        return _truncated_mean(moved - reached) + _truncated_mean(back - self._cloud)


def _truncated_mean(offsets: Tensor) -> Tensor:
    squared = offsets.square().sum(1)
    return (squared * (squared.detach() < LIMIT_M2)).mean()
