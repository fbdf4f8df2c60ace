# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fit a student on simulated streets or labelled sequences: one run folder, resumable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from zeroflow_ros.errors import ZeroflowError, pass_interrupt
from zeroflow_ros.files import written_atomically
from zeroflow_training.data.labelled_pairs import LabelledPairs
from zeroflow_training.data.loading import RunData
from zeroflow_training.data.simulated import require_seeds
from zeroflow_training.fit_config import FitConfig
from zeroflow_training.quiet import quiet
from zeroflow_training.resuming import so_far
from zeroflow_training.saving import Checkpoints, save
from zeroflow_training.starting_weights import origin, start_from
from zeroflow_training.student_module import StudentModule
from zeroflow_training.training_data import rehearsed, streets, then


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
    are told of every step. Raises ZeroflowError for data, checkpoints or settings that do not fit,
    and for weights that are no numbers any more.
    """
    if resume is not None and init is not None:
        raise ZeroflowError(
            "--resume goes on with the run's own weights: leave out --init, or name another folder"
        )
    _check_view(config)
    torch.set_num_threads(config.threads)
    lightning.seed_everything(config.seed, workers=True, verbose=False)
    pairs = LabelledPairs.find(Path(config.data), config.teacher) if config.data else None
    training_data = _source(config, pairs)
    steps_done = 0
    if resume is not None:
        steps_done, training_data = so_far(resume, config, training_data)
    elif init is not None:
        training_data = then(origin(init), training_data)
    module = StudentModule(config.student, config.schedule, config.loss, training_data)
    if init is not None:
        start_from(module.student, init)
    with quiet("lightning.pytorch"):  # of tips, and of devices that are not there
        trainer = _trainer(config, folder, watchers)
    if pairs is None:
        require_seeds(config.seed, trainer.world_size * max(1, config.workers))
    if rank_zero_only.rank == 0:
        _prepare(config, folder, steps_done)
    data = RunData(config, steps_done, pairs)
    try:
        with quiet("lightning.pytorch"):
            trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    except ZeroflowError as error:
        raise _in_one_line(error) from error
    except SystemExit as end:  # what Lightning makes of Ctrl-C
        pass_interrupt(end)
        raise
    last = folder / "last.ckpt"
    save(trainer, last)
    return last


def _check_view(config: FitConfig) -> None:
    """Raise ZeroflowError for a view of simulated streets of which there are none."""
    if config.data and config.simulation.described and not config.rehearsal:
        raise ZeroflowError(
            "a lidar or height of the simulation is given, but with these data no simulated street "
            "is seen: say a rehearsal in the configuration, as 0.5, or leave it out"
        )


def _source(config: FitConfig, pairs: LabelledPairs | None) -> str:
    """What a run learns from, for the model's card."""
    view = config.simulation.described
    if pairs is None:
        return streets(view)
    return pairs.described + rehearsed(config.rehearsal, view)


def _in_one_line(error: ZeroflowError) -> ZeroflowError:
    """An error of a loader's worker comes with its traceback, and ends with what was said."""
    *story, said = str(error).strip().splitlines()
    return type(error)(said.partition(": ")[2]) if story else error


def _trainer(
    config: FitConfig, folder: Path, watchers: Sequence[lightning.Callback]
) -> lightning.Trainer:
    try:
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
    except (MisconfigurationException, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ZeroflowError(
            f"the configuration's devices, nodes, strategy or precision do not work here: {reason}"
        ) from error


def _prepare(config: FitConfig, folder: Path, steps_done: int) -> None:
    """Metrics so far out of the logger's way, who would delete them; fit.json."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics = folder / "metrics.csv"
    kept = metrics.with_name(f"metrics_until_{steps_done}.csv")
    # Where the same checkpoint was resumed before, what came after it is run again.
    if steps_done and metrics.exists() and not kept.exists():
        metrics.replace(kept)
    # Resumed from elsewhere, the run finds its data as well.
    data = config.data and str(Path(config.data).resolve())
    with written_atomically(folder / "fit.json") as scratch:
        scratch.write_text(json.dumps(asdict(replace(config, data=data)), indent=2))
