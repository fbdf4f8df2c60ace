# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How good a model is, on real recordings and in simulation: `python benchmarks/accuracy.py`.

- intersection: real lidar with flow truth; zero flow and nearest neighbours beside the model
- recordings: real lidars without truth, mostly of places where nothing moves
- simulation: 160 streets that no training saw, eight lidars, two of which no training saw either
  (evaluation/frozen_worlds.py)
- robustness: the HDL-64E among them, with less data or worse data

Judged are points with |x|, |y| < 51.2 m that got flow and are no ground, and nothing that a
blurred edge or a pane makes of what moves (it has no motion of its own); on recordings, ground is
what the truth file or Patchwork++ says, and points within 2.5 m are left out as well.

- normalised: sum of errors over sum of true lengths, movers only; zero flow reads 1
- bucketed: the same ratio in each 0.4 m/s of speed, averaged (Khatri et al. 2024)
- three-way: mean of the errors of moving foreground (FD), still foreground (FS) and still
  background (BS), in metres over the interval (Chodosh et al. 2023)
- false motion: share of points below 0.5 m/s that seem faster; recall: of the others. Some of the
  former creep; "of what stands" is the share of those that do not move at all
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from zeroflow_ros import FlowEstimator, Sweep
from zeroflow_ros.flow import Flow
from zeroflow_ros.rendering import birdseye, save_png
from zeroflow_training.evaluation.frozen_worlds import (
    DEVELOPMENT_SEED,
    FIRST_SEED,
    LEFT_OUT,
    SCENES,
    SENSORS,
    frozen_worlds,
)
from zeroflow_training.evaluation.intersection import intersection_tables
from zeroflow_training.evaluation.perturbation import PERTURBATIONS, UNCHANGED
from zeroflow_training.evaluation.recordings import (
    CAR_SPEED_MPS,
    PASSING_CAR,
    STILL,
    TRAFFIC_JAM,
    answers,
    moving_share,
    passing_car,
)
from zeroflow_training.evaluation.residual import ResidualMetrics
from zeroflow_training.evaluation.table import Column, Table
from zeroflow_training.evaluation.tables import (
    BUCKETED,
    EPE,
    FALSE_MOTION,
    MOVING,
    NORMALISED,
    RECALL,
)
from zeroflow_training.evaluation.trial import (
    CLASS_GROUPS,
    Trial,
    by_class,
    by_sensor,
    by_speed,
    ground_of,
    of_classes,
    pooled,
    try_world,
)

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"
ROBUSTNESS_SENSOR = "HDL-64E"  # the one with 64 beams
BOARD = ("cars and vans", "trucks, buses, trams", "pedestrians", "two-wheelers")
VEHICLES = [CLASS_GROUPS[name] for name in BOARD[:2]]
QUICK_SCENES, QUICK_SWEEPS, PICTURES = 2, 8, 5

FALSE_MOTION_STILL = Column("of what stands", "false_motion_still", ".2%")
ACCURACY = (NORMALISED, BUCKETED, FALSE_MOTION, FALSE_MOTION_STILL, RECALL, MOVING)


def intersection(options: argparse.Namespace) -> Iterator[Table]:
    titles = {
        "published": "intersection, source sweep towards the next",
        "newest": "intersection, newest sweep with its history",
    }
    columns = (
        *(NORMALISED, BUCKETED, FALSE_MOTION, *EPE),
        Column("pairs", "pairs", "d"),
    )
    for name, rows in intersection_tables(options.recordings, options.model).items():
        yield Table(f"intersection_{name}", titles[name], columns, rows)


def recordings(options: argparse.Namespace) -> Iterator[Table]:
    folder, model = options.recordings, options.model
    rows = {
        f"{name}: nothing moves": asdict(moving_share(answers(folder, name, model)))
        for name in STILL
    }
    car = passing_car(folder, model)
    rows[f"{PASSING_CAR}: beside the car"] = asdict(car.surroundings)
    limit = QUICK_SWEEPS if options.quick else None
    jam = list(answers(folder, TRAFFIC_JAM, model, limit))
    rows[f"{TRAFFIC_JAM}: traffic all around"] = asdict(moving_share(jam))
    if options.pictures:
        draw(jam, options.pictures)
    columns = (
        Column("above 0.5 m/s", "moving_share", ".2%"),
        Column("sweeps with flow", "sweeps", "d"),
        Column("points", "points", ",d"),
    )
    yield Table("recordings", "points that move", columns, rows)
    columns = (
        Column("median m/s", "said", ".2f"),
        Column("truth m/s", "truth", ".1f"),
        Column("points", "points", ",d"),
    )
    row = {"said": car.car_speed_mps, "truth": CAR_SPEED_MPS, "points": car.car_points}
    yield Table("passing_car", "the passing car", columns, {PASSING_CAR: row})


