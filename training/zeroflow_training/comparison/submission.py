# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Submission: what a model says of whole logs, as the Argoverse 2 challenges take it.

FOLDER/2024/LOG/INDEX.feather        and FOLDER/submission_2024.zip
FOLDER/2023/LOG/TIMESTAMP.feather    and FOLDER/submission_2023.zip, where there are masks
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Several
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import invert
from zeroflow_ros.offline import Progress
from zeroflow_training.comparison.models import ModelFlow
from zeroflow_training.comparison.reference import signed_interval_s
from zeroflow_training.evaluation.submission import (
    EVERY,
    archive_2023,
    archive_2024,
    read_masks,
    write_2023,
    write_2024,
)
from zeroflow_training.sequences import Pairing, Sequence
from zeroflow_training.sources.argoverse2.provenance import whole_log

Masks = Mapping[int, npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Submission:
    """`masks`: the official zip of 2023, None where only that of 2024 is wanted.

    Raises DataError for a sequence that is no whole log of Argoverse 2.
    """

    model: ModelFlow
    sequences: tuple[Sequence, ...]
    folder: Path
    masks: Path | None = None

    def __post_init__(self) -> None:
        for sequence in self.sequences:
            self._log(sequence)

    def write(self, progress: Progress | None = None) -> list[Path]:
        """Write the files of every log, then the archives, whose paths are returned.

        `progress` gets (logs done, logs in all). Raises ZeroflowError.
        """
        for done, sequence in enumerate(self.sequences, 1):
            self._write_log(sequence)
            if progress is not None:
                progress(done, len(self.sequences))
        pairs = {self._log(sequence): len(sequence) - 1 for sequence in self.sequences}
        archives = [
            archive_2024(
                self.folder / "2024",
                pairs,
                self.folder / "submission_2024.zip",
                supervised=False,  # no label of Argoverse 2 teaches a student of this package
            )
        ]
        if self.masks is not None:
            out = self.folder / "submission_2023.zip"
            archives.append(archive_2023(self.folder / "2023", self.masks, out))
        return archives

    def _log(self, sequence: Sequence) -> str:
        return whole_log(sequence.manifest.name, sequence.manifest.provenance)

    def _write_log(self, sequence: Sequence) -> None:
        log, masks = self._log(sequence), self._masks(sequence)
        for pairing, flow, estimated in self._flows(sequence, masks):
            if pairing.source % EVERY == 0:
                sweep = (log, pairing.source)
                write_2024(self.folder / "2024", sweep, flow, estimated)
            stamp_ns = sequence.manifest.stamps_ns[pairing.source]
            if stamp_ns in masks:
                source, target = (sequence.sweep(number).posed for number in pairing)
                write_2023(
                    self.folder / "2023",
                    (log, stamp_ns),
                    source.sweep.points,
                    flow,
                    invert(target.pose) @ source.pose,
                    masks[stamp_ns],
                )

    def _flows(
        self, sequence: Sequence, masks: Masks
    ) -> Iterator[tuple[Pairing, npt.NDArray[np.float32], npt.NDArray[np.bool_]]]:
        """Displacement towards the next sweep of what either challenge asks for."""
        stamps_ns = sequence.manifest.stamps_ns
        asked = [
            Pairing(k, k + 1)
            for k in range(len(sequence) - 1)
            if k % EVERY == 0 or stamps_ns[k] in masks
        ]
        for pairing, answered in self.model.flows(sequence, asked):
            interval_s = np.float32(signed_interval_s(sequence, pairing))
            yield pairing, answered.velocity * interval_s, answered.estimated

    def _masks(self, sequence: Sequence) -> Masks:
        """Of a log, by the stamp of the sweep."""
        if self.masks is None:
            return {}
        log = self._log(sequence)
        return {int(Path(name).stem): mask for name, mask in read_masks(self.masks, f"{log}/")}


def submission(
    models: Several[ModelFlow], sequences: Several[Sequence], folder: Path, masks: Path | None
) -> Submission:
    """Of the one model that is judged. Raises DataError where there are several or none."""
    if len(models) != 1:
        raise DataError(f"a submission is of one model, not of {len(models)}: give --model once")
    return Submission(models[0], tuple(sequences), folder, masks)
