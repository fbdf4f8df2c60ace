# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JudgedSequence: the pairs of a sequence that all answers are judged on."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Several
from dataclasses import dataclass
from pathlib import Path

from zeroflow_ros.errors import DataError
from zeroflow_training.comparison.reference import Convention, Reference
from zeroflow_training.sequences import TRUTH, Pairing, Sequence


@dataclass(frozen=True)
class JudgedSequence:
    """`pairings`: at least one, all in one direction of time."""

    sequence: Sequence
    pairings: tuple[Pairing, ...]


def judged_sequences(
    data: Path,
    sequences: Iterable[Sequence],
    reference: Reference,
    teachers: Several[str],
    convention: Convention,
) -> list[JudgedSequence]:
    """Those of the `sequences` of `data` that have a pair to judge all answers on.

    Raises DataError where there is none, with the reason.
    """
    sequences = list(sequences)
    found = [(each, reference.pairings(each, teachers, convention)) for each in sequences]
    if judged := [JudgedSequence(each, tuple(pairings)) for each, pairings in found if pairings]:
        return judged
    raise DataError(_why_none(data, sequences, reference, teachers))


def _why_none(
    data: Path, sequences: Several[Sequence], reference: Reference, teachers: Several[str]
) -> str:
    known = sorted({name for each in sequences for name in _labelled_by(each)})
    there_are = f"labels there are of: {', '.join(known) or 'nobody'}"
    if reference.name not in known and reference.name == TRUTH:
        others = [name for name in known if name not in teachers]
        instead = f"--truth {others[0]}" if others else "--truth TEACHER, once one has labelled it"
        return (
            f"no sequence in '{data}' has true flow (labels/{TRUTH}), without which nothing can be "
            "judged: take data with truth (zeroflow import-simulated, or import-argoverse2 "
            "--flow-labels), or hold the answers against the labels of a teacher, which are no "
            f"truth: {instead}; {there_are}"
        )
    for name in (reference.name, *teachers):
        if name not in known:
            return f"no sequence in '{data}' has labels of '{name}' (labels/{name}); {there_are}"
    return (
        f"no pair of neighbouring sweeps in '{data}' has labels of all of "
        f"{', '.join((reference.name, *teachers))} in the direction that is asked for: label the "
        "pairs anew, or leave out --convention published (sweeps towards the next one)"
    )


def _labelled_by(sequence: Sequence) -> list[str]:
    return [path.name for path in (sequence.folder / "labels").glob("*") if any(path.glob("*.npz"))]
