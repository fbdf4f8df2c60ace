# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Accuracy on the real recordings: `python benchmarks/recordings.py [--model M] [--json FILE]`.

`intersection` has flow truth, and is read in the published convention (flow of sweep t towards
t + 1, by `estimate_pair`). On the other recordings nothing clearly moves, so what the model says
moves is false; `passing_car_vls128` and `traffic_jam_hdl64` have movers and are listed for the eye.
Points: |x|, |y| < 51.2 m, valid, farther than 2.5 m from the sensor (its own vehicle), no ground.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from zeroflow_ros.bags import BagReader
from zeroflow_ros.ego_motion import EgoMotion, Standstill
from zeroflow_ros.estimator import FlowEstimator, estimate_pair
from zeroflow_ros.flow import FlowStatus
from zeroflow_ros.geometry import Points, transform_points
from zeroflow_ros.ground import PatchworkGround
from zeroflow_ros.levelling import GroundLevelling
from zeroflow_ros.offline import choose_ego_motion
from zeroflow_ros.pillars import PillarGrid
from zeroflow_ros.sweep import Sweep
from zeroflow_training.evaluation.residual import residual_metrics

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "recordings"
STILL = ("parked_vlp16", "parked_vlp32", "street_os1_128")
MOVING = ("passing_car_vls128", "traffic_jam_hdl64")
PARKED = ("parked_vlp16", "parked_vlp32", "passing_car_vls128")
REGION_M, OWN_VEHICLE_M, MOVING_MPS = 51.2, 2.5, 0.5


def in_region(points: Points) -> np.ndarray:
    inside = (np.abs(points[:, :2]) < REGION_M).all(1)
    return inside & (np.hypot(points[:, 0], points[:, 1]) > OWN_VEHICLE_M)


def above_ground(points: Points) -> np.ndarray:
    """Bool [N]: not ground by a fresh Patchwork++ (it adapts to what it saw), levelled frame."""
    levelled = transform_points(GroundLevelling().level(points), points)
    grid = PillarGrid(REGION_M, 0.4, -2.0, 20.0)
    split = PatchworkGround().split(levelled, grid.locate(levelled))
    mask = np.zeros(len(points), bool)
    mask[split.above.rows] = True
    return mask


def read_sweeps(name: str) -> tuple[list[Sweep], EgoMotion]:
    with BagReader(RECORDINGS / name) as reader:
        sweeps = [sweep for _, sweep in reader.sweeps()]
        if name in PARKED:
            return sweeps, Standstill()
        return sweeps, choose_ego_motion(reader, reader.find_cloud_topic(), "auto", None)[0]


def intersection(model: str | None) -> dict[str, dict[str, float]]:
    """Metrics of the model, of zero flow and of nearest neighbours, pooled over both pairs."""
    from scipy.spatial import cKDTree

    sweeps, _ = read_sweeps("intersection")
    said: dict[str, list[np.ndarray]] = {"model": [], "zero flow": [], "nearest neighbour": []}
    truths = []
    for k in (0, 1):
        truth = np.load(RECORDINGS / f"intersection_truth_{k}.npz")
        source, target = sweeps[k].points, sweeps[k + 1].points
        flow = estimate_pair(source, target, model=model)
        keep = truth["valid"] & ~truth["ground_est"] & in_region(source) & flow.valid
        candidates = target[above_ground(target)]
        nearest = cKDTree(candidates).query(source[keep])[1]
        said["model"].append(flow.displacement[keep])
        said["zero flow"].append(np.zeros((keep.sum(), 3), np.float32))
        said["nearest neighbour"].append(candidates[nearest] - source[keep])
        truths.append(truth["flow_residual"][keep])
    truth_flow = np.concatenate(truths)
    return {
        name: asdict(residual_metrics(np.concatenate(flows), truth_flow))
        for name, flows in said.items()
    }


def moving_share(name: str, model: str | None) -> dict[str, float]:
    """Share of points above 0.5 m/s, over all sweeps with flow."""
    sweeps, ego_motion = read_sweeps(name)
    estimator = FlowEstimator(model, ego_motion=ego_motion)
    moving = []
    for sweep in sweeps:
        flow = estimator.update(sweep)
        if flow.status is FlowStatus.ESTIMATED:
            keep = flow.valid & in_region(sweep.points) & above_ground(sweep.points)
            moving.append(flow.speed[keep] > MOVING_MPS)
    return {"moving_share": float(np.concatenate(moving).mean()), "sweeps": len(moving)}


def show(pairs: dict[str, dict[str, float]], shares: dict[str, dict[str, float]]) -> None:
    console = Console()
    table = Table(title="intersection (2 pairs, truth from tracked boxes)", title_justify="left")
    for heading in ("", "dynamic EPE norm.", "bucketed", "m", "static EPE m", "false motion"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, row in pairs.items():
        table.add_row(
            name,
            f"{row['dynamic_epe_normalised']:.3f}",
            f"{row['dynamic_epe_bucketed']:.3f}",
            f"{row['dynamic_epe_m']:.3f}",
            f"{row['static_epe_m']:.4f}",
            f"{100 * row['false_motion']:.2f} %",
        )
    console.print(table)
    table = Table(title="points above 0.5 m/s", title_justify="left")
    for heading in ("recording", "sweeps with flow", "share", "what moves there"):
        table.add_column(heading)
    for name, row in shares.items():
        what = "nothing: all of it is false motion" if name in STILL else "some do"
        table.add_row(name, f"{row['sweeps']}", f"{100 * row['moving_share']:.2f} %", what)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="path or name; default: the bundled one")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not RECORDINGS.is_dir():
        raise SystemExit(f"the recordings are not here: {RECORDINGS}")
    pairs = intersection(options.model)
    shares = {name: moving_share(name, options.model) for name in STILL + MOVING}
    show(pairs, shares)
    if options.json:
        options.json.write_text(json.dumps({"intersection": pairs, "moving": shares}, indent=2))


if __name__ == "__main__":
    main()
