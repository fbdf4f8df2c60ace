# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LabelledPairs: all pairs of sweeps in a folder of sequences that a teacher has labelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zeroflow_ros.errors import DataError
from zeroflow_training.sequences import Pairing, PairLabels, Sequence, find_sequences


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
            f"{len(self)} pairs of sweeps of {len(used)} sequences ({licences}), flow by teacher "
            f"'{self.teacher}'"
        )


def _check(sequence: Sequence, teacher: str, pairing: Pairing) -> None:
    path, count = sequence.label_file(teacher, pairing), len(sequence)
    if max(pairing) >= count or pairing.source == pairing.target:
        raise DataError(
            f"'{path}' is of no pair of its sequence, which has {count} sweeps: remove it"
        )
    PairLabels.check(path, sequence.manifest.points[pairing.source])


def _without(data: Path, teacher: str, sequences: tuple[Sequence, ...]) -> str:
    """What to say of a folder without labels."""
    if all(len(sequence) < 2 for sequence in sequences):
        return f"'{data}' holds no pair of sweeps to learn from: import a longer recording"
    folders = (folder for s in sequences for folder in (s.folder / "labels").glob("*/"))
    others = sorted({folder.name for folder in folders})
    cure = f"name one of {', '.join(others)} by --teacher, or " if others else ""
    return (
        f"'{data}' holds no labels of teacher '{teacher}' in its {len(sequences)} sequences: "
        f"{cure}make them by `zeroflow label`"
    )
