# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FitProgress: how far a run is, for people at a terminal."""

from __future__ import annotations

import time
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
            progress.TextColumn("steps {task.description}"),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: progress.TaskID | None = None
        self._began, self._first_step = 0.0, 0

    def on_train_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.is_global_zero and self._bar.console.is_terminal:
            self._began, self._first_step = time.monotonic(), trainer.global_step
            self._task = self._bar.add_task(
                "", total=trainer.max_steps, completed=trainer.global_step
            )
            self._bar.start()

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        step = trainer.global_step
        if self._task is None or step == self._first_step or step % EVERY:
            return
        loss = float(trainer.callback_metrics.get("loss", float("nan")))
        rate = (step - self._first_step) / (time.monotonic() - self._began)
        said = f" loss {loss:.4g}, {rate:.2f} a second,"
        self._bar.update(self._task, completed=step, description=said)

    def teardown(self, *_: Any, **__: Any) -> None:
        self._bar.stop()  # also after an error, which is printed next
