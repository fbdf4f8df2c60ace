#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Draw the pictures of README and docs anew, from our own simulation: about five minutes.

    python scripts/readme_pictures.py            # into docs/images

Drives are drawn from seeds, so the same version draws the same pictures. (intersection.png is of a
recording; docs/tour.md says how it is made.)
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from zeroflow_ros.cores import usable_cores
from zeroflow_ros.flow_frames import FlowChoice
from zeroflow_ros.offline import EgoMotionChoice, run_bag
from zeroflow_ros.pictures import Look, draw_film, draw_sweep
from zeroflow_ros.rendering import save_png
from zeroflow_training.comparison.judged_sequences import judged_sequences
from zeroflow_training.comparison.judgement import judge
from zeroflow_training.comparison.models import ModelFlow
from zeroflow_training.comparison.reference import Reference
from zeroflow_training.demo import SEED
from zeroflow_training.evaluation.pictures import draw_pair
from zeroflow_training.labelling import label
from zeroflow_training.recording import record
from zeroflow_training.sequences import find_sequences
from zeroflow_training.simulation.mounting import Mounting
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import Simulation
from zeroflow_training.sources.rosbag import import_bag
from zeroflow_training.sources.summary import ImportSummary
from zeroflow_training.teachers.registry import make_teacher

IMAGES = Path(__file__).parents[1] / "docs/images"
RATE_HZ = 10.0


class Drive(NamedTuple):
    """A simulated drive, from a seed, and what is shown of it; its name is its pictures' title."""

    name: str
    scene: str
    seed: int
    sweeps: int
    shown: int
    range_m: float = 51.2
    sensor: str = "DUAL-32"
    mounting: Mounting | None = Mounting(1.9, 0.0, 0.0)
    ego_motion: EgoMotionChoice = "auto"


# Seeds beyond those of training; the first is the street of `make demo`.
DEMO = Drive("simulated street", "street", SEED, 60, 45)
CROSSING = Drive("simulated crossing", "crossing", 1_000_000_306, 60, 40, 36.0)
# As docs/tour.md and docs/own_student.md have them from `zeroflow simulate`.
STANDING = Drive(
    "drive without ego motion", "street", 4, 100, 60, 51.2, "VLP-32C", None, ego_motion="static"
)
TUESDAY = Drive("tuesday", "crossing", 9012, 30, 16, 26.0, "HDL-32E", None)
TEACHER, MODEL = "rigid", "zeroflow-rt"

FILM = Look(CROSSING.range_m, 600)
FILM_START_S, FILM_SECONDS = 2.0, 4.0
HALF = 2  # three panels are too wide for a page


def simulated(drive: Drive, folder: Path) -> Path:
    """The bag of a drive."""
    simulation = Simulation(
        drive.seed,
        sensor=find_sensor(drive.sensor),
        scene_kind=drive.scene,
        mounting=drive.mounting,
        rate_hz=RATE_HZ,
        duration_s=drive.sweeps / RATE_HZ,
    )
    bag = folder / "clouds" / drive.name
    record(simulation, drive.sweeps, bag)
    return bag


def with_flow(drive: Drive, folder: Path) -> Path:
    """The bag of a drive with its flow."""
    bag = folder / drive.name
    run_bag(simulated(drive, folder), bag, colored=False, ego_motion=drive.ego_motion)
    return bag


def draw(drive: Drive, folder: Path, out: Path) -> Path:
    """Draw the sweep that is shown; the bag."""
    bag = with_flow(drive, folder)
    print(draw_sweep(bag, drive.shown, out, FlowChoice(), Look(drive.range_m))["picture"])
    return bag


def draw_worst(drive: Drive, folder: Path, out: Path) -> None:
    """Draw where teacher and model differ most, as `zeroflow evaluate` does, but closer."""
    data, reference = folder / "data", Reference(TEACHER)
    import_bag(simulated(drive, folder), data, ImportSummary())
    sequences = list(find_sequences(data))
    label(sequences, make_teacher(TEACHER, device="cpu", seed=0), TEACHER, [-1], usable_cores())
    (judged,) = judged_sequences(data, sequences, reference, [], "newest")
    model = ModelFlow.of(MODEL)
    results = judge(model, reference, judged.sequence, judged.pairings).results
    error_m, pair = results.worst[0]
    heading = f"{pair.name}: motion error {100 * error_m:.2f} cm"
    picture = draw_pair(pair, heading, reference.in_words, model.name, drive.range_m)
    print(save_png(picture.reduce(HALF), out))


def main() -> None:
    """Draw everything; prints the path of each picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder; default: docs/images")
    out: Path = parser.parse_args().out
    with TemporaryDirectory(prefix="zeroflow-pictures-") as scratch:
        folder = Path(scratch)
        draw(DEMO, folder, out / "demo.png")
        draw(STANDING, folder, out / "no_ego_motion.png")
        bag = draw(CROSSING, folder, out / "crossing.png")
        span = {"start_s": FILM_START_S, "seconds": FILM_SECONDS}
        print(draw_film(bag, out / "crossing.gif", FlowChoice(), FILM, **span)["film"])
        draw_worst(TUESDAY, folder, out / "own_student_worst.png")


if __name__ == "__main__":
    main()
