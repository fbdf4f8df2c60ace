# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TrainingSample: the sweeps one prediction sees, and what it should say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TrainingSample:
    """Sweeps in the newest one's levelled frame.

    `sweeps`: newest first, float32 [N_k, 3], metres. For the newest one's points: `flow` float32
    [N_0, 3], metres over the interval; `weight` float32 [N_0] of its error: 1 for what
    matters, less for ground and the own vehicle, 0 where nobody can say how it moves; `is_ground`
    bool [N_0]. Neither is an input.
    """

    sweeps: tuple[Points, ...]
    flow: F32
    weight: F32
    is_ground: npt.NDArray[np.bool_]

    def select(self, keep: list[npt.NDArray[np.bool_]]) -> TrainingSample:
        """The sample with only the points of `keep` (one mask a sweep)."""
        sweeps = tuple(points[mask] for points, mask in zip(self.sweeps, keep, strict=True))
        newest = keep[0]
        return TrainingSample(
            sweeps, self.flow[newest], self.weight[newest], self.is_ground[newest]
        )
