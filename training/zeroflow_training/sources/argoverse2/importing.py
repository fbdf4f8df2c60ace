# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Logs of Argoverse 2 as sequences: what `zeroflow import-argoverse2` does, callable."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Several
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zeroflow_ros.errors import DataError
from zeroflow_ros.levelling import GroundLevelling
from zeroflow_ros.offline import Progress
from zeroflow_ros.sweep import PosedSweep
from zeroflow_training.sequences import (
    Origin,
    Pairing,
    Sequence,
    SequenceWriter,
    StoredSweep,
)
from zeroflow_training.sources.argoverse2.drivable_area import (
    ARCHIVE,
    ground_of_areas,
    read_drivable_areas,
)
from zeroflow_training.sources.argoverse2.ground_height import (
    RASTER,
    GroundHeight,
    read_ground_height,
)
from zeroflow_training.sources.argoverse2.label_files import LabelFiles
from zeroflow_training.sources.argoverse2.log import Log, find_logs
from zeroflow_training.sources.argoverse2.provenance import provenance_of
from zeroflow_training.sources.finished import is_finished
from zeroflow_training.sources.ground import mark_ground, require_patchwork
from zeroflow_training.sources.summary import ImportSummary

SENSOR = "Argoverse 2, two 32-beam lidars"
LICENCE = "CC BY-NC-SA 4.0 (Argoverse 2)"
OTHER_POINTS = "labels of {teacher} that are of other points than those above the ground"


class LogMap(NamedTuple):
    """What tells of a log's ground: the raster's file, that of the road's polygons, or neither."""

    raster: Path | None
    archive: Path | None

    @staticmethod
    def of(log: Log) -> LogMap:
        """What is in its map folder."""
        return LogMap(*(next((log.folder / "map").glob(name), None) for name in (RASTER, ARCHIVE)))

    @property
    def described(self) -> str:
        """In words."""
        if self.raster is not None:
            return "the map's raster"
        return "Patchwork++ (no map)" if self.archive is None else "the map's drivable areas"

    def ground(self) -> GroundHeight | None:
        """How high it is; None where Patchwork++ has to tell. Raises DataError."""
        if self.raster is not None:
            return read_ground_height(self.raster)
        return None if self.archive is None else ground_of_areas(read_drivable_areas(self.archive))


@dataclass(frozen=True)
class LogOptions:
    """Which sweeps of a log are taken, and what labels go with them.

    The first `sweeps` (None: all), and of those the first pair of every `every_kth`: as ZeroFlow
    took 12 pairs of each log of the lidar data set, every 25th of 300 sweeps. A first one whose
    second is not there is left out.
    """

    sweeps: int | None = None
    every_kth: int = 1
    labels: Several[LabelFiles] = ()

    def numbers(self, log: Log) -> list[int]:
        """Of the sweeps that are taken, in order. Raises DataError where that is no pair."""
        firsts = range(len(log))[: self.sweeps][: -1 : self.every_kth]
        if not firsts:
            raise DataError(f"'{log.folder}' has one sweep, which is no pair: get the log again")
        return sorted({*firsts, *(first + 1 for first in firsts)})


def import_logs(
    root: Path,
    data: Path,
    summary: ImportSummary,
    options: LogOptions = LogOptions(),
    progress: Progress | None = None,
) -> None:
    """Write each log below `root` as a sequence DATA/LOG, with the labels that there are.

    A log that is there already is passed over, but for labels that it lacks. `progress` gets (logs
    done, logs in all). Raises ZeroflowError where there is no log, and where the file system
    refuses; a log that cannot be read is kept in `summary.failed`.
    """
    folders = find_logs(root)
    for files in options.labels:
        if not files.root.is_dir():
            raise DataError(f"'{files.root}', which should have labels, is no folder")
        summary.labels[files.teacher] += 0  # so that it shows where none is found
    for done, folder in enumerate(folders):
        with summary.one_of(str(folder)):
            log = Log(folder)
            import_log(log, data / log.name, summary, options)
            for files in options.labels:
                add_labels(log, Sequence(data / log.name), files, summary)
        if progress is not None:
            progress(done + 1, len(folders))


def import_log(log: Log, folder: Path, summary: ImportSummary, options: LogOptions) -> None:
    """Write the sweeps of a log as one sequence. Raises DataError for what cannot be read."""
    maps = LogMap.of(log)
    provenance = provenance_of(log.name, maps.described, _selection(options))
    if is_finished(folder, provenance):
        summary.skip(folder)
        return
    sweeps, ground = map(log.sweep, options.numbers(log)), maps.ground()
    if ground is None:
        require_patchwork()
    with SequenceWriter(folder, Origin(SENSOR, provenance, "Argoverse 2", LICENCE)) as writer:
        _write(writer, sweeps, ground)
    summary.add(folder)


def _write(
    writer: SequenceWriter, sweeps: Iterable[PosedSweep], ground: GroundHeight | None
) -> None:
    levelling, level = GroundLevelling(memory=1_000_000), np.eye(4)
    for posed in sweeps:
        points = posed.sweep.points
        level = levelling.level(points)
        nowhere = np.zeros(len(points), bool)
        is_ground = nowhere if ground is None else ground.is_ground(points, posed.pose)
        writer.add(StoredSweep(posed, is_ground))
    writer.set_level(level)
    if ground is None:
        mark_ground(writer, level)


def add_labels(log: Log, sequence: Sequence, files: LabelFiles, summary: ImportSummary) -> None:
    """Write the labels of a sequence's pairs that there are files of, but for those it has."""
    at = {stamp: k for k, stamp in enumerate(sequence.manifest.stamps_ns)}
    for number, stamp in enumerate(log.stamps_ns[:-1]):
        if stamp not in at or log.stamps_ns[number + 1] not in at:
            continue
        pairing = Pairing(at[stamp], at[log.stamps_ns[number + 1]])
        place, file = sequence.label_file(files.teacher, pairing), files.file(log, number)
        if file is None or place.exists():
            continue
        labels = files.read(file, log, number, sequence.sweep(pairing.source))
        if labels is None:
            summary.dropped[OTHER_POINTS.format(teacher=files.teacher)] += 1
        else:
            labels.write(place)
            summary.labels[files.teacher] += 1


def _selection(options: LogOptions) -> str:
    """Which sweeps, in words; nothing where it is all of them."""
    first = [f"first {options.sweeps} sweeps"] if options.sweeps is not None else []
    some = [f"a pair of every {options.every_kth}"] if options.every_kth > 1 else []
    return ", ".join(first + some)
