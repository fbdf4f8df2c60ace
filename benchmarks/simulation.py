# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulated sweeps a second on one core: `python benchmarks/simulation.py`.

Every lidar in every kind of place, with exact flow, classes and instances; to draw the world takes
once, so it is told by itself.
"""

from __future__ import annotations

import os
import time

import numpy as np
from rich.console import Console

from zeroflow_training.evaluation.table import Column, Table
from zeroflow_training.simulation.scenes import KINDS
from zeroflow_training.simulation.sensors import SENSORS
from zeroflow_training.simulation.simulator import Simulation

WORLDS, SWEEPS, DURATION_S = 2, 8, 4.0
COLUMNS = (
    Column("points a sweep", "points", ",.0f"),
    Column("world, ms", "world_ms", ".0f"),
    Column("sweeps/s", "per_second", ".0f"),
    Column("slowest place", "slowest", ".0f"),
)


def measure(name: str, kind: str) -> list[tuple[float, float, float]]:
    """Points a sweep, ms to draw the world, ms of a sweep, of each world."""
    found = []
    for seed in range(WORLDS):
        start = time.perf_counter()
        world = Simulation(seed, sensor=SENSORS[name], scene_kind=kind, duration_s=DURATION_S)
        sweeps = world.sweeps(SWEEPS)
        points = [len(next(sweeps).points)]
        drawn = time.perf_counter()
        points += [len(sweep.points) for sweep in sweeps]
        sweep_ms = 1e3 * (time.perf_counter() - drawn) / (SWEEPS - 1)
        found.append((float(np.mean(points)), 1e3 * (drawn - start) - sweep_ms, sweep_ms))
    return found


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    measure("VLP-16", "street")  # compiles
    rows = {}
    for name in SENSORS:
        by_place = np.array([measure(name, kind) for kind in KINDS])
        points, world_ms, sweep_ms = by_place.mean((0, 1))
        slowest = by_place[..., 2].mean(1).max()
        rows[name] = {
            "points": points,
            "world_ms": world_ms,
            "per_second": 1e3 / sweep_ms,
            "slowest": 1e3 / slowest,
        }
    title = f"one core, {len(KINDS)} kinds of places, {WORLDS} worlds each"
    Console().print(Table("simulation", title, COLUMNS, rows).for_console())


if __name__ == "__main__":
    main()
