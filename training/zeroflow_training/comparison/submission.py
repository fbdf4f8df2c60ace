# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Submission: what a model says of whole logs, as the Argoverse 2 challenges take it.

FOLDER/2024/LOG/INDEX.feather        and FOLDER/submission_2024.zip
FOLDER/2023/LOG/TIMESTAMP.feather    and FOLDER/submission_2023.zip, where there are masks
FOLDER/finished/LOG.txt              says that the files of a log are all there
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence as Several
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from zeroflow_ros.errors import DataError
from zeroflow_ros.offline import Progress
from zeroflow_training.comparison.answers import Answer
from zeroflow_training.comparison.fingerprint import fingerprint_of_log
from zeroflow_training.comparison.submitted_log import SubmittedLog
from zeroflow_training.evaluation.submission import (
    archive_2023,
    archive_2024,
    name_2023,
    names_of_masks,
)
from zeroflow_training.sequences import Sequence
from zeroflow_training.sources.argoverse2.provenance import whole_log
from zeroflow_training.workers import worked_off

Model = TypeVar("Model", bound=Answer)


@dataclass(frozen=True)
class Submission:
    """`supervised`: whether any label of Argoverse 2 taught the model; the board of 2024 asks.

    `masks`: the official zip of 2023, None where only that of 2024 is wanted. `jobs` processes take
    a log each. Raises ZeroflowError for a sequence that is no whole log of Argoverse 2, for a log
    that is there twice, and for masks of sweeps that there are not.
    """

    model: Answer
    sequences: tuple[Sequence, ...]
    folder: Path
    supervised: bool
    masks: Path | None = None
    jobs: int = 1

    def __post_init__(self) -> None:
        log, count = Counter(map(_log, self.sequences)).most_common(1)[0]
        if count > 1:
            raise DataError(f"{count} sequences are of log {log}: leave one of them")
        self._check_masks()

    def write(self, progress: Progress | None = None) -> list[Path]:
        """Write the files of every log, then the archives, whose paths are returned.

        The files that an earlier call wrote of the same model and data are kept. `progress` gets
        (logs done, logs in all). Raises ZeroflowError.
        """
        logs = self._logs()
        lacking = [log for log in logs if not log.is_written()]
        for done, _ in enumerate(self._written(lacking), len(logs) - len(lacking) + 1):
            if progress is not None:
                progress(done, len(logs))
        return list(self._archives())

    def _logs(self) -> list[SubmittedLog]:
        identity = self.model.identity
        return [
            SubmittedLog(
                _log(sequence),
                sequence,
                self.model,
                self.folder,
                self.masks,
                self._masked & _sweeps(sequence),
                fingerprint_of_log(identity, sequence, self.masks),
            )
            for sequence in self.sequences
        ]

    def _written(self, logs: Several[SubmittedLog]) -> Iterator[None]:
        """Goes on with each log that is done."""
        jobs = min(self.jobs, len(logs))
        if jobs > 1:
            yield from worked_off(logs, jobs)
            return
        for log in logs:
            log.run()
            yield

    def _archives(self) -> Iterator[Path]:
        pairs = {_log(sequence): len(sequence) - 1 for sequence in self.sequences}
        out = self.folder / "submission_2024.zip"
        yield archive_2024(self.folder / "2024", pairs, out, supervised=self.supervised)
        if self.masks is not None:
            out = self.folder / "submission_2023.zip"
            yield archive_2023(self.folder / "2023", self.masks, out)

    @cached_property
    def _masked(self) -> frozenset[str]:
        """Names of the sweeps that the masks ask for."""
        return frozenset() if self.masks is None else frozenset(names_of_masks(self.masks))

    def _check_masks(self) -> None:
        if lacking := sorted(self._masked.difference(*map(_sweeps, self.sequences))):
            logs = len({name.partition("/")[0] for name in lacking})
            raise DataError(
                f"the masks '{self.masks}' ask for {len(lacking)} sweeps of {logs} logs that are "
                f"not in the data, the first: '{lacking[0]}'; import every log that they are of, "
                "or leave out --masks"
            )


def only(models: Several[Model]) -> Model:
    """The one model that is judged. Raises DataError where there are several or none."""
    if len(models) != 1:
        raise DataError(f"a submission is of one model, not of {len(models)}: give --model once")
    return models[0]


def _log(sequence: Sequence) -> str:
    return whole_log(sequence.manifest.name, sequence.manifest.provenance)


def _sweeps(sequence: Sequence) -> frozenset[str]:
    """Names of what can be asked for: every sweep that has a next one."""
    log = _log(sequence)
    return frozenset(name_2023(log, stamp_ns) for stamp_ns in sequence.manifest.stamps_ns[:-1])
