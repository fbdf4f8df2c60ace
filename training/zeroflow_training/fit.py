# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fit a student on simulated streets or labelled sequences: one run folder, resumable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.files import written_atomically
from zeroflow_training.checkpoint import opened
from zeroflow_training.data.labelled_pairs import LabelledPairs
from zeroflow_training.data.loading import RunData
from zeroflow_training.fit_config import FitConfig
from zeroflow_training.optimizers import require_optimizer
from zeroflow_training.saving import Checkpoints, save
from zeroflow_training.starting_weights import start_from
from zeroflow_training.student_module import StudentModule

SIMULATED = "zeroflow_ros simulated streets, exact flow, no recorded data, no labels"


def fit(
    config: FitConfig,
    folder: Path,
    resume: Path | None = None,
    init: Path | None = None,
    watchers: Sequence[lightning.Callback] = (),
) -> Path:
    """Train for `config.schedule.steps` steps; returns the path of the last checkpoint.

    `folder` receives fit.json, metrics.csv and checkpoints (every five minutes and at the end).
    `resume` goes on from a checkpoint: with sequences as if it had never stopped, on simulated
    streets with scenes that the run has not seen; the metrics so far move to
    metrics_until_<step>.csv. `init` starts from another student's weights, at step 0. `watchers`
    are told of every step. Raises ZeroflowError for data or checkpoints that do not fit.
    """
    torch.set_num_threads(config.threads)
    lightning.seed_everything(config.seed, workers=True, verbose=False)
    pairs = LabelledPairs.find(Path(config.data), config.teacher) if config.data else None
    training_data = pairs.described if pairs else SIMULATED
    if init is not None:
        training_data += f", from the weights of {init.name}"
    steps_done = 0
    if resume is not None:
        steps_done, training_data = _so_far(resume, config, training_data)
    module = StudentModule(config.student, config.schedule, config.loss, training_data)
    if init is not None:
        start_from(module.student, init)
    if rank_zero_only.rank == 0:
        _prepare(config, folder, steps_done)
    trainer = _trainer(config, folder, watchers)
    data = RunData(config, steps_done, pairs)
    try:
        trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    except ZeroflowError as error:
        raise _in_one_line(error) from error
    last = folder / "last.ckpt"
    save(trainer, last)
    return last


def _in_one_line(error: ZeroflowError) -> ZeroflowError:
    """An error of a loader's worker comes with its traceback, and ends with what was said."""
    *story, said = str(error).strip().splitlines()
    return type(error)(said.partition(": ")[2]) if story else error


def _trainer(
    config: FitConfig, folder: Path, watchers: Sequence[lightning.Callback]
) -> lightning.Trainer:
    return lightning.Trainer(
        max_steps=config.schedule.steps,
        accelerator="auto",
        devices=config.devices,
        num_nodes=config.nodes,
        strategy=config.strategy,
        precision=config.precision,  # type: ignore[arg-type]
        accumulate_grad_batches=config.accumulation,
        gradient_clip_val=config.schedule.clip_gradient,
        logger=CSVLogger(folder, name="", version=""),
        callbacks=[Checkpoints(folder / "latest.ckpt", config.checkpoint_minutes), *watchers],
        log_every_n_steps=10,
        use_distributed_sampler=False,  # our sampler shares out positions itself
        enable_checkpointing=False,  # Checkpoints does
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _so_far(resume: Path, config: FitConfig, training_data: str) -> tuple[int, str]:
    """Steps that a checkpoint has made, and what it has learned from, if it knows."""
    with opened(resume) as state:
        require_optimizer(state, config.schedule)
        known = state["hyper_parameters"].get("training_data")
        return state["global_step"], known or training_data


def _prepare(config: FitConfig, folder: Path, steps_done: int) -> None:
    """Metrics so far out of the logger's way, who would delete them; fit.json."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics = folder / "metrics.csv"
    kept = metrics.with_name(f"metrics_until_{steps_done}.csv")
    # Where the same checkpoint was resumed before, what came after it is run again.
    if steps_done and metrics.exists() and not kept.exists():
        metrics.replace(kept)
    with written_atomically(folder / "fit.json") as scratch:
        scratch.write_text(json.dumps(asdict(config), indent=2))
