# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SequenceSamples: training samples of recorded drives and what a teacher says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from torch.utils.data import Dataset

from zeroflow_training.data.augmentation import forget, thin, turn, window
from zeroflow_training.data.labelled_pairs import LabelledPairs
from zeroflow_training.data.levelled import level_error, pose_errors
from zeroflow_training.data.order import EndlessOrder, Turns
from zeroflow_training.data.recorded import recorded_sample
from zeroflow_training.data.sample import TrainingSample
from zeroflow_training.data.simulated import first_scene, simulated_sample
from zeroflow_training.data.simulation_config import EVERYBODYS, SimulationConfig
from zeroflow_training.students.student import Encoder

Augmentation = Literal["thin", "turn", "forget", "poses", "level"]
ALL_AUGMENTATIONS: tuple[Augmentation, ...] = ("thin", "turn", "forget", "poses", "level")
POSE_ERROR_SHARE = 0.3  # of what is simulated: recorded poses have errors of their own
TRIES = 4  # at a window that is not behind a wall
FEWEST_POINTS = 50


class SequenceSamples(Dataset[Any]):
    """Sample number `position` of a run, encoded: by EndlessOrder, with a generator of its own.

    Generators are seeded by (seed, position): neither how many workers there are nor where a run
    was resumed changes anything. A share of `rehearsal` are simulated streets instead, seen as
    `simulation` says.
    """

    def __init__(
        self,
        pairs: LabelledPairs,
        encoder: Encoder,
        lags: Sequence[int],
        seed: int = 0,
        augmentation: Sequence[Augmentation] = ALL_AUGMENTATIONS,
        rehearsal: float = 0.0,
        simulation: SimulationConfig = EVERYBODYS,
    ) -> None:
        self.pairs, self.encoder = pairs, encoder
        self.lags, self.seed = tuple(lags), seed
        self.augmentation = frozenset(augmentation)
        self.simulation = simulation
        self.order, self.turns = EndlessOrder(len(pairs), seed), Turns(rehearsal)

    def __getitem__(self, position: int) -> Any:
        rng = np.random.default_rng((self.seed, position))
        sample = self._window(self._augmented(self._sample(position, rng), rng), rng)
        if "forget" in self.augmentation:
            sample = forget(sample, rng)
        return self.encoder.encode(sample, rng)

    def _sample(self, position: int, rng: np.random.Generator) -> TrainingSample:
        scene = self.turns.scene(position)
        if scene is not None:
            seed = first_scene(self.seed) + scene
            return simulated_sample(seed, self.lags, rng, self.simulation)
        return self._recorded(self.order.item(self.turns.new(position)), rng)

    def _recorded(self, number: int, rng: np.random.Generator) -> TrainingSample:
        exact = [np.eye(4)] * len(self.lags)
        errors = exact[1:]
        if "poses" in self.augmentation:
            errors = pose_errors(self.lags, rng, POSE_ERROR_SHARE)
        return recorded_sample(
            self.pairs.sequences[self.pairs.owners[number]],
            self.pairs.teacher,
            self.pairs.pairings[number],
            self.lags,
            level_error(rng) if "level" in self.augmentation else exact[0],
            errors,
        )

    def _augmented(self, sample: TrainingSample, rng: np.random.Generator) -> TrainingSample:
        if "thin" in self.augmentation:
            sample = thin(sample, rng)
        return turn(sample, rng) if "turn" in self.augmentation else sample

    def _window(self, sample: TrainingSample, rng: np.random.Generator) -> TrainingSample:
        for _ in range(TRIES):
            piece = window(sample, self.encoder.window_m, rng)
            if min(len(points) for points in piece.sweeps[:2]) >= FEWEST_POINTS:
                break
        return piece
