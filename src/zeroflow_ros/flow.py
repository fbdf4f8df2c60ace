# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Flow: what the estimator says of one sweep, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points

MOVING_MPS = 0.5
"""Valid points faster than this are called moving."""


class FlowStatus(Enum):
    """Why a sweep has flow, or why it has none."""

    ESTIMATED = "estimated"
    FIRST_SWEEP = "first, or after a gap"
    NO_EGO_MOTION = "ego motion unknown at the sweep's stamp"
    EMPTY = "no finite point in range"


@dataclass(frozen=True)
class Flow:
    """Per-point motion of one sweep, ego motion removed; row i belongs to row i of the sweep.

    `displacement` float32 [N, 3], metres over `interval_s`, axes of the sensor frame, 0 where not
    `valid` (bool [N]: NaN points, out of range, or a sweep that was not estimated), never NaN.
    `interval_s` is the measured time between the two sweeps, 0 when there is no earlier one.
    `stage_ms` is the wall time of each stage, in the order they ran.
    """

    displacement: Points
    valid: npt.NDArray[np.bool_]
    interval_s: float
    status: FlowStatus
    stage_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def velocity(self) -> Points:
        """Float32 [N, 3] in m/s: displacement over the measured interval."""
        if self.interval_s <= 0:
            return np.zeros_like(self.displacement)
        return self.displacement / np.float32(self.interval_s)

    @property
    def speed(self) -> npt.NDArray[np.float32]:
        """Float32 [N] in m/s."""
        velocity = self.velocity
        return np.sqrt(np.einsum("ij,ij->i", velocity, velocity))

    @staticmethod
    def none(count: int, status: FlowStatus, stage_ms: Mapping[str, float] | None = None) -> Flow:
        """Flow of a sweep that could not be estimated: all zero, nothing valid."""
        return Flow(
            np.zeros((count, 3), np.float32), np.zeros(count, bool), 0.0, status, stage_ms or {}
        )
