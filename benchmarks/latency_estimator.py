# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Milliseconds of each stage of an estimate, without ROS: `python benchmarks/latency_estimator.py`.

A simulated HDL-64E with 120,000 points a sweep, poses given. The sweeps of a second
are shown forth and back, so that neighbours in time stay neighbours. The stages are those of
`Flow.stage_ms`; total is the wall time of `FlowEstimator.update`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path

import numpy as np
from drive import FIELDS, render
from rich.console import Console

from zeroflow_ros import FlowEstimator, Sweep
from zeroflow_ros.cores import usable_cores
from zeroflow_ros.engines.backends import BACKENDS
from zeroflow_ros.geometry import Transform
from zeroflow_ros.memory import keep_memory
from zeroflow_training.evaluation.table import Column, Table

PERIOD_NS = 100_000_000


def endless_drive() -> Iterator[tuple[Sweep, Transform]]:
    """Sweeps of POINTS points with poses, 0.1 s apart."""
    drive = render()
    clouds = [np.ascontiguousarray(cloud[:, :3]) for cloud in drive.clouds]
    times = [{"t": np.ascontiguousarray(cloud[:, FIELDS.index("t")])} for cloud in drive.clouds]
    for number in count():
        k, time_s = drive.cloud(number / drive.rate_hz), number / drive.rate_hz
        yield Sweep(clouds[k], number * PERIOD_NS, extras=times[k]), drive.pose(time_s)


def measure(
    estimator: FlowEstimator, drive: Sequence[tuple[Sweep, Transform]], warm_up: int
) -> dict[str, list[float]]:
    """Milliseconds by stage of each sweep after the warm-up."""
    found: dict[str, list[float]] = {}
    for number, (sweep, pose) in enumerate(drive):
        started = time.perf_counter()
        flow = estimator.update(sweep, pose)
        total_ms = 1e3 * (time.perf_counter() - started)
        if number >= warm_up:
            for stage, spent_ms in {**flow.stage_ms, "total": total_ms}.items():
                found.setdefault(stage, []).append(spent_ms)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="path or name; default: the bundled one")
    parser.add_argument("--backend", choices=BACKENDS, default="onnxruntime_cpu")
    parser.add_argument("--threads", type=int, help="to compute with; default: all cores")
    parser.add_argument("--sweeps", type=int, default=100)
    parser.add_argument("--warm-up", type=int, default=10)
    parser.add_argument("--json", type=Path, help="file for all numbers")
    options = parser.parse_args()
    keep_memory()  # as the node and `zeroflow run` do
    estimator = FlowEstimator(options.model, backend=options.backend, threads=options.threads)
    drive = list(islice(endless_drive(), options.warm_up + options.sweeps))
    found, points = (
        measure(estimator, drive, options.warm_up),
        min(len(sweep) for sweep, _ in drive),
    )
    rows = {
        stage: {"p50_ms": float(np.median(ms)), "p99_ms": float(np.quantile(ms, 0.99))}
        for stage, ms in found.items()
    }
    card, threads = estimator.card, options.threads or usable_cores()
    engine = estimator.engine.description
    title = f"{card.name} {card.version}, {engine}, {points:,} points, {threads} threads, ms"
    columns = (Column("p50", "p50_ms", ".1f"), Column("p99", "p99_ms", ".1f"))
    Console().print(Table("latency", title, columns, rows).for_console())
    if options.json:
        facts = {"points": points, "threads": threads, "sweeps": options.sweeps}
        options.json.write_text(json.dumps({**facts, "stages": rows}, indent=2))


if __name__ == "__main__":
    main()
