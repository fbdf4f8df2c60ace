# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Answer: whose flow is judged; that of a teacher, or no motion at all as a yardstick."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Several
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zeroflow_training.comparison.reference import Answered, velocity_of
from zeroflow_training.sequences import Pairing, Sequence


class Answer(Protocol):
    """Travels to worker processes, so that it is small and may be pickled."""

    @property
    def name(self) -> str:
        """Short, for tables and as the name of its folder."""

    @property
    def identity(self) -> str:
        """Everything about it that its flow depends on."""

    def flows(
        self, sequence: Sequence, pairings: Several[Pairing]
    ) -> Iterator[tuple[Pairing, Answered]]:
        """Flow of the source of each pair, in any order. Raises ZeroflowError."""


@dataclass(frozen=True)
class NoMotion:
    """Says that everything stands still: what any method has to beat."""

    name: str = "zero"
    identity: str = "zero"

    def flows(
        self, sequence: Sequence, pairings: Several[Pairing]
    ) -> Iterator[tuple[Pairing, Answered]]:
        """See Answer."""
        for pairing in pairings:
            count = sequence.manifest.points[pairing.source]
            yield pairing, Answered(np.zeros((count, 3), np.float32), np.ones(count, bool))


@dataclass(frozen=True)
class TeacherLabels:
    """The pseudo-labels that a teacher has left in the sequences."""

    name: str

    @property
    def identity(self) -> str:
        """The files themselves are told by the data."""
        return f"labels of {self.name}"

    def flows(
        self, sequence: Sequence, pairings: Several[Pairing]
    ) -> Iterator[tuple[Pairing, Answered]]:
        """See Answer."""
        for pairing in pairings:
            labels = sequence.labels(self.name, pairing)
            velocity = velocity_of(labels, sequence.seconds_between(pairing))
            yield pairing, Answered(velocity, labels.valid)
