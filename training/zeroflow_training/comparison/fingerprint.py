# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fingerprint: what the numbers of an evaluation depend on, to tell whether they still hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from itertools import product
from pathlib import Path

import zeroflow_ros
from zeroflow_training.comparison.answers import Answer
from zeroflow_training.comparison.judged_sequences import JudgedSequence
from zeroflow_training.comparison.reference import Reference
from zeroflow_training.sequences import Pairing, Sequence
from zeroflow_training.sequences.manifest import FILE

_TRAINING = Path(__file__).parents[1]
_CODE = (
    Path(zeroflow_ros.__file__).parent,
    *(_TRAINING / part for part in ("comparison", "evaluation", "sequences")),
)


def fingerprint(answer: Answer, reference: Reference, judged: Iterable[JudgedSequence]) -> str:
    """Changes with the answer, the reference, the data (by size and time of files) and our code."""
    data = [_files(each.sequence, each.pairings, {reference.name, answer.name}) for each in judged]
    return _digest(answer.name, answer.identity, reference.name, data)


def fingerprint_of_log(identity: str, sequence: Sequence, masks: Path | None) -> str:
    """Of what is submitted of a log: by an answer of this `identity`, asked for by the `masks`."""
    asked = None if masks is None else _stat(masks)
    return _digest(identity, asked, _files(sequence))


def _digest(*told: object) -> str:
    return hashlib.sha256(json.dumps([*told, code()]).encode()).hexdigest()


@cache
def code() -> str:
    """Of all modules that may have a part in a number."""
    found = hashlib.sha256()
    for folder in _CODE:
        for file in sorted(folder.rglob("*.py")):
            found.update(file.read_bytes())
    return found.hexdigest()


def _files(
    sequence: Sequence, pairings: Iterable[Pairing] = (), names: Iterable[str] = ()
) -> list[tuple[str, int, int]]:
    """Of the sweeps, and of the labels of `pairings` by `names`, where there are any."""
    folder = sequence.folder
    labels = (sequence.label_file(*of) for of in product(names, pairings))
    files = [folder / FILE, *(folder / "sweeps").glob("*.npz")]
    files += [file for file in labels if file.is_file()]
    return [(str(file.relative_to(folder.parent)), *_stat(file)) for file in sorted(files)]


def _stat(file: Path) -> tuple[int, int]:
    """Size in bytes, and when it was written in ns."""
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns
