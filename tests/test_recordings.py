# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundled student on real lidars that it has never seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zeroflow_ros import FlowEstimator, estimate_pair
from zeroflow_ros.bags import BagReader
from zeroflow_ros.ego_motion import EgoMotion, Standstill
from zeroflow_ros.flow import FlowStatus
from zeroflow_ros.offline import choose_ego_motion
from zeroflow_training.evaluation.residual import residual_metrics


def region(points: np.ndarray) -> np.ndarray:
    """Within the grid, and not the sensor's own vehicle."""
    return (np.abs(points[:, :2]) < 51.2).all(1) & (np.hypot(points[:, 0], points[:, 1]) > 2.5)


def test_intersection_against_its_truth(recordings: Path) -> None:
    with BagReader(recordings / "intersection") as reader:
        sweeps = [sweep for _, sweep in reader.sweeps()]
    predicted, truths = [], []
    for k in (0, 1):
        truth = np.load(recordings / f"intersection_truth_{k}.npz")
        flow = estimate_pair(sweeps[k].points, sweeps[k + 1].points)
        keep = truth["valid"] & ~truth["ground_est"] & region(sweeps[k].points) & flow.valid
        predicted.append(flow.displacement[keep])
        truths.append(truth["flow_residual"][keep])
    metrics = residual_metrics(np.concatenate(predicted), np.concatenate(truths))
    assert metrics.dynamic_points > 2000
    # Zero flow reads 1.0 and 0 %, nearest neighbours 0.80 and 54 %.
    assert metrics.dynamic_epe_normalised < 0.30
    assert metrics.false_motion < 0.08


@pytest.mark.parametrize("name", ["parked_vlp16", "parked_vlp32", "street_os1_128"])
def test_nothing_moves_where_nothing_moves(recordings: Path, name: str) -> None:
    with BagReader(recordings / name) as reader:
        sweeps = [sweep for _, sweep in reader.sweeps()]
        ego_motion: EgoMotion = Standstill()
        if name.startswith("street"):
            ego_motion, _ = choose_ego_motion(reader, reader.find_cloud_topic(), "auto", None)
    estimator = FlowEstimator(ego_motion=ego_motion)
    speeds = []
    for sweep in sweeps:
        flow = estimator.update(sweep)
        if flow.status is FlowStatus.ESTIMATED:
            speeds.append(flow.speed[flow.valid & region(sweep.points)])
    assert len(speeds) >= 2
    assert (np.concatenate(speeds) > 0.5).mean() < 0.06
