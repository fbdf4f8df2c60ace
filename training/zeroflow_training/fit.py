# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fit a student on simulated worlds: one call, one run folder, resumable from its checkpoint."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch.utils.data import DataLoader

from zeroflow_ros.files import written_atomically
from zeroflow_ros.pillars import PillarGrid
from zeroflow_training.checkpoint import load_student, opened, refused, require_muon, take_over
from zeroflow_training.data.batch import collate
from zeroflow_training.data.simulated import SimulatedSamples
from zeroflow_training.fit_config import FitConfig
from zeroflow_training.student_module import StudentModule

CELL_M = 0.4
Z_RANGE_M = (-1.5, 4.5)


def training_grid(config: FitConfig) -> PillarGrid:
    """The window that training looks at: `student.size` pillars of 0.4 m."""
    return PillarGrid(config.student.size * CELL_M / 2, CELL_M, *Z_RANGE_M)


def fit(
    config: FitConfig, folder: Path, resume: Path | None = None, init: Path | None = None
) -> Path:
    """Train for `config.schedule.steps` steps; returns the path of the last checkpoint.

    `folder` receives fit.json, metrics.csv and checkpoints (every five minutes and at the end).
    `resume` goes on from a checkpoint, with scenes that the run has not seen; the metrics so far
    move to metrics_until_<step>.csv. `init` starts from another run's weights, at step 0.
    """
    torch.set_num_threads(config.threads)
    lightning.seed_everything(config.seed, workers=True, verbose=False)
    folder.mkdir(parents=True, exist_ok=True)
    steps_done = 0
    if resume is not None:
        with opened(resume) as state:
            require_muon(state)
            steps_done = state["global_step"]
        _keep_metrics(folder / "metrics.csv", steps_done)
    with written_atomically(folder / "fit.json") as scratch:
        scratch.write_text(json.dumps(asdict(config), indent=2))
    trainer = lightning.Trainer(
        max_steps=config.schedule.steps,
        accelerator="auto",
        precision=config.precision,  # type: ignore[arg-type]
        gradient_clip_val=5.0,
        logger=CSVLogger(folder, name="", version=""),
        callbacks=[_checkpoints(folder)],
        log_every_n_steps=10,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module = StudentModule(config.student, config.schedule)
    if init is not None:
        with refused(init):
            take_over(module.student, load_student(init, config.student.size))
    trainer.fit(module, simulated_batches(config, steps_done), ckpt_path=resume, weights_only=True)
    last = folder / "last.ckpt"
    with written_atomically(last) as scratch:
        trainer.save_checkpoint(scratch)
    return last


def _keep_metrics(metrics: Path, steps_done: int) -> None:
    """Move them out of the logger's way, who would delete them."""
    kept = metrics.with_name(f"metrics_until_{steps_done}.csv")
    # Where the same checkpoint was resumed before, what came after it is run again.
    if metrics.exists() and not kept.exists():
        metrics.replace(kept)


def simulated_batches(config: FitConfig, steps_done: int) -> DataLoader:  # type: ignore[type-arg]
    """Endless batches of a run that has made `steps_done` steps."""
    cells = config.student.size**2
    samples = SimulatedSamples(training_grid(config), config.student.lags, config.seed)
    samples.seen = samples.scenes_for(steps_done * config.batch_size, config.workers)
    return DataLoader(
        samples,
        batch_size=config.batch_size,
        num_workers=config.workers,
        prefetch_factor=4 if config.workers else None,
        worker_init_fn=_single_threaded,
        collate_fn=partial(collate, cells_per_sample=cells, history=config.student.history),
    )


def _single_threaded(worker: int) -> None:
    """Small matrix products on several threads would spin against the training step."""
    threadpool_limits(1)


def _checkpoints(folder: Path) -> ModelCheckpoint:
    return ModelCheckpoint(
        folder,
        filename="latest",
        train_time_interval=timedelta(minutes=5),
        save_top_k=1,
        enable_version_counter=False,
    )
