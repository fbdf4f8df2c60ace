# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Student: one interface for all networks that learn flow, from sample to prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from torch import Tensor, nn

from zeroflow_training.data.sample import TrainingSample
from zeroflow_training.data.supervision import Supervision
from zeroflow_training.students.half_precision import Headed


class Prediction(NamedTuple):
    """What a student says of M points of the newest sweeps of a batch.

    `displacement` float [M, 3], metres over the last interval, levelled frame; `moving` float [M],
    logarithm of the odds that a point moves at all, None of a student that does not say.
    """

    displacement: Tensor
    moving: Tensor | None = None


class Batch(NamedTuple):
    """`inputs` as the student wants them, what is known of the M points, and how many samples."""

    inputs: Any
    supervision: Supervision
    samples: int


class Encoder(Protocol):
    """From samples to a student's inputs, in a loader's worker: NumPy, picklable, no weights."""

    @property
    def window_m(self) -> float | None:
        """Half the edge of the window that training cuts out of a sample; None: all of it."""

    def encode(self, sample: TrainingSample, rng: np.random.Generator) -> Any:
        """One sample, in NumPy."""

    def collate(self, samples: Sequence[Any]) -> Batch:
        """Encoded samples as one batch, in PyTorch."""


class OnVehicle(NamedTuple):
    """A network as vehicles run it: `graph` makes `outputs`, by name, of what `network_inputs`
    gives; `card`: those fields of ModelCard that say how sweeps are prepared for it.
    """

    graph: Headed
    outputs: tuple[str, ...]
    card: Mapping[str, Any]


class Student(Protocol):
    """A network (nn.Module) that can be trained."""

    def predict(self, inputs: Any) -> Prediction:
        """Of the inputs of a Batch, row by row what its supervision is about."""

    def head_parameters(self) -> list[nn.Parameter]:
        """Those of the last layers, which an optimiser for hidden layers leaves alone."""

    def on_vehicle(self) -> OnVehicle:
        """What is exported of it (the real-time student's export has choices of its own)."""


class StudentConfig(Protocol):
    """A dataclass, sizes of a network of one kind; plain values, which a checkpoint keeps."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def kind(self) -> str:
        """Its name in configurations."""

    @property
    def lags(self) -> tuple[int, ...]:
        """Which sweeps it looks at, in intervals before the newest."""

    @property
    def says_moving(self) -> bool:
        """Whether its predictions say what moves."""

    def network(self) -> Any:
        """A new one, a Student, with random weights."""

    def encoder(self, with_scene: bool = False) -> Encoder:
        """`with_scene`: batches hold what losses without labels look at."""