def draw(answered: Sequence[tuple[Sweep, Flow]], folder: Path) -> None:
    """Pictures of sweeps that are spread evenly over a recording."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in np.unique(np.linspace(0, len(answered) - 1, PICTURES).astype(int)):
        sweep, flow = answered[k]
        title = f"{TRAFFIC_JAM}, flow {k + 1} of {len(answered)}"
        image = birdseye(sweep.points, flow.velocity, valid=flow.valid, title=title)
        save_png(image, folder / f"{TRAFFIC_JAM}_{k:02}.png")


def simulation(options: argparse.Namespace) -> Iterator[Table]:
    estimator = FlowEstimator(options.model)
    span_s = history_span_s(estimator)
    first = DEVELOPMENT_SEED if options.development else FIRST_SEED
    worlds = [world for name in SENSORS for world in frozen_worlds(name, scenes(options), first)]
    trials = [
        try_world(estimator, world, span_s)
        for world in track(worlds, "simulated streets", transient=True)
    ]
    classes = by_class(trials)
    together = {"all": pooled(trials), "all vehicles": of_classes(trials, VEHICLES)}
    rows = as_rows(together | classes) | {"mean of the four": mean_of(classes)}
    rows |= as_rows({"ground (not in all)": ground_of(trials)})
    yield Table("simulation_classes", f"{len(trials)} simulated streets", ACCURACY, rows)
    columns = (NORMALISED, RECALL, MOVING)
    yield Table("simulation_speeds", "by true speed", columns, as_rows(by_speed(trials)))
    lidars = by_sensor(trials) | by_acquaintance(trials)
    yield Table("simulation_sensors", "by lidar", ACCURACY, as_rows(lidars))


def mean_of(classes: Mapping[str, ResidualMetrics]) -> dict[str, float]:
    """Bucketed error averaged over the four classes that the Argoverse 2 board averages."""
    errors = [classes[name].dynamic_epe_bucketed for name in BOARD]
    row = {column.key: float("nan") for column in ACCURACY}
    return row | {"dynamic_epe_bucketed": float(np.nanmean(errors))}


def by_acquaintance(trials: Sequence[Trial]) -> dict[str, ResidualMetrics]:
    """Lidars of the training against those left out of it."""
    return {
        "seen in training": pooled(t for t in trials if t.sensor not in LEFT_OUT),
        "left out of training": pooled(t for t in trials if t.sensor in LEFT_OUT),
    }


def robustness(options: argparse.Namespace) -> Iterator[Table]:
    estimator = FlowEstimator(options.model)
    span_s = history_span_s(estimator)
    worlds = frozen_worlds(ROBUSTNESS_SENSOR, scenes(options))
    rows = {}
    for change in track((UNCHANGED, *PERTURBATIONS), "perturbations", transient=True):
        trials = [try_world(estimator, world, span_s, change) for world in worlds]
        answered = float(np.mean([trial.answered for trial in trials]))
        rows[change.name] = {**asdict(pooled(trials)), "answered": answered}
    columns = (NORMALISED, BUCKETED, FALSE_MOTION, RECALL, Column("answered", "answered", ".0%"))
    title = f"{len(worlds)} {ROBUSTNESS_SENSOR} streets, changed"
    yield Table("robustness", title, columns, rows)


def scenes(options: argparse.Namespace) -> int:
    return QUICK_SCENES if options.quick else SCENES


def history_span_s(estimator: FlowEstimator) -> float:
    return estimator.card.lags[-1] * estimator.card.interval_s


def as_rows(metrics: Mapping[str, ResidualMetrics]) -> dict[str, dict[str, float]]:
    return {name: asdict(row) for name, row in metrics.items()}


PARTS = {part.__name__: part for part in (intersection, recordings, simulation, robustness)}
REAL = ("intersection", "recordings")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="path or name; default: the bundled one")
    parser.add_argument("--only", action="append", choices=PARTS, help="may be given again")
    parser.add_argument("--quick", action="store_true", help="two streets a lidar, few sweeps")
    parser.add_argument(
        "--development", action="store_true", help="other simulated streets, to choose a model by"
    )
    parser.add_argument("--recordings", type=Path, default=RECORDINGS, help="their folder")
    parser.add_argument("--json", type=Path, help="file for all numbers")
    parser.add_argument("--markdown", type=Path, help="file for the tables")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the traffic jam")
    return parser.parse_args()


def main() -> None:
    options = parse()
    console = Console(width=None if sys.stdout.isatty() else 110)
    tables = []
    for name in options.only or PARTS:
        if name in REAL and not options.recordings.is_dir():
            console.print(f"{name}: left out, no recordings in {options.recordings}")
            continue
        started = time.perf_counter()
        for table in PARTS[name](options):
            console.print(table.for_console())
            tables.append(table)
        console.print(f"{name}: {time.perf_counter() - started:.0f} s\n")
    if options.json:
        numbers = {table.key: table.for_json() for table in tables}
        options.json.write_text(json.dumps(numbers, indent=2))
    if options.markdown:
        options.markdown.write_text("\n".join(table.markdown() for table in tables))


if __name__ == "__main__":
    main()
