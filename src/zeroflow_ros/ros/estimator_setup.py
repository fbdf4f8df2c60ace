# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the node's settings to an estimator that is loaded and warm."""

from __future__ import annotations

import numpy as np

from zeroflow_ros.ego_motion import EgoMotion, KissIcpOdometry, Standstill
from zeroflow_ros.estimator import FlowEstimator
from zeroflow_ros.network import network_inputs
from zeroflow_ros.ros.odometry import OdometryTrack
from zeroflow_ros.ros.parameters import Settings

WARM_UP_POINTS = 60_000
WARM_UP_RUNS = 3


def make_ego_motion(settings: Settings) -> EgoMotion:
    """The source that `ego_motion.source` names. Raises MissingPackageError."""
    if settings.ego_motion_source == "kiss_icp":
        return KissIcpOdometry()
    if settings.ego_motion_source == "static":
        return Standstill()
    return OdometryTrack(settings.mounting)


def make_estimator(settings: Settings, ego_motion: EgoMotion) -> FlowEstimator:
    """Load the model and run it a few times. Raises ModelError, MissingPackageError."""
    estimator = FlowEstimator(
        settings.model or None,
        ego_motion=ego_motion,
        sensor_height=settings.sensor_height or None,
        threads=settings.threads or None,
    )
    _warm_up(estimator)
    return estimator


def _warm_up(estimator: FlowEstimator) -> None:
    """Make the engine allocate its memory now; it has no state, so nothing of this remains."""
    card = estimator.card
    grid = card.grid
    low = (-grid.range_m, -grid.range_m, grid.z_min_m)
    high = (grid.range_m, grid.range_m, grid.z_max_m)
    points = np.random.default_rng(0).uniform(low, high, (WARM_UP_POINTS, 3)).astype(np.float32)
    inputs = network_inputs(grid, [grid.locate(points)] * card.history)
    for _ in range(WARM_UP_RUNS):
        estimator.engine.infer(inputs)
