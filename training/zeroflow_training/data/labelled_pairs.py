# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LabelledPairs: all pairs of sweeps in a folder of sequences that a teacher has labelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zeroflow_ros.counted import counted
from zeroflow_ros.errors import DataError
from zeroflow_training.data.sample import INTERVAL_S
from zeroflow_training.sequences import Pairing, PairLabels, Sequence, find_sequences

# The vehicle compares the sweep that is nearest to INTERVAL_S before the newest and within 0.55 of
# that (SweepHistory). Of an even lidar's, none that is less than two thirds of it old is nearest.
SHORTEST_S, LONGEST_S = 0.65 * INTERVAL_S, 1.55 * INTERVAL_S


@dataclass(frozen=True)
class LabelledPairs:
    """`pairings[k]` is one of `sequences[owners[k]]`, in the order of names and numbers."""

    teacher: str
    sequences: tuple[Sequence, ...]
    owners: tuple[int, ...]
    pairings: tuple[Pairing, ...]

    @staticmethod
    def find(data: Path, teacher: str) -> LabelledPairs:
        """In a folder of sequences, or of the one sequence that it is.

        Every label file is looked into, so that a damaged one is found before the first step and
        not in the middle of the night. Raises DataError that names the file and the cure.
        """
        sequences = tuple(find_sequences(data))
        owned = [(k, pairing) for k, s in enumerate(sequences) for pairing in s.labelled(teacher)]
        if not owned:
            raise DataError(_without(data, teacher, sequences))
        for k, pairing in owned:
            _check(sequences[k], teacher, pairing)
        for sequence in sequences:
            _check_intervals(sequence, teacher)
        owners, pairings = zip(*owned, strict=True)
        return LabelledPairs(teacher, sequences, owners, pairings)

    def __len__(self) -> int:
        return len(self.pairings)

    @property
    def described(self) -> str:
        """For a model's card: how much of what, labelled by whom, under which licences."""
        used = [self.sequences[k] for k in sorted(set(self.owners))]
        licences = ", ".join(sorted({sequence.manifest.licence for sequence in used}))
        return (
            f"{counted(len(self), 'pair')} of sweeps of {counted(len(used), 'sequence')} "
            f"({licences}), flow by teacher '{self.teacher}'"
        )


def _check(sequence: Sequence, teacher: str, pairing: Pairing) -> None:
    path, count = sequence.label_file(teacher, pairing), len(sequence)
    if max(pairing) >= count or pairing.source == pairing.target:
        raise DataError(
            f"'{path}' is of no pair of its sequence, which has {count} sweeps: remove it"
        )
    PairLabels.check(path, sequence.manifest.points[pairing.source])


def _check_intervals(sequence: Sequence, teacher: str) -> None:
    """Raise DataError for pairs that a student would not see when it runs; jitter is none."""
    by_step: dict[int, list[float]] = {}
    for pairing in sequence.labelled(teacher):
        step = abs(pairing.target - pairing.source)
        by_step.setdefault(step, []).append(abs(sequence.seconds_between(pairing)))
    for found in by_step.values():
        seconds = float(np.median(found))
        if not SHORTEST_S <= seconds <= LONGEST_S:
            raise DataError(_apart(sequence, teacher, seconds))


def _apart(sequence: Sequence, teacher: str, seconds: float) -> str:
    """What to say of pairs that are too close or too far apart."""
    cure = (
        "make labels by `zeroflow label --name NAME`, which pairs sweeps that far apart, and name "
        "them by --teacher NAME"
        if seconds < SHORTEST_S
        else f"take this sequence out of '{sequence.folder.parent}'"
    )
    return (
        f"'{sequence.folder / 'labels' / teacher}' holds pairs of sweeps {seconds:.3g} s apart, "
        f"and students learn from pairs as they will meet them, about {INTERVAL_S:g} s apart "
        f"({SHORTEST_S:g} to {LONGEST_S:g}): {cure}"
    )


def _without(data: Path, teacher: str, sequences: tuple[Sequence, ...]) -> str:
    """What to say of a folder without labels."""
    if all(len(sequence) < 2 for sequence in sequences):
        return f"'{data}' holds no pair of sweeps to learn from: import a longer recording"
    folders = (folder for s in sequences for folder in (s.folder / "labels").glob("*/"))
    others = sorted({folder.name for folder in folders})
    cure = f"name one of {', '.join(others)} by --teacher, or " if others else ""
    return (
        f"'{data}' holds no labels of teacher '{teacher}' in its "
        f"{counted(len(sequences), 'sequence')}: "
        f"{cure}make them by `zeroflow label`"
    )
