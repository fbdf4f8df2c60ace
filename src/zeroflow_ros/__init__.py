# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""zeroflow_ros: any lidar, per-point velocity, in real time, with no human labels."""

from zeroflow_ros.estimator import FlowEstimator, estimate_pair
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.sweep import Sweep

__all__ = ["Flow", "FlowEstimator", "FlowStatus", "Sweep", "estimate_pair"]
__version__ = "0.1.0"
