# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""NeuralPrior: Neural Scene Flow Prior, as ZeroFlow ran it to make its pseudo-labels."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from zeroflow_training.teachers.chamfer import TruncatedChamfer
from zeroflow_training.teachers.optimisation import Iterate, Outcome, minimise
from zeroflow_training.teachers.prior import CoordinateNetwork
from zeroflow_training.teachers.prior_teacher import PriorTeacher


@dataclass(frozen=True, kw_only=True)
class NeuralPrior(PriorTeacher):
    """Two networks for each pair (Li et al. 2021; Vedder et al. 2024 for the settings).

    One takes the source to the target, a copy of it takes what arrived back to the source; both
    ways are judged by the truncated Chamfer distance. The sum is minimised, and the flow with the
    lowest distance on the way there is the answer.
    """

    name: ClassVar[str] = "nsfp"
    revision: ClassVar[int] = 1
    thins_target: ClassVar[bool] = True  # it is fitted both ways: neither may be the denser one

    def fit(self, network: CoordinateNetwork, source: Tensor, target: Tensor) -> Outcome:
        """See PriorTeacher."""
        back = copy.deepcopy(network)
        to_target, to_source = TruncatedChamfer(target), TruncatedChamfer(source)

        def evaluate() -> Iterate:
            moved = source + network(source)
            returned = moved - back(moved)
            forward = to_target(moved)
            return Iterate(forward + to_source(returned), forward)

        return minimise(
            evaluate,
            list(network.parameters()),
            list(back.parameters()),
            stopping=self.stopping,
            progress=self.progress,
            averaging=self.averaging,
        )
