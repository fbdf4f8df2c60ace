# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""StudentModule: the training step of any student with any loss, for Lightning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import lightning
import torch
from torch import Tensor, nn

from zeroflow_training.losses import binned_mean, speed_bin
from zeroflow_training.losses.terms import DEFAULT_LOSS, Emphasis, total_loss
from zeroflow_training.optimizers import optimizer_of
from zeroflow_training.schedule import ScheduleConfig
from zeroflow_training.students.kinds import AnyStudentConfig
from zeroflow_training.students.student import Batch


class StudentModule(lightning.LightningModule):
    """Trains the network of a StudentConfig on its Batch objects.

    `loss`: weights of terms by name; `training_data`: what it learns from, in words.
    """

    def __init__(
        self,
        student: AnyStudentConfig,
        schedule: ScheduleConfig,
        loss: Mapping[str, float] = DEFAULT_LOSS,
        training_data: str = "",
    ) -> None:
        super().__init__()
        # Plain values only: a checkpoint must load with weights_only=True.
        self.save_hyperparameters(
            {
                "student": asdict(student),
                "schedule": asdict(schedule),
                "loss": dict(loss),
                "training_data": training_data,
            }
        )
        self.schedule, self.loss = schedule, dict(loss)
        self.student = student.network()
        self.student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def progress(self) -> float:
        """Share of the run that is done, 0..1."""
        return self.schedule.progress(self.global_step)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Loss of one batch; logs the end-point error of each speed bin that has points."""
        said, known = self.student.predict(batch.inputs), batch.supervision
        emphasis = Emphasis(self._huber_beta(), self.schedule.static_share)
        loss, terms = total_loss(self.loss, said, known, emphasis)
        with torch.no_grad():
            error = (said.displacement - known.target).norm(dim=1)
            epe, filled = binned_mean(error, known.weight, speed_bin(known.speed))
        names = ("static", "slow", "fast")
        said_of = {f"epe_{name}": epe[k] for k, name in enumerate(names) if filled[k]}
        said_of.update({f"loss_{name}": value for name, value in terms.items()})
        self.log_dict(said_of, on_step=True, batch_size=batch.samples)
        self.log("loss", loss, prog_bar=True, batch_size=batch.samples)
        return loss

    def on_train_batch_start(self, batch: Batch, batch_index: int) -> None:
        """Freeze the normalisation statistics late, so that export sees what training saw."""
        frozen = self.progress >= self.schedule.freeze_norm_after
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.train(not frozen)

    def configure_optimizers(self) -> dict[str, object]:
        """The schedule's optimiser, and a learning rate that changes with every step."""
        optimizer = optimizer_of(self.student, self.schedule)
        factor = self.schedule.learning_rate_factor
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def _huber_beta(self) -> float:
        return self.schedule.huber_beta_m(self.progress)
