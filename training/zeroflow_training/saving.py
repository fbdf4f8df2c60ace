# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of a run as it goes on: whole files only, between two steps of the optimiser."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import lightning
import torch

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.files import written_atomically


class Checkpoints(lightning.Callback):
    """Writes `path` every so many minutes.

    Lightning's own would also write amid the batches of an accumulated step, where a resumed run
    starts the step anew, and a kill while it writes leaves half a file.
    """

    def __init__(self, path: Path, minutes: float) -> None:
        self._path, self._seconds = path, 60 * minutes
        self._last_s, self._step = 0.0, 0

    def on_train_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        # A resumed run does not start at step 0.
        self._last_s, self._step = time.monotonic(), trainer.global_step

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.global_step == self._step:
            return  # amid the batches of a step
        self._step = trainer.global_step
        due = time.monotonic() - self._last_s >= self._seconds
        # All processes write together or not at all, whatever their clocks say.
        if trainer.strategy.broadcast(due):
            save(trainer, self._path)
            self._last_s = time.monotonic()


def save(trainer: lightning.Trainer, path: Path) -> None:
    """Called in all processes of a run; the first one writes, atomically.

    Raises ZeroflowError where training has diverged: the file before it stays, and is the better.
    """
    _require_numbers(trainer)
    if trainer.is_global_zero:
        with written_atomically(path) as scratch:
            trainer.save_checkpoint(scratch, weights_only=False)  # with optimiser and schedule
    else:
        trainer.save_checkpoint(path, weights_only=False)


def _require_numbers(trainer: lightning.Trainer) -> None:
    """Of the weights, which are the same in all processes: all of them refuse, or none."""
    if not all(torch.isfinite(weight).all() for weight in trainer.lightning_module.parameters()):
        raise ZeroflowError(
            f"training has diverged: after {trainer.global_step} steps weights are no numbers any "
            "more, and are not saved. Start again with a lower --learning-rate"
        )
