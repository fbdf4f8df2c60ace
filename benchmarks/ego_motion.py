# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How well KISS-ICP knows the ego motion of simulated drives: `python benchmarks/ego_motion.py`.

Errors of the motion from each sweep to the next, seven sweeps a drive, any lidar of the simulation,
half of the drives deskewed. `--ground-points 1000000` registers all of the ground.
"""

from __future__ import annotations

import argparse

import numpy as np
from rich.progress import track

from zeroflow_ros.ego_motion import KissIcpOdometry, kiss_icp
from zeroflow_ros.geometry import Transform, invert
from zeroflow_training.recording import as_sweep
from zeroflow_training.simulation.simulator import Simulation

FIRST_SEED = 1_400_000_000  # neither training's nor the frozen worlds'
SWEEPS = 7


def step_errors(seed: int) -> list[Transform]:
    """Found motion over true motion, for each step of a drive."""
    simulation, odometry = (
        Simulation(seed, rate_hz=10.0, deskewed=bool(seed % 2)),
        KissIcpOdometry(),
    )
    true, found = [], []
    for sweep in simulation.sweeps(SWEEPS):
        measured = as_sweep(sweep)
        odometry.observe(measured)
        pose = odometry.pose(measured.stamp_ns)
        if pose is not None:
            true.append(sweep.pose)
            found.append(pose)
    steps = zip(true, true[1:], found, found[1:], strict=False)
    return [invert(invert(a) @ b) @ invert(p) @ q for a, b, p, q in steps]


def say(name: str, values: np.ndarray, unit: str) -> None:
    """Mean, median and 90th percentile."""
    percentiles = "  ".join(f"{value:.3f}" for value in np.percentile(values, (50, 90)))
    print(f"{name:18} {values.mean():.3f}  {percentiles}  {unit}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--drives", type=int, default=40)
    parser.add_argument("--ground-points", type=int, default=kiss_icp.GROUND_POINTS)
    options = parser.parse_args()
    kiss_icp.GROUND_POINTS = options.ground_points
    drives = [
        step_errors(FIRST_SEED + k) for k in track(range(options.drives), "drives", transient=True)
    ]
    errors = np.array([error for drive in drives for error in drive])
    print(f"{len(drives)} drives, {len(errors)} steps: mean, median, 90th percentile")
    say("first translation", 100 * np.linalg.norm([d[0][:3, 3] for d in drives if d], axis=1), "cm")
    say("translation", 100 * np.linalg.norm(errors[:, :3, 3], axis=1), "cm")
    say("height", 1000 * np.abs(errors[:, 2, 3]), "mm")
    say("yaw", np.degrees(np.abs(errors[:, 1, 0])), "deg")
    say("roll and pitch", np.degrees(np.hypot(errors[:, 2, 0], errors[:, 2, 1])), "deg")


if __name__ == "__main__":
    main()
