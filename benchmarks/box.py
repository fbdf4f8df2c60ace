# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A plain box at 5 m/s seen from a vehicle at 10 m/s: `python benchmarks/box.py`.

128 placements: four lidars, eight positions, four headings; flow of the fifth sweep, by when every
history is full. The error is that of the median velocity over the box, as a share of 5 m/s; with
fewer than 30 points it is left out.
"""

from __future__ import annotations

import argparse
from itertools import chain, product

import numpy as np

from zeroflow_ros import FlowEstimator
from zeroflow_training.recording import as_sweep
from zeroflow_training.simulation.mounting import Mounting
from zeroflow_training.simulation.scenes import box_scene
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import Simulation

SWEEPS = 5
SPEED_MPS, EGO_MPS, MIN_POINTS, GOOD = 5.0, 10.0, 30, 0.2
LIDARS = ("HDL-64E", "DUAL-32", "OS1-128", "VLP-32C")
HEADINGS_DEG = (0, 57, 90, 180)


def error(
    estimator: FlowEstimator, lidar: str, position: tuple[float, float], heading_deg: float
) -> float:
    heading = np.deg2rad(heading_deg)
    scene = box_scene(SPEED_MPS, EGO_MPS, heading=heading, position=position)
    mounting = Mounting(1.8, 0.0, 0.0)
    estimator.reset()
    simulation = Simulation(0, sensor=find_sensor(lidar), scene=scene, mounting=mounting)
    for sweep in simulation.sweeps(SWEEPS):
        flow = estimator.update(as_sweep(sweep), sweep.pose)
    box = flow.valid & (sweep.instance_id > 0)
    if box.sum() < MIN_POINTS:
        return float("nan")
    truth = SPEED_MPS * np.array([np.cos(heading), np.sin(heading), 0])
    return float(np.linalg.norm(np.median(flow.velocity[box], axis=0) - truth) / SPEED_MPS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="path or name; default: the bundled one")
    estimator = FlowEstimator(parser.parse_args().model)
    positions = [(float(x), float(y)) for x, y in product((8, 14, 20, 28), (-5, 4))]
    errors = {
        heading: [error(estimator, lidar, at, heading) for lidar, at in product(LIDARS, positions)]
        for heading in HEADINGS_DEG
    }
    for name, found in [*errors.items(), ("all", list(chain(*errors.values())))]:
        seen = np.array(found)[np.isfinite(found)]
        print(
            f"heading {name}: {len(seen)} placements, median error {100 * np.median(seen):.0f} %, "
            f"within {100 * GOOD:.0f} % in {100 * (seen < GOOD).mean():.0f} %"
        )


if __name__ == "__main__":
    main()
