# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LabelFiles: which downloaded file has the labels of a pair of sweeps, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zeroflow_ros.geometry import invert
from zeroflow_training.sequences import TRUTH, PairLabels, StoredSweep
from zeroflow_training.sources.argoverse2.flow_labels import read_flow_labels
from zeroflow_training.sources.argoverse2.log import Log
from zeroflow_training.sources.argoverse2.pseudo_labels import TEACHER, PseudoLabels


class LabelFiles(Protocol):
    """Labels of pairs of a log's sweep `number` with the next one, by `teacher`."""

    @property
    def teacher(self) -> str:
        """The name that the labels get."""

    @property
    def root(self) -> Path:
        """The folder that they are below."""

    def file(self, log: Log, number: int) -> Path | None:
        """Where they are; None where they are not."""

    def read(self, file: Path, log: Log, number: int, source: StoredSweep) -> PairLabels | None:
        """None where they are of other points. Raises DataError for what is damaged."""


@dataclass(frozen=True)
class FlowLabelFiles:
    """Of the challenges, below the folder `root`; see flow_labels.py."""

    root: Path
    teacher: str = TRUTH

    def file(self, log: Log, number: int) -> Path | None:
        """By the stamp, or by the number."""
        names = (f"{log.stamps_ns[number]}.feather", f"{number:010d}.feather")
        files = (folder / name for folder in _folders(self.root, log, log.name) for name in names)
        return next((file for file in files if file.is_file()), None)

    def read(self, file: Path, log: Log, number: int, source: StoredSweep) -> PairLabels | None:
        """True flow."""
        motion = invert(log.pose(number + 1)) @ log.pose(number)
        return read_flow_labels(file, source.posed.sweep.points, motion)


@dataclass(frozen=True)
class PseudoLabelFiles:
    """Of ZeroFlow, below the folder `root`; see pseudo_labels.py.

    Those of the lidar data set have a folder LOG_TIMESTAMP for each pair.
    """

    root: Path
    teacher: str = TEACHER

    def file(self, log: Log, number: int) -> Path | None:
        """By the place in the order of its folder."""
        for folder in _folders(self.root, log, log.name):
            files = sorted(folder.glob("*.npz"))
            return files[number] if number < len(files) else None
        for folder in _folders(self.root, log, f"{log.name}_{log.stamps_ns[number]}"):
            return next(folder.glob("*.npz"), None)
        return None

    def read(self, file: Path, log: Log, number: int, source: StoredSweep) -> PairLabels | None:
        """What ZeroFlow's teacher said."""
        return PseudoLabels.read(file).of(source.posed.sweep.points, source.is_ground)


def _folders(root: Path, log: Log, name: str) -> list[Path]:
    """Those of a log that there are; the labels may be in splits, as the logs are."""
    places = (root / name, root / log.folder.parent.name / name)
    return [place for place in places if place.is_dir()]
