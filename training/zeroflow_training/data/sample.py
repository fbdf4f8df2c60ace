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
    [N_0, 3], metres over the interval; `is_ground` bool [N_0] (a weight, never an input),
    true as well on the own vehicle: it moves as ego motion says, and nobody asks.
    """

    sweeps: tuple[Points, ...]
    flow: F32
    is_ground: npt.NDArray[np.bool_]

    def select(self, keep: list[npt.NDArray[np.bool_]]) -> TrainingSample:
        """The sample with only the points of `keep` (one mask a sweep)."""
        sweeps = tuple(points[mask] for points, mask in zip(self.sweeps, keep, strict=True))
        return TrainingSample(sweeps, self.flow[keep[0]], self.is_ground[keep[0]])
