# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ZeroFlow's claim at small scale: `python benchmarks/distillation.py FOLDER`.

A student learns from a teacher's pseudo-labels of simulated drives, whose truth nobody shows it,
and another one, in all else alike, from the truth. Both and the teacher are judged on drives that
neither has seen, and on the real intersection. Every step is a verb of `zeroflow`, printed as it
runs; what FOLDER holds already is not made again.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from threadpoolctl import threadpool_limits

from zeroflow_ros import FlowEstimator
from zeroflow_ros.files import written_atomically
from zeroflow_ros.levelling import KnownLevelling
from zeroflow_training.evaluation.regions import CLOSE
from zeroflow_training.evaluation.table import Column, Table
from zeroflow_training.evaluation.tables import (
    BUCKETED,
    DYNAMIC,
    FALSE_MOTION,
    NORMALISED,
    RECALL,
    STATIC,
)
from zeroflow_training.seen_pair import SeenPair
from zeroflow_training.sequences import TRUTH, Pairing, PairLabels, Sequence, find_sequences
from zeroflow_training.teachers import Teacher
from zeroflow_training.teachers.registry import make_teacher

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"
SENSOR = "VLP-32C"
TRAINING_SEED, HELD_OUT_SEED = 50, 51  # of no run whose model is bundled
TIMED = 4  # drives
COLUMNS = (
    *(DYNAMIC, NORMALISED, BUCKETED, STATIC, FALSE_MOTION, RECALL),
    Column("ms a pair, one core", "ms", ",.0f"),
)


@dataclass(frozen=True)
class Distillation:
    """Where everything of one run of this benchmark lies, and how large it is."""

    folder: Path
    teacher: str
    drives: int
    sweeps: int
    held_out: int
    steps: int
    jobs: int

    @property
    def judged_data(self) -> dict[str, str]:
        """Folders of what is judged, and which pairs of it have truth."""
        real = {"intersection": "next"} if RECORDINGS.is_dir() else {}
        return {"held_out": "before", **real}

    def data(self) -> None:
        """Drives to learn from and others to be judged on, and the teacher's labels of all."""
        for name, drives, seed in (
            ("training", self.drives, TRAINING_SEED),
            ("held_out", self.held_out, HELD_OUT_SEED),
        ):
            size = ("--sequences", str(drives), "--sweeps", str(self.sweeps))
            run("import-simulated", self.path(name), *size, "--sensor", SENSOR, "--seed", str(seed))
        if "intersection" in self.judged_data:
            run("import-bag", str(RECORDINGS / "intersection"), self.path("intersection"))
            add_truth(Sequence(self.folder / "intersection" / "intersection"))
        for name, pairs in {"training": "before", **self.judged_data}.items():
            by = ("--teacher", self.teacher, "--pairs", pairs, "--jobs", str(self.jobs))
            run("label", self.path(name), *by)

    def students(self) -> dict[str, Path]:
        """The models of both students, by whose labels they learned."""
        models = {name: self.folder / f"by-{name}.onnx" for name in (self.teacher, TRUTH)}
        missing = [name for name, model in models.items() if not model.exists()]
        all_to_end([self.fitting(name) for name in missing])
        for name in missing:
            run("export", str(self.folder / f"run-{name}" / "last.ckpt"), "-o", str(models[name]))
        return models

    def fitting(self, name: str) -> subprocess.Popen[bytes]:
        """A run that learns by some labels."""
        out = self.folder / f"run-{name}"
        data = ("--data", self.path("training"), "--teacher", name)
        plan = ("--config", "zeroflow-rt-2", "--steps", str(self.steps), "--seed", "0")
        resume = ("--resume",) if any(out.glob("*.ckpt")) else ()
        return start("fit", str(out), *data, *plan, *resume)

    def table(self, name: str, models: dict[str, Path], ms: dict[str, float]) -> Table:
        """Teacher and students on the close points of some data, by `zeroflow evaluate`."""
        out = self.folder / "evaluation" / name
        asked = [part for model in models.values() for part in ("--model", str(model))]
        run("evaluate", self.path(name), *asked, "--teacher", self.teacher, "-o", str(out))
        answers = {"zero flow": "zero", self.teacher: self.teacher}
        answers |= {f"student of {by}": model.stem for by, model in models.items()}
        rows = {}
        for title, answer in answers.items():
            numbers = json.loads((out / answer / "results.json").read_text())["ranges"][CLOSE]
            # JSON knows no NaN, and says null where a group has no point.
            rows[title] = {key: math.nan if n is None else n for key, n in numbers.items()}
            rows[title]["ms"] = ms.get(answer, math.nan)
        return Table(name, name.replace("_", " "), COLUMNS, rows)

    def milliseconds(self, models: dict[str, Path]) -> dict[str, float]:
        """Median of a pair on one core, by answer, over the first held-out drives."""
        drives = find_sequences(self.folder / "held_out")[:TIMED]
        teacher = make_teacher(self.teacher)
        found = {self.teacher: [teacher_ms(teacher, drive) for drive in drives]}
        for model in models.values():
            found[model.stem] = [ms for drive in drives for ms in student_ms(model, drive)]
        return {name: float(np.median(ms)) for name, ms in found.items()}

    def path(self, name: str) -> str:
        """Of something in the folder, as verbs take it."""
        return str(self.folder / name)


