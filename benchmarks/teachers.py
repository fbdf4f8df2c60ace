# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How good pseudo-labels are, and how long they take: `python benchmarks/teachers.py`.

Pairs: the two of the real recording with truth, and five simulated streets (evaluation/
teacher_pair.py says which points are judged). Seconds are processor time a pair with all libraries
on one thread. `published` are the published implementations, NSFP and FastNSF with a patience of
30, measured on one core on the first pair of the recording.

A teacher is named as `zeroflow label` names it, with settings after a colon:

    python benchmarks/teachers.py --teacher nsfp:patience=30 --teacher fast_nsf+post:post.eps_m=0.5

`--model NAME` judges a student too: two sweeps, the clouds without ground that teachers get.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from zeroflow_ros.estimator import PairEstimator
from zeroflow_ros.files import written_atomically
from zeroflow_ros.geometry import Points
from zeroflow_training.evaluation.frozen_worlds import SENSORS
from zeroflow_training.evaluation.residual import ResidualMetrics
from zeroflow_training.evaluation.table import Column, Table
from zeroflow_training.evaluation.tables import (
    BUCKETED,
    DYNAMIC,
    FALSE_MOTION,
    NORMALISED,
    STATIC,
)
from zeroflow_training.evaluation.tally import Tally, total
from zeroflow_training.evaluation.teacher_pair import (
    SIMULATED_SENSORS,
    TeacherPair,
    intersection_pairs,
    judge,
    simulated_pairs,
    try_teacher,
)
from zeroflow_training.teachers import PseudoLabel, Teacher
from zeroflow_training.teachers.registry import TEACHERS, make_teacher, read_settings

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"
COLUMNS = (
    *(DYNAMIC, NORMALISED, BUCKETED, STATIC, FALSE_MOTION),
    Column("valid", "valid_share", ".1%"),
    Column("seconds", "seconds", ".1f"),
)
PUBLISHED = {
    "published NSFP": (0.100, 0.13, 0.37, 0.011, 0.065, float("nan"), 149.0),
    "published FastNSF": (0.125, 0.14, 0.34, 0.015, 0.009, float("nan"), 60.0),
    "published ICP-Flow": (0.215, 0.18, 0.41, 0.011, 0.037, float("nan"), 8.6),
}
MEANS = ("seconds", "valid_share")  # over pairs; all other numbers are pooled over their points
Row = dict[str, float]


class Student:
    """A model (path or name) that answers as a teacher does, from the same clouds."""

    def __init__(self, model: str) -> None:
        self.settings: Mapping[str, Any] = {"model": model}
        self._pairs = PairEstimator(model, raw=True, threads=1)

    def label(self, source: Points, target: Points) -> PseudoLabel:
        """Two sweeps, whatever history the model could take."""
        flow = self._pairs.flow(source, target)
        return PseudoLabel(flow.displacement, flow.valid)


def row_of(tallies: Sequence[Tally], seconds: float, valid_share: float) -> Row:
    metrics = asdict(ResidualMetrics.of(total(tallies).group()))
    return {**metrics, "seconds": seconds, "valid_share": valid_share}


def try_on(teacher: Teacher, pairs: Sequence[TeacherPair], say: Callable[[str], None]) -> list[Row]:
    """One row for each pair, and one for all together."""
    rows, trials = [], []
    for pair in pairs:
        trial = try_teacher(teacher, pair)
        share = float(trial.label.valid.mean())
        rows.append(row_of([trial.tally], trial.seconds, share))
        trials.append(trial)
        numbers = ", ".join(f"{head} {rows[-1][key]:{form}}" for head, key, form in COLUMNS)
        say(f"{pair.name}: {numbers}; {dict(trial.label.diagnostics)}")
    seconds, share = (float(np.mean([row[key] for row in rows])) for key in MEANS)
    return [*rows, row_of([trial.tally for trial in trials], seconds, share)]


GROUPS: dict[str, Callable[[argparse.Namespace], Iterator[TeacherPair]]] = {
    "intersection": lambda options: intersection_pairs(options.recordings),
    "simulation": lambda options: simulated_pairs(options.sensor or SIMULATED_SENSORS),
}


def named_teacher(text: str, device: str, seed: int) -> Teacher:
    """NAME or NAME:KEY=VALUE,KEY=VALUE."""
    name, _, rest = text.partition(":")
    settings = read_settings(part for part in rest.split(",") if part)
    return make_teacher(name, device=device, seed=seed, settings=settings)


def tables(options: argparse.Namespace, console: Console) -> list[Table]:
    asked = options.teacher or ([] if options.model else list(TEACHERS))
    answers: dict[str, Teacher] = {
        name: named_teacher(name, options.device, options.seed) for name in asked
    }
    answers |= {name: Student(name) for name in options.model}
    found = []
    for group in options.only or GROUPS:
        if group == "intersection" and not options.recordings.is_dir():
            console.print(f"{group}: left out, no recordings in {options.recordings}")
            continue
        pairs = list(GROUPS[group](options))
        zero = [judge(np.zeros_like(pair.source), pair) for pair in pairs]
        rows = {
            "zero flow": [*(row_of([t], 0.0, 1.0) for t in zero), row_of(zero, 0.0, 1.0)],
        }
        for name, teacher in answers.items():
            rows[name] = try_on(teacher, pairs, partial(console.log, name))
        for k, title in enumerate([*(pair.name for pair in pairs), f"{group}, all pairs"]):
            column = {name: by_pair[k] for name, by_pair in rows.items()}
            if group == "intersection" and k == 0:
                keys = [key for _, key, _ in COLUMNS]
                column |= {n: dict(zip(keys, row, strict=True)) for n, row in PUBLISHED.items()}
            found.append(Table(f"{group}_{k}", title, COLUMNS, column))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--teacher", action="append", help="may be given again; default: all, without --model"
    )
    parser.add_argument("--model", action="append", default=[], help="may be given again")
    parser.add_argument("--only", action="append", choices=GROUPS, help="may be given again")
    parser.add_argument(
        "--sensor", action="append", choices=SENSORS, help="of the simulation; may be given again"
    )
    parser.add_argument("--device", default="cpu", help="as torch calls it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recordings", type=Path, default=RECORDINGS, help="their folder")
    parser.add_argument("--json", type=Path, help="file for all numbers")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    torch.set_num_threads(1)
    with threadpool_limits(1):
        found = tables(options, console)
    for table in found:
        console.print(table.for_console())
    if options.json:
        numbers = {table.key: table.for_json() for table in found}
        with written_atomically(options.json) as scratch:
            scratch.write_text(json.dumps(numbers, indent=2))


if __name__ == "__main__":
    main()
