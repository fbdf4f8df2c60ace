# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""StudentModule: the training step, schedule and optimiser of a student, for Lightning."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import lightning
import torch
from torch import Tensor, nn

from zeroflow_training.data.batch import Batch
from zeroflow_training.losses import binned_mean, moving_loss, speed_bin, three_bin_loss
from zeroflow_training.muon import Muon
from zeroflow_training.students.real_time import RealTimeStudent, RealTimeStudentConfig

ADAM_SHARE = 0.1
MOVING_WEIGHT_M = 0.05  # metres of displacement that a nat of "does it move" counts for


@dataclass(frozen=True)
class ScheduleConfig:
    """Optimiser and annealing over `steps` optimiser steps.

    `learning_rate` is Muon's; biases, norms and the head learn with ADAM_SHARE of it.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    steps: int
    learning_rate: float = 1e-2
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    huber_start_m: float = 0.6
    huber_end_m: float = 0.04
    static_share: float = 1 / 3  # of the loss; see three_bin_loss
    freeze_norm_after: float = 0.7  # share of the run after which batch statistics stand still

    def for_fine_tuning(self) -> ScheduleConfig:
        """For a student that is trained already: small errors count from the start."""
        return replace(self, huber_start_m=0.08)


class StudentModule(lightning.LightningModule):
    """Trains a RealTimeStudent on Batch objects."""

    def __init__(self, student: RealTimeStudentConfig, schedule: ScheduleConfig) -> None:
        super().__init__()
        # Plain values only: a checkpoint must load with weights_only=True.
        self.save_hyperparameters({"student": asdict(student), "schedule": asdict(schedule)})
        self.schedule = schedule
        self.student = RealTimeStudent(student)
        self.student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def progress(self) -> float:
        """Share of the run that is done, 0..1."""
        return min(1.0, self.global_step / self.schedule.steps)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Loss of one batch; logs the end-point error of each speed bin that has points."""
        predicted, moving = self.student(*batch[:4], samples=batch.samples)
        beta = self._huber_beta()
        static_share = self.schedule.static_share
        loss = three_bin_loss(predicted, batch.target, batch.weight, beta, static_share)
        loss = loss + MOVING_WEIGHT_M * moving_loss(moving, batch.target, batch.weight)
        with torch.no_grad():
            error = (predicted - batch.target).norm(dim=1)
            epe, filled = binned_mean(error, batch.weight, speed_bin(batch.target))
        names = ("static", "slow", "fast")
        self.log_dict(
            {f"epe_{name}": epe[k] for k, name in enumerate(names) if filled[k]},
            on_step=True,
            batch_size=batch.samples,
        )
        self.log("loss", loss, prog_bar=True, batch_size=batch.samples)
        return loss

    def on_train_batch_start(self, batch: Batch, batch_index: int) -> None:
        """Freeze the normalisation statistics late, so that export sees what training saw."""
        frozen = self.progress >= self.schedule.freeze_norm_after
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.train(not frozen)

    def configure_optimizers(self) -> dict[str, object]:
        """Muon, and a learning rate that changes with every step."""
        head = {*self.student.head_parameters()}
        parameters = [(p, p.dim() > 1 and p not in head) for p in self.student.parameters()]
        optimizer = Muon(
            [p for p, hidden in parameters if hidden],
            [p for p, hidden in parameters if not hidden],
            self.schedule.learning_rate,
            ADAM_SHARE * self.schedule.learning_rate,
            self.schedule.weight_decay,
        )
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, self._learning_rate_factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def _learning_rate_factor(self, step: int) -> float:
        """Linear warm-up, then a cosine to one hundredth."""
        warm = min(1.0, (step + 1) / self.schedule.warmup_steps)
        done = min(1.0, step / self.schedule.steps)
        cosine = 0.5 * (1 + torch.cos(torch.tensor(torch.pi * done)).item())
        return warm * (0.99 * cosine + 0.01)

    def _huber_beta(self) -> float:
        """From `huber_start_m` down to `huber_end_m` over the first three quarters of the run."""
        start, end = self.schedule.huber_start_m, self.schedule.huber_end_m
        return max(end, start * (1 - 1.3 * self.progress))
