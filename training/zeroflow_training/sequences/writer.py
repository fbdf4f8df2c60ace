# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SequenceWriter: sweeps in, one after another; a sequence out, whole or not at all."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError, ZeroflowError
from zeroflow_ros.geometry import Transform
from zeroflow_training.sequences.labels import TRUTH, Pairing, PairLabels
from zeroflow_training.sequences.manifest import FILE, Manifest
from zeroflow_training.sequences.scratch import scratch_folder
from zeroflow_training.sequences.sequence import StoredSweep, sweep_file


@dataclass(frozen=True)
class Origin:
    """What a manifest says of a recording; see Manifest."""

    sensor: str
    provenance: str
    ego_motion: str
    licence: str


class SequenceWriter:
    """Use as a context manager; the sequence appears under `folder` when it is left without error.

    What a killed writer left behind is removed by the next one of the same name. Entering raises
    DataError where `folder` exists or another process writes it.
    """

    def __init__(self, folder: Path, origin: Origin) -> None:
        self._folder, self._origin = folder, origin
        self._making = ExitStack()
        self._frame_id = ""
        self._stamps_ns: list[int] = []
        self._points: list[int] = []
        self._to_level: Transform = np.eye(4)

    def __enter__(self) -> SequenceWriter:
        self._scratch = self._making.enter_context(scratch_folder(self._folder))
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._making:
            if kind is None and self._stamps_ns:
                self._publish()

    def _publish(self) -> None:
        """Give the folder its name, complete."""
        files = [sweep_file(self._scratch, number) for number in range(len(self))]
        if gone := [file for file in files if not file.is_file()]:
            raise DataError(f"'{gone[0]}' was removed before its sequence was whole: import again")
        try:
            (self._scratch / FILE).write_text(self._manifest().to_json())
            self._scratch.rename(self._folder)
        except OSError as error:
            raise ZeroflowError(f"cannot write '{self._folder}': {error.strerror}") from error

    def __len__(self) -> int:
        return len(self._stamps_ns)

    def add(self, stored: StoredSweep) -> int:
        """Append a sweep, later than the last; returns its number."""
        sweep = stored.posed.sweep
        if self._stamps_ns and sweep.stamp_ns <= self._stamps_ns[-1]:
            raise DataError(f"'{self._folder}': its sweeps are not in the order of time")
        stored.write(sweep_file(self._scratch, len(self)))
        self._frame_id = sweep.frame_id
        self._stamps_ns.append(sweep.stamp_ns)
        self._points.append(len(sweep))
        return len(self) - 1

    def sweep(self, number: int) -> StoredSweep:
        """A sweep that was added, as it is on disk."""
        return StoredSweep.read(sweep_file(self._scratch, number), self._frame_id)

    def replace_ground(self, number: int, is_ground: npt.NDArray[np.bool_]) -> None:
        """Say anew which points of a sweep are ground, bool [N]: what tells may come last."""
        stored = replace(self.sweep(number), is_ground=is_ground)
        stored.write(sweep_file(self._scratch, number))

    def add_truth(self, pairing: Pairing, labels: PairLabels) -> None:
        """True flow of a pair."""
        labels.write(self._scratch / "labels" / TRUTH / pairing.file_name)

    def set_level(self, sensor_to_level: Transform) -> None:
        """Levelled frame <- sensor [4, 4]; the identity until it is told."""
        self._to_level = sensor_to_level

    def _manifest(self) -> Manifest:
        steps = np.diff(self._stamps_ns) * 1e-9
        return Manifest(
            self._folder.name,
            self._origin.sensor,
            self._frame_id,
            # The lower of two in the middle: halfway between them there may be no pair at all.
            round(float(np.quantile(steps, 0.5, method="lower")), 4) if len(steps) else 0.1,
            self._origin.provenance,
            self._origin.ego_motion,
            self._origin.licence,
            tuple(tuple(map(float, row)) for row in self._to_level),
            tuple(self._stamps_ns),
            tuple(self._points),
        )
