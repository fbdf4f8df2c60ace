# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Drive: a simulated street for benchmarks that last, with exactly as many points as wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Transform
from zeroflow_training.evaluation.frozen_worlds import FIRST_SEED
from zeroflow_training.simulation.mounting import Mounting
from zeroflow_training.simulation.scan_heads import SensorModel
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import SimulatedSweep, Simulation

POINTS, COLUMNS = 120_000, 2600  # more firings than points asked for: not each one returns
RENDERED, POSES_HZ = 10, 10_000
FIELDS = ("x", "y", "z", "intensity", "t")


@dataclass(frozen=True)
class Drive:
    """Ten sweeps of a street with traffic, shown forth and back: neighbours in time stay so.

    `clouds` float32 [10, N, 5], FIELDS of each point; `poses` float64 [M, 4, 4], sensor -> world,
    POSES_HZ a second, from the first sweep to the last.
    """

    rate_hz: float
    clouds: npt.NDArray[np.float32]
    poses: npt.NDArray[np.float64]

    def cloud(self, time_s: float) -> int:
        """Which of `clouds` is the newest at a time since the start."""
        return there_and_back(round(time_s * self.rate_hz), len(self.clouds))

    def pose(self, time_s: float) -> Transform:
        """Sensor -> world [4, 4] at a time since the start."""
        return self.poses[there_and_back(round(time_s * POSES_HZ), len(self.poses))]

    def save(self, path: Path) -> None:
        """Into a file that several processes can map."""
        with path.open("wb") as file:
            for array in (np.float64(self.rate_hz), self.clouds, self.poses):
                np.save(file, array)

    @classmethod
    def load(cls, path: Path) -> Drive:
        """As `save` wrote it."""
        with path.open("rb") as file:
            rate_hz, clouds, poses = (np.load(file) for _ in range(3))
        return cls(float(rate_hz), clouds, poses)


def there_and_back(number: int, count: int) -> int:
    """Of `count` items, which one a walk to the last, back to the first, and so on, is at."""
    step = number % (2 * (count - 1))
    return min(step, 2 * (count - 1) - step)


def lidar(points: int = POINTS) -> SensorModel:
    """An HDL-64E that fires often enough for so many returns."""
    model, columns = find_sensor("HDL-64E"), -(-COLUMNS * points // POINTS)
    return replace(model, heads=tuple(replace(head, columns=columns) for head in model.heads))


def render(points: int = POINTS, rate_hz: float = 10.0) -> Drive:
    """The drive as a lidar of that rate sees it; takes seconds."""
    duration_s = max(1.0, RENDERED / rate_hz)
    street = Simulation(
        FIRST_SEED,
        sensor=lidar(points),
        mounting=Mounting(1.73),
        rate_hz=rate_hz,
        duration_s=duration_s,
    )
    rng = np.random.default_rng(0)
    clouds = np.stack([_rows(sweep, points, rng) for sweep in street.sweeps(RENDERED)])
    poses = range(round((RENDERED - 1) / rate_hz * POSES_HZ) + 1)
    return Drive(rate_hz, clouds, np.stack([street.pose(k / POSES_HZ) for k in poses]))


def _rows(sweep: SimulatedSweep, points: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Fields of exactly so many points, in the order of the lidar."""
    if len(sweep.points) < points:
        raise ValueError(f"the simulated lidar has {len(sweep.points)} returns, not {points}")
    kept = np.sort(rng.permutation(len(sweep.points))[:points])
    columns = [sweep.points, sweep.intensity, sweep.time_offset]
    return np.column_stack([column[kept] for column in columns]).astype(np.float32)
