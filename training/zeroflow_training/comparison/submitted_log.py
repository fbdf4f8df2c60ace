# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SubmittedLog: the files of one log in a submission."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.files import remove, written_atomically
from zeroflow_ros.geometry import invert
from zeroflow_training.comparison.answers import Answer
from zeroflow_training.evaluation.submission import (
    EVERY,
    name_2023,
    name_2024,
    read_masks,
    write_2023,
    write_2024,
)
from zeroflow_training.sequences import Pairing, Sequence


@dataclass(frozen=True)
class SubmittedLog:
    """A Task. `name`: the log's id; `masked`: names of its sweeps that the zip `masks` asks for.

    `fingerprint`: of all that the files depend on; it stays beside them once all are written.
    """

    name: str
    sequence: Sequence
    model: Answer
    folder: Path
    masks: Path | None
    masked: frozenset[str]
    fingerprint: str

    def is_written(self) -> bool:
        """Whether all files are there, and no other model, data, masks or code made them."""
        try:
            found = self._record.read_text()
        except (OSError, ValueError):
            return False
        return found == self.fingerprint and all(file.is_file() for file in self._files())

    def run(self) -> None:
        """Write all files. Raises ZeroflowError."""
        remove(self._record)  # the files would be of two answers after a kill
        masks = {} if self.masks is None else dict(read_masks(self.masks, sorted(self.masked)))
        for pairing, flow, estimated in self._flows():
            if pairing.source % EVERY == 0:
                write_2024(self.folder / "2024", (self.name, pairing.source), flow, estimated)
            mask = masks.get(self._name_2023(pairing.source))
            if mask is not None:
                self._write_2023(pairing, flow, mask)
        with written_atomically(self._record) as scratch:
            scratch.write_text(self.fingerprint)

    @property
    def _record(self) -> Path:
        return self.folder / "finished" / f"{self.name}.txt"

    def _name_2023(self, number: int) -> str:
        return name_2023(self.name, self.sequence.manifest.stamps_ns[number])

    def _files(self) -> Iterator[Path]:
        """That `run` writes."""
        for number in range(0, len(self.sequence) - 1, EVERY):
            yield self.folder / "2024" / name_2024(self.name, number)
        for name in self.masked:
            yield self.folder / "2023" / name

    def _flows(self) -> Iterator[tuple[Pairing, npt.NDArray[np.float32], npt.NDArray[np.bool_]]]:
        """Displacement towards the next sweep of what either challenge asks for."""
        asked = [
            Pairing(k, k + 1)
            for k in range(len(self.sequence) - 1)
            if k % EVERY == 0 or self._name_2023(k) in self.masked
        ]
        for pairing, answered in self.model.flows(self.sequence, asked):
            interval_s = np.float32(self.sequence.seconds_between(pairing))
            yield pairing, answered.velocity * interval_s, answered.estimated

    def _write_2023(
        self, pairing: Pairing, flow: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]
    ) -> None:
        source, target = (self.sequence.sweep(number).posed for number in pairing)
        write_2023(
            self.folder / "2023",
            (self.name, source.sweep.stamp_ns),
            source.sweep.points,
            flow,
            invert(target.pose) @ source.pose,
            mask,
        )
