# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Accuracy on simulated streets that no training saw: `python benchmarks/simulated.py`.

Scenes are drawn from seeds above every training seed, each by a lidar of its own. Points:
|x|, |y| < 51.2 m, valid, no ground; all scenes pooled. Zero flow stands beside the model.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from zeroflow_ros import FlowEstimator, Sweep
from zeroflow_training.evaluation.residual import ResidualMetrics, residual_metrics
from zeroflow_training.simulation.classes import ActorClass
from zeroflow_training.simulation.simulator import Simulation

FIRST_SEED = 1_000_000_000
REGION_M = 51.2
GROUPS = {
    "all": range(len(ActorClass)),
    "cars and vans": (ActorClass.CAR, ActorClass.VAN),
    "trucks and buses": (ActorClass.TRUCK, ActorClass.BUS),
    "pedestrians": (ActorClass.PEDESTRIAN,),
    "cyclists": (ActorClass.CYCLIST,),
    "scenery": range(ActorClass.CAR),
}


def evaluate(model: str | None, scenes: int) -> dict[str, ResidualMetrics]:
    """Metrics by group of classes, over the second sweep of each scene."""
    estimator = FlowEstimator(model)
    predicted, truth, classes = [], [], []
    for k in range(scenes):
        estimator.reset()
        simulation = Simulation(FIRST_SEED + k)
        for sweep in simulation.sweeps(2):
            flow = estimator.update(Sweep(sweep.points, sweep.stamp_ns), sweep.pose)
        keep = flow.valid & (sweep.class_id != ActorClass.GROUND)
        keep &= (np.abs(sweep.points[:, :2]) < REGION_M).all(1)
        predicted.append(flow.displacement[keep])
        truth.append(sweep.flow[keep])
        classes.append(sweep.class_id[keep])
    said, exact, kind = np.concatenate(predicted), np.concatenate(truth), np.concatenate(classes)
    found = {}
    for name, members in GROUPS.items():
        group = np.isin(kind, list(members))
        found[name] = residual_metrics(said[group], exact[group])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="path or name; default: the bundled one")
    parser.add_argument("--scenes", type=int, default=100)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = evaluate(options.model, options.scenes)
    table = Table(title=f"{options.scenes} simulated scenes (zero flow = 1.000, 0 %)")
    for heading in ("", "dynamic EPE norm.", "bucketed", "static EPE m", "false motion", "recall"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, row in found.items():
        table.add_row(
            name,
            f"{row.dynamic_epe_normalised:.3f}",
            f"{row.dynamic_epe_bucketed:.3f}",
            f"{row.static_epe_m:.4f}",
            f"{100 * row.false_motion:.2f} %",
            f"{100 * row.dynamic_recall:.1f} %",
        )
    Console().print(table)
    if options.json:
        rows = {name: asdict(row) for name, row in found.items()}
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
