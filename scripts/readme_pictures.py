#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Draw the pictures of README and docs anew, from our own simulation: about a minute.

    python scripts/readme_pictures.py            # into docs/images

Drives are drawn from seeds, so the same version draws the same pictures. (The curves of a training
run come from `zeroflow curves`.)
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from zeroflow_ros.flow_frames import FlowChoice
from zeroflow_ros.offline import run_bag
from zeroflow_ros.pictures import Look, draw_film, draw_sweep
from zeroflow_training.demo import SEED
from zeroflow_training.recording import record
from zeroflow_training.simulation.mounting import Mounting
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import Simulation

IMAGES = Path(__file__).parents[1] / "docs/images"
RATE_HZ = 10.0


class Drive(NamedTuple):
    """A simulated drive, from a seed beyond those of training, and what is shown of it."""

    scene: str
    seed: int
    sweeps: int
    shown: int
    range_m: float


DRIVES = {
    "demo": Drive("street", SEED, 60, 45, 51.2),  # the street of `make demo`
    "crossing": Drive("crossing", 1_000_000_306, 60, 40, 36.0),
}
FILM = Look(DRIVES["crossing"].range_m, 600)
FILM_START_S, FILM_SECONDS = 2.0, 4.0


def with_flow(drive: Drive, folder: Path) -> Path:
    """Simulate a drive and estimate its flow; the bag's name is what pictures are titled with."""
    simulation = Simulation(
        drive.seed,
        sensor=find_sensor("DUAL-32"),
        scene_kind=drive.scene,
        mounting=Mounting(1.9, 0.0, 0.0),
        rate_hz=RATE_HZ,
        duration_s=drive.sweeps / RATE_HZ,
    )
    record(simulation, drive.sweeps, folder / "clouds" / drive.scene)
    bag = folder / f"simulated {drive.scene}"
    run_bag(folder / "clouds" / drive.scene, bag, colored=False)
    return bag


def main() -> None:
    """Draw everything; prints the path of each picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder; default: docs/images")
    out: Path = parser.parse_args().out
    flow = FlowChoice()
    with TemporaryDirectory(prefix="zeroflow-pictures-") as folder:
        for name, drive in DRIVES.items():
            bag = with_flow(drive, Path(folder))
            look = Look(drive.range_m)
            print(draw_sweep(bag, drive.shown, out / f"{name}.png", flow, look)["picture"])
        span = {"start_s": FILM_START_S, "seconds": FILM_SECONDS}
        print(draw_film(bag, out / "crossing.gif", flow, FILM, **span)["film"])


if __name__ == "__main__":
    main()
