# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ScheduleConfig: how a run's optimiser and losses change with its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

FINE_TUNING_HUBER_M = 0.08  # of a student that is trained already: small errors count at once

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
AtLeastZero = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class ScheduleConfig:
    """Optimiser and annealing over `steps` optimiser steps.

    `learning_rate` is the optimiser's; with `muon`, biases, norms and the head learn with a tenth
    of it. `annealing`: what becomes of it after `warmup_steps`. `clip_gradient`: longest gradient,
    None for any.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    steps: Annotated[int, Field(gt=0)]
    learning_rate: AtLeastZero = 1e-2
    weight_decay: AtLeastZero = 1e-4
    warmup_steps: Count = 100
    huber_start_m: Positive = 0.6
    huber_end_m: Positive = 0.04
    static_share: Share = 1 / 3  # of the loss; see three_bin_loss
    freeze_norm_after: AtLeastZero = (
        0.7  # share of the run after which batch statistics stand still
    )
    optimizer: Literal["muon", "adam"] = "muon"
    annealing: Literal["cosine", "constant"] = "cosine"
    clip_gradient: Positive | None = 5.0

    def progress(self, step: int) -> float:
        """Share of the run that is done after `step` steps, 0..1."""
        return min(1.0, step / self.steps)

    def learning_rate_factor(self, step: int) -> float:
        """Linear warm-up, then a cosine to one hundredth, or nothing else."""
        warm = min(1.0, (step + 1) / max(1, self.warmup_steps))
        if self.annealing == "constant":
            return warm
        # In single precision, as it always was: runs must be repeatable to the bit.
        cosine = 0.5 * (1 + torch.cos(torch.tensor(torch.pi * self.progress(step))).item())
        return warm * (0.99 * cosine + 0.01)

    def huber_beta_m(self, progress: float) -> float:
        """From `huber_start_m` straight towards 0 at 77 % of the run, never below `huber_end_m`."""
        return max(self.huber_end_m, self.huber_start_m * (1 - 1.3 * progress))
