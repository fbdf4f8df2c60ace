# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Batches of a run, for the process that trains on them."""

from __future__ import annotations

from typing import Any

import lightning
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch.utils.data import DataLoader

from zeroflow_training.data.labelled_pairs import LabelledPairs
from zeroflow_training.data.order import Positions
from zeroflow_training.data.sequences import SequenceSamples
from zeroflow_training.data.simulated import SimulatedSamples
from zeroflow_training.fit_config import FitConfig
from zeroflow_training.losses.terms import needs_scene

Batches = DataLoader[Any]


class RunData(lightning.LightningDataModule):
    """What a run that has made `steps_done` steps sees next: of `pairs`, or simulated streets."""

    def __init__(self, config: FitConfig, steps_done: int, pairs: LabelledPairs | None) -> None:
        super().__init__()
        self._config, self._steps_done, self._pairs = config, steps_done, pairs

    def train_dataloader(self) -> Batches:
        assert self.trainer is not None
        rank, ranks = self.trainer.global_rank, self.trainer.world_size
        if self._pairs is None:
            return simulated_batches(self._config, self._steps_done, rank)
        return sequence_batches(self._config, self._pairs, self._steps_done, rank, ranks)


def simulated_batches(config: FitConfig, steps_done: int, rank: int = 0) -> Batches:
    """Endless batches of simulated windows, for one process of a run."""
    encoder = config.student.encoder(needs_scene(config.loss))
    samples = SimulatedSamples(encoder, config.student.lags, config.seed, rank)
    seen = steps_done * config.accumulation * config.batch_size
    samples.seen = samples.scenes_for(seen, config.workers)
    return _batches(config, dataset=samples, collate_fn=encoder.collate)


def sequence_batches(
    config: FitConfig, pairs: LabelledPairs, steps_done: int, rank: int = 0, ranks: int = 1
) -> Batches:
    """Endless batches of labelled pairs, for process `rank` of `ranks`."""
    encoder = config.student.encoder(needs_scene(config.loss))
    samples = SequenceSamples(pairs, encoder, config.student.lags, config.seed, config.augmentation)
    start = steps_done * config.accumulation * config.batch_size * ranks
    positions = Positions(start, rank, ranks)
    return _batches(config, dataset=samples, sampler=positions, collate_fn=encoder.collate)


def _batches(config: FitConfig, **source: Any) -> Batches:
    return DataLoader(
        batch_size=config.batch_size,
        num_workers=config.workers,
        prefetch_factor=4 if config.workers else None,
        worker_init_fn=_single_threaded,
        **source,
    )


def _single_threaded(worker: int) -> None:
    """Small matrix products on several threads would spin against the training step."""
    threadpool_limits(1)
