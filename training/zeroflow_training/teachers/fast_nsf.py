# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FastNeuralPrior: Fast Neural Scene Flow, one network against a distance transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from zeroflow_training.teachers.distance_field import DistanceField
from zeroflow_training.teachers.optimisation import Iterate, Outcome, minimise
from zeroflow_training.teachers.prior import CoordinateNetwork
from zeroflow_training.teachers.prior_teacher import PriorTeacher


@dataclass(frozen=True, kw_only=True)
class FastNeuralPrior(PriorTeacher):
    """One network for each pair (Li et al. 2023): mean distance of what it moves to the target.

    Distances are neither squared nor truncated. It stops earlier than NSFP, by the delta that was
    published with it.
    """

    name: ClassVar[str] = "fast_nsf"
    revision: ClassVar[int] = 1
    thins_target: ClassVar[bool] = False
    patience: int = 30
    min_delta: float = 1e-3

    def fit(self, network: CoordinateNetwork, source: Tensor, target: Tensor) -> Outcome:
        """See PriorTeacher."""
        field = DistanceField(target)

        def evaluate() -> Iterate:
            loss = field(source + network(source)).mean()
            return Iterate(loss, loss)

        return minimise(
            evaluate,
            list(network.parameters()),
            stopping=self.stopping,
            progress=self.progress,
            averaging=self.averaging,
        )
