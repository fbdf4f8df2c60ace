# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sequence: sweeps of one drive with poses, and the labels that teachers gave them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import Transform
from zeroflow_ros.sweep import PosedSweep, Sweep
from zeroflow_training.sequences.arrays import Arrays, read_arrays, write_arrays
from zeroflow_training.sequences.labels import Pairing, PairLabels
from zeroflow_training.sequences.manifest import FILE, Manifest, import_again

TOLERANCE = 0.5  # of an interval: by how much the time between two sweeps of a pair may differ
_EXTRA = "extra_"


@dataclass(frozen=True)
class StoredSweep:
    """A sweep with its pose, and which points are ground: bool [N]."""

    posed: PosedSweep
    is_ground: npt.NDArray[np.bool_]

    def write(self, path: Path) -> None:
        """Atomically. Raises ZeroflowError where the file system refuses."""
        sweep = self.posed.sweep
        arrays: Arrays = {
            "points": np.asarray(sweep.points, np.float32),
            "pose": np.asarray(self.posed.pose, np.float64),
            "stamp_ns": np.array(sweep.stamp_ns, np.int64),
            "is_ground": self.is_ground,
        }
        extras = {f"{_EXTRA}{name}": np.asarray(values) for name, values in sweep.extras.items()}
        write_arrays(path, arrays | extras)

    @staticmethod
    def read(path: Path, frame_id: str) -> StoredSweep:
        """Raises DataError for a file that is damaged or no sweep."""
        cure = import_again(path.parents[1])
        arrays = read_arrays(path, ("points", "pose", "stamp_ns", "is_ground"), cure)
        points, is_ground = arrays["points"], arrays["is_ground"]
        if points.shape != (len(is_ground), 3) or arrays["pose"].shape != (4, 4):
            raise DataError(f"'{path}' holds arrays of odd shapes: {cure}")
        extras = {
            name.removeprefix(_EXTRA): column
            for name, column in arrays.items()
            if name.startswith(_EXTRA)
        }
        sweep = Sweep(points, int(arrays["stamp_ns"]), frame_id, extras)
        return StoredSweep(PosedSweep(sweep, arrays["pose"]), is_ground)


class Sequence:
    """A sequence on disk; sweeps and labels are read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        """Raises DataError for a folder that is none or is not complete."""
        self.folder = folder
        self.manifest = Manifest.read(folder)
        for k in range(len(self)):
            if not (file := sweep_file(folder, k)).is_file():
                raise DataError(f"'{file}' is missing: {import_again(folder)}")

    def __len__(self) -> int:
        return len(self.manifest.stamps_ns)

    @cached_property
    def sensor_to_level(self) -> Transform:
        """Levelled frame <- sensor [4, 4]."""
        return np.array(self.manifest.sensor_to_level)

    def sweep(self, number: int) -> StoredSweep:
        """Sweep 0, 1, ... Raises DataError for a damaged file."""
        path = sweep_file(self.folder, number)
        stored = StoredSweep.read(path, self.manifest.frame_id)
        wanted = self.manifest.points[number], self.manifest.stamps_ns[number]
        if (len(stored.posed.sweep), stored.posed.sweep.stamp_ns) != wanted:
            cure = import_again(self.folder)
            raise DataError(f"'{path}' is not the sweep of the manifest: {cure}")
        return stored

    def neighbours(self, step: int) -> list[Pairing]:
        """Each sweep with the one `step` after it (before it, where negative).

        Where they are an interval apart for each step: not across a gap.
        """
        stamps, interval_ns = self.manifest.stamps_ns, self.manifest.interval_s * 1e9
        return [
            Pairing(source, target)
            for source in range(len(self))
            if 0 <= (target := source + step) < len(self)
            and abs((stamps[target] - stamps[source]) / interval_ns - step) < TOLERANCE
        ]

    def seconds_between(self, pairing: Pairing) -> float:
        """From a pair's source to its target, negative where that is earlier."""
        stamps = self.manifest.stamps_ns
        return (stamps[pairing.target] - stamps[pairing.source]) * 1e-9

    def label_file(self, teacher: str, pairing: Pairing) -> Path:
        """Where labels of a pair are, or will be."""
        return self.folder / "labels" / teacher / pairing.file_name

    def labelled(self, teacher: str) -> list[Pairing]:
        """The pairs that a teacher has labelled, in order."""
        return sorted(Pairing.of(file) for file in (self.folder / "labels" / teacher).glob("*.npz"))

    def labels(self, teacher: str, pairing: Pairing) -> PairLabels:
        """Labels of one pair. Raises DataError."""
        path = self.label_file(teacher, pairing)
        return PairLabels.read(path, self.manifest.points[pairing.source])


def sweep_file(folder: Path, number: int) -> Path:
    """Where a sweep of the sequence in `folder` is kept."""
    return folder / "sweeps" / f"{number:06d}.npz"


def find_sequences(data: Path) -> list[Sequence]:
    """The sequences in a folder, by name; or the folder itself, where it is one.

    Raises DataError where there is none.
    """
    if (data / FILE).is_file():
        return [Sequence(data)]
    found = sorted(path.parent for path in data.glob(f"*/{FILE}"))
    folders = [folder for folder in found if not folder.name.startswith(".")]  # not yet whole
    if not folders:
        raise DataError(f"'{data}' holds no sequence: make some by `zeroflow import-bag`")
    return [Sequence(folder) for folder in folders]
