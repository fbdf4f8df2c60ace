# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TrainingSample: the sweeps one prediction sees, and what it should say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points

F32 = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
INTERVAL_S = 0.1  # between sweeps that a student compares
DYNAMIC_MPS = 0.5  # 0.05 m per 0.1 s, where scene flow is judged


@dataclass(frozen=True)
class Marks:
    """What losses without labels want to know of the newest sweep and of the one before it.

    Of the newest: `dynamic` bool [N_0], what is known to move at DYNAMIC_MPS or faster; `cluster`
    int32 [N_0], above 0 for points of one thing. Of the one before: `before_is_ground` and
    `before_dynamic` bool [N_1].
    """

    dynamic: Mask
    cluster: npt.NDArray[np.int32]
    before_is_ground: Mask
    before_dynamic: Mask

    def select(self, newest: Mask, before: Mask) -> Marks:
        """Only of the points of two masks, [N_0] and [N_1]."""
        return Marks(
            self.dynamic[newest],
            self.cluster[newest],
            self.before_is_ground[before],
            self.before_dynamic[before],
        )


def is_dynamic(displacement: F32, interval_s: float = INTERVAL_S) -> Mask:
    """Which points moved at DYNAMIC_MPS or faster: `displacement` float32 [N, 3] m -> bool [N]."""
    moved: Mask = np.linalg.norm(displacement, axis=1) >= DYNAMIC_MPS * abs(interval_s)
    return moved


@dataclass(frozen=True)
class TrainingSample:
    """Sweeps in the newest one's levelled frame.

    `sweeps`: newest first, float32 [N_k, 3], metres. For the newest one's points: `flow` float32
    [N_0, 3], metres over the interval; `weight` float32 [N_0] of its error: 1 for what
    matters, less for ground and the own vehicle, 0 where nobody can say how it moves; `is_ground`
    bool [N_0]. None is an input. `marks`, where they are known; `interval_s`, as measured.
    """

    sweeps: tuple[Points, ...]
    flow: F32
    weight: F32
    is_ground: Mask
    marks: Marks | None = None
    interval_s: float = INTERVAL_S

    def select(self, keep: list[Mask]) -> TrainingSample:
        """The sample with only the points of `keep` (one mask a sweep)."""
        sweeps = tuple(points[mask] for points, mask in zip(self.sweeps, keep, strict=True))
        newest = keep[0]
        return TrainingSample(
            sweeps,
            self.flow[newest],
            self.weight[newest],
            self.is_ground[newest],
            self.marks and self.marks.select(newest, keep[1]),
            self.interval_s,
        )
