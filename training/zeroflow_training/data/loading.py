# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Batches of a run, for the process that trains on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import lightning
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch.utils.data import DataLoader

from zeroflow_training.data.labelled_pairs import LabelledPairs
from zeroflow_training.data.order import Positions
from zeroflow_training.data.sequences import SequenceSamples
from zeroflow_training.data.simulated import SimulatedSamples, scenes_for
from zeroflow_training.fit_config import FitConfig
from zeroflow_training.losses.terms import needs_scene

Batches = DataLoader[Any]


class RunData(lightning.LightningDataModule):
    """What a run that has made `steps_done` steps sees next: of `pairs`, or simulated streets.

    A checkpoint keeps how many scenes its workers have drawn at most, however many they were and
    whatever their batches: after a resume either may be another number.
    """

    def __init__(self, config: FitConfig, steps_done: int, pairs: LabelledPairs | None) -> None:
        super().__init__()
        self._config, self._steps_done, self._pairs = config, steps_done, pairs
        # Of a checkpoint that does not say: as if one worker had drawn all of them.
        self._seen = _scenes(replace(config, workers=1), steps_done)

    def state_dict(self) -> dict[str, int]:
        """Scenes that the run has seen, for `load_state_dict`."""
        assert self.trainer is not None
        if self._pairs is not None:
            return {"seen": self._seen}
        steps = self.trainer.global_step - self._steps_done
        return {"seen": self._seen + _scenes(self._config, steps)}

    def load_state_dict(self, state_dict: Mapping[str, int]) -> None:
        """Called where a run is resumed."""
        self._seen = state_dict["seen"]

    def train_dataloader(self) -> Batches:
        assert self.trainer is not None
        rank, ranks = self.trainer.global_rank, self.trainer.world_size
        if self._pairs is None:
            return simulated_batches(self._config, self._seen, rank)
        return sequence_batches(self._config, self._pairs, self._steps_done, rank, ranks)


def simulated_batches(config: FitConfig, seen: int = 0, rank: int = 0) -> Batches:
    """Endless batches of simulated windows, for one process of a run, after `seen` scenes."""
    encoder = config.student.encoder(needs_scene(config.loss))
    samples = SimulatedSamples(
        encoder, config.student.lags, config.seed, rank, seen=seen, simulation=config.simulation
    )
    return _batches(config, dataset=samples, collate_fn=encoder.collate)


def sequence_batches(
    config: FitConfig, pairs: LabelledPairs, steps_done: int, rank: int = 0, ranks: int = 1
) -> Batches:
    """Endless batches of labelled pairs, for process `rank` of `ranks`."""
    encoder = config.student.encoder(needs_scene(config.loss))
    samples = SequenceSamples(
        pairs,
        encoder,
        config.student.lags,
        config.seed,
        config.augmentation,
        config.rehearsal,
        config.simulation,
    )
    start = steps_done * config.accumulation * config.batch_size * ranks
    positions = Positions(start, rank, ranks)
    return _batches(config, dataset=samples, sampler=positions, collate_fn=encoder.collate)


def _scenes(config: FitConfig, steps: int) -> int:
    """That each worker draws for so many steps, at most."""
    return scenes_for(steps * config.accumulation * config.batch_size, config.workers)


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
