# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Labelling: a teacher's labels for all pairs of a data set; what `zeroflow label` does, callable.

A pair is one task and one file: what is there already is passed over, and whatever is stopped in
the middle loses the pairs in work only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Several
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError
from zeroflow_ros.files import written_atomically
from zeroflow_ros.offline import Progress
from zeroflow_training.data.sample import INTERVAL_S, is_dynamic
from zeroflow_training.seen_pair import SeenPair
from zeroflow_training.sequences import TRUTH, Pairing, Sequence
from zeroflow_training.teachers import Teacher
from zeroflow_training.workers import worked_off

SETTINGS = "teacher.json"


@dataclass(frozen=True)
class LabelReport:
    """Of one pair: `seconds` of the teacher; shares of the points that are `valid`, that `moving`.

    `refused`: why there is no label; None where there is one.
    """

    seconds: float = 0.0
    valid: float = 0.0
    moving: float = 0.0
    refused: str | None = None


@dataclass(frozen=True)
class LabelTask:
    """One pair of a sequence, for a worker."""

    folder: Path
    pairing: Pairing
    teacher: Teacher
    name: str

    def run(self) -> LabelReport:
        """Label it and write the file. A damaged sweep is refused, for the other pairs' sake."""
        import torch

        torch.set_num_threads(1)  # sums, and so labels, are the same however many cores there are
        sequence = Sequence(self.folder)
        try:
            pair = SeenPair.of(sequence, self.pairing)
        except DataError as error:
            return LabelReport(refused=str(error))
        labels = pair.labelled(self.teacher)
        labels.write(sequence.label_file(self.name, self.pairing))
        moves = is_dynamic(labels.displacement, sequence.seconds_between(self.pairing))
        seconds = float(labels.report.get("seconds", 0.0))
        return LabelReport(seconds, _share(labels.valid), _share(moves))


@dataclass
class LabelSummary:
    """What a call has labelled, and what it found there."""

    teacher: str
    found: int = 0
    reports: list[LabelReport] = field(default_factory=list)

    @property
    def refused(self) -> list[str]:
        """Why pairs have no label."""
        return [report.refused for report in self.reports if report.refused is not None]

    @property
    def problem(self) -> str | None:
        """Why not all is labelled; None when it is."""
        refused = self.refused
        return f"{len(refused)} pairs have no label, the first: {refused[0]}" if refused else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON: counts, and means over the pairs labelled now."""
        made = [report for report in self.reports if report.refused is None]

        def mean(of: Callable[[LabelReport], float]) -> float | None:
            return float(np.mean([of(report) for report in made])) if made else None

        return {
            "teacher": self.teacher,
            "labelled": len(made),
            "labelled_before": self.found,
            "refused": len(self.refused),
            "seconds_per_pair": mean(lambda report: report.seconds),
            "valid_share": mean(lambda report: report.valid),
            "moving_share": mean(lambda report: report.moving),
            "problem": self.problem,
        }


def label(
    sequences: Several[Sequence],
    teacher: Teacher,
    name: str,
    steps: Several[int],
    jobs: int,
    progress: Progress | None = None,
) -> LabelSummary:
    """Label each sweep towards the one `step` after it (before it, where negative), for `steps`.

    They are counted in sweeps that a model compares, about INTERVAL_S apart: every one of a 10 Hz
    lidar, every second one of a 20 Hz lidar.
    Raises DataError where labels of that name were made by other settings, or nothing is to label.
    """
    if name == TRUTH:
        raise DataError(f"'{TRUTH}' is the name of true flow: give the labels another one")
    summary, settings = LabelSummary(name), json.loads(json.dumps(dict(teacher.settings)))
    for sequence in sequences:  # all of them, before anything is written
        _check_settings(sequence, name, settings)
    tasks = []
    for sequence in sequences:
        apart = max(1, round(INTERVAL_S / sequence.manifest.interval_s))
        wanted = [pairing for step in steps for pairing in sequence.neighbours(apart * step)]
        there = set(sequence.labelled(name))
        summary.found += sum(pairing in there for pairing in wanted)
        tasks += [
            LabelTask(sequence.folder, pairing, teacher, name)
            for pairing in wanted
            if pairing not in there
        ]
    if not tasks and not summary.found:
        raise DataError("no two sweeps of these sequences follow each other: nothing to label")
    for sequence in sequences:
        _write_settings(sequence, name, settings)
    for report in _reports(tasks, jobs):
        summary.reports.append(report)
        if progress is not None:
            progress(len(summary.reports), len(tasks))
    return summary


def _reports(tasks: list[LabelTask], jobs: int) -> Iterator[LabelReport]:
    jobs = min(jobs, len(tasks))
    return worked_off(tasks, jobs) if jobs > 1 else (task.run() for task in tasks)


def _share(of: npt.NDArray[np.bool_]) -> float:
    """0 where there is no point."""
    return float(of.mean()) if len(of) else 0.0


def _settings_file(sequence: Sequence, name: str) -> Path:
    return sequence.label_file(name, Pairing(0, 0)).with_name(SETTINGS)


def _check_settings(sequence: Sequence, name: str, settings: Any) -> None:
    """Raise DataError where there are labels already, by other settings or nobody knows which."""
    if not sequence.labelled(name):
        return
    path = _settings_file(sequence, name)
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        found = "not known"
    if found != settings:
        raise DataError(
            f"'{path.parent}' holds labels that were made by other settings ({found}, now "
            f"{settings}): give these another --name, or remove that folder"
        )


def _write_settings(sequence: Sequence, name: str, settings: Any) -> None:
    """Beside the labels; until the first one is there, each call may write others."""
    if not sequence.labelled(name):
        with written_atomically(_settings_file(sequence, name)) as scratch:
            scratch.write_text(json.dumps(settings, indent=1))