def add_truth(sequence: Sequence) -> None:
    """True flow of the real recording, as its README says, on what is no ground."""
    for k in (0, 1):
        file = np.load(RECORDINGS / f"intersection_truth_{k}.npz")
        labels = PairLabels(file["flow_residual"], file["valid"] & ~file["ground_est"])
        labels.write(sequence.label_file(TRUTH, Pairing(k, k + 1)))


def teacher_ms(teacher: Teacher, drive: Sequence) -> float:
    """Of its first pair."""
    pair = SeenPair.of(drive, Pairing(1, 0))
    return clocked_ms(lambda: pair.labelled(teacher))


def student_ms(model: Path, drive: Sequence) -> Iterator[float]:
    """Of each sweep with flow but the first such one, which warms up."""
    known = KnownLevelling(drive.sensor_to_level)
    estimator = FlowEstimator(model, levelling=known, deskew=False, threads=1)
    for number in range(len(drive)):
        posed = drive.sweep(number).posed
        ms = clocked_ms(partial(estimator.update, posed.sweep, posed.pose))
        if number > 1:
            yield ms


def clocked_ms(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    started = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - started)


def run(*arguments: str) -> None:
    """A verb of zeroflow, to its end."""
    all_to_end([start(*arguments)])


def start(*arguments: str) -> subprocess.Popen[bytes]:
    print("$ zeroflow", *arguments, flush=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-m", "zeroflow_ros.cli", *arguments], env=environment)


def all_to_end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait for what runs side by side; where one fails, the others and this benchmark end."""
    try:
        for process in processes:
            if process.wait():
                sys.exit(process.returncode)
    finally:
        for process in processes:
            process.terminate()


def plan(options: argparse.Namespace) -> Distillation:
    """What is asked for. What the folder holds already was made by the same, or this ends."""
    settings = {key: value for key, value in vars(options).items() if key != "json"}
    job, file = Distillation(**settings), options.folder / "plan.json"
    made_by = {key: value for key, value in settings.items() if key not in ("folder", "jobs")}
    if file.exists() and (before := json.loads(file.read_text())) != made_by:
        sys.exit(f"{options.folder} was begun with {before}: say the same, or take another folder")
    with written_atomically(file) as scratch:
        scratch.write_text(json.dumps(made_by))
    return job


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="for data, runs and models; 1 GB")
    parser.add_argument("--teacher", default="rigid")
    parser.add_argument("--drives", type=int, default=80, help="to learn from")
    parser.add_argument("--sweeps", type=int, default=6, help="of a drive")
    parser.add_argument("--held-out", type=int, default=12, help="drives to be judged on")
    parser.add_argument("--steps", type=int, default=4500, help="of each student")
    parser.add_argument("--jobs", type=int, default=2, help="processes that label")
    parser.add_argument("--json", type=Path, help="file for all numbers")
    options = parser.parse_args()
    job, console = plan(options), Console(width=None if sys.stdout.isatty() else 120)
    started = time.perf_counter()
    job.data()
    models = job.students()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        ms = job.milliseconds(models)
    tables = [job.table(name, models, ms) for name in job.judged_data]
    for table in tables:
        console.print(table.for_console())
    student = models[options.teacher].stem
    ratio = ms[options.teacher] / ms[student]
    minutes = (time.perf_counter() - started) / 60
    pairs = options.drives * (options.sweeps - 1)
    console.print(f"{pairs} pairs; teacher : student = {ratio:.0f} : 1; {minutes:.0f} min")
    if options.json:
        numbers = {table.key: table.for_json() for table in tables}
        with written_atomically(options.json) as scratch:
            scratch.write_text(json.dumps({**numbers, "teacher_to_student": ratio}, indent=2))


if __name__ == "__main__":
    main()
