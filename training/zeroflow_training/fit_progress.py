# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FitProgress: how far a run is, for people at a terminal."""

from __future__ import annotations

from typing import Any

import lightning
from rich import progress
from rich.console import Console

EVERY = 10  # steps, as the metrics: to ask for a loss more often would make a GPU wait


class FitProgress(lightning.Callback):
    """A bar on stderr: step, loss, steps a second, time remaining; nothing without a terminal."""

    def __init__(self) -> None:
        self._bar = progress.Progress(
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("steps  loss {task.fields[loss]:.4g}  {task.fields[rate]:.2f}/s"),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: progress.TaskID | None = None

    def on_train_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.is_global_zero and self._bar.console.is_terminal:
            unknown, step, steps = float("nan"), trainer.global_step, trainer.max_steps
            self._task = self._bar.add_task(
                "", total=steps, completed=step, loss=unknown, rate=unknown
            )
            self._bar.start()

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if self._task is None or trainer.global_step % EVERY:
            return
        loss = float(trainer.callback_metrics.get("loss", float("nan")))
        speed = self._bar.tasks[0].speed or float("nan")
        self._bar.update(self._task, completed=trainer.global_step, loss=loss, rate=speed)

    def teardown(self, *_: Any) -> None:
        self._bar.stop()  # also after an error, which is printed next
