# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses: what a student's answer to a batch costs, by labels or by the sweeps alone."""

from zeroflow_training.losses.speed_bins import (
    SPEED_EDGES_MPS,
    binned_mean,
    huber_norm,
    moving_loss,
    speed_bin,
    three_bin_loss,
)

__all__ = [
    "SPEED_EDGES_MPS",
    "binned_mean",
    "huber_norm",
    "moving_loss",
    "speed_bin",
    "three_bin_loss",
]
