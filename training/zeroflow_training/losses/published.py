# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The losses of ZeroFlow: plain length of the error, each point alike or by its speed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

SLOWEST_WEIGHT = 0.1


def zeroflow_loss(
    predicted: Tensor, target: Tensor, weight: Tensor, counts: Sequence[int]
) -> Tensor:
    """Mean length of the error over a sample's points, summed over samples (Vedder et al. 2024).

    `predicted`, `target` float [M, 3] m, `weight` float [M], points of one sample after another,
    `counts` of each. A sample without points adds nothing.
    """
    return sample_means((predicted - target).norm(dim=1), weight, counts).sum()


def speed_scaled_loss(
    predicted: Tensor,
    target: Tensor,
    weight: Tensor,
    counts: Sequence[int],
    speed: Tensor,
) -> Tensor:
    """`zeroflow_loss` with points that truly move counting more; `speed` float [M], true m/s.

    ZeroFlow's option of that name as its comments mean it: its code has minimum and maximum
    swapped, and weighs all points alike.
    """
    error = speed_scale(speed) * (predicted - target).norm(dim=1)
    return sample_means(error, weight, counts).sum()


def speed_scale(speed: Tensor) -> Tensor:
    """0.1 up to 0.5 m/s, 1 from 1 m/s on, and a line between. `speed` float [M], m/s -> [M]."""
    return (1.8 * speed - 0.8).clamp(SLOWEST_WEIGHT, 1.0)


def sample_means(values: Tensor, weight: Tensor, counts: Sequence[int]) -> Tensor:
    """Weighted mean of each sample, float [B], 0 where nothing has weight.

    `values`, `weight` float [M], points of one sample after another.
    """
    pieces = zip(values.split(list(counts)), weight.split(list(counts)), strict=True)
    return torch.stack([(v * w).sum() / w.sum().clamp(min=1e-9) for v, w in pieces])
