# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses that weigh points by how fast they truly are, in DeFlow's three bins."""

from __future__ import annotations

import torch
from torch import Tensor

SPEED_EDGES_MPS = (0.4, 1.0)  # DeFlow's three bins


def huber_norm(error: Tensor, beta: float | Tensor) -> Tensor:
    """Huber function of the error's length. `error` [M, 3] m, `beta` m -> [M].

    Quadratic below `beta`, so that a network that starts at zero flow gets a gradient that points
    somewhere; with the plain norm the prototype stayed at "predict zero" for 500 steps.
    """
    squared = error.square().sum(1)
    length = (squared + 1e-9).sqrt()
    return torch.where(length < beta, 0.5 * squared / beta, length - 0.5 * beta)


def speed_bin(speed: Tensor) -> Tensor:
    """Bin 0, 1, 2 of each point by its true speed. `speed` [M] m/s -> int64 [M]."""
    edges = torch.tensor(SPEED_EDGES_MPS, dtype=speed.dtype, device=speed.device)
    return torch.bucketize(speed, edges, right=True)


def binned_mean(values: Tensor, weight: Tensor, bins: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted mean in each speed bin, and which bins hold a point.

    `values`, `weight` float [M], `bins` int64 [M] in 0..2 -> float [3] (0 in empty bins), bool [3].
    """
    one_hot = torch.nn.functional.one_hot(bins, len(SPEED_EDGES_MPS) + 1).to(values.dtype)
    total = (one_hot * weight[:, None]).sum(0)
    mean = (one_hot * (weight * values)[:, None]).sum(0) / total.clamp(min=1e-9)
    return mean, total > 0


def three_bin_loss(
    predicted: Tensor,
    target: Tensor,
    weight: Tensor,
    speed: Tensor,
    beta: float,
    static_share: float = 1 / 3,
) -> Tensor:
    """Mean of the Huber error over the non-empty speed bins (DeFlow, Zhang et al. 2024).

    `predicted`, `target` float [M, 3] m, `weight` float [M], `speed` float [M], true m/s. The bins
    count equally, so the few moving points weigh as much as the many static ones; empty bins are
    left out (never NaN). A `static_share` above a third holds against false motion: with equal bins
    the best answer to "probably static" is still some motion.
    """
    error = huber_norm(predicted - target, beta)
    return _mean_over_bins(error, weight, speed, static_share)


def moving_loss(moving: Tensor, weight: Tensor, speed: Tensor) -> Tensor:
    """Cross entropy of "does it move", half of it from static points.

    `moving` float [M], logarithm of the odds; `weight` float [M]; `speed` float [M], true m/s.
    """
    moves = (speed_bin(speed) > 0).to(moving.dtype)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(moving, moves, reduction="none")
    return _mean_over_bins(entropy, weight, speed, static_share=0.5)


def _mean_over_bins(values: Tensor, weight: Tensor, speed: Tensor, static_share: float) -> Tensor:
    """Mean over the speed bins, of which the static one has a share of its own."""
    means, filled = binned_mean(values, weight, speed_bin(speed))
    moving_share = (1 - static_share) / 2
    share = means.new_tensor([static_share, moving_share, moving_share]) * filled
    return (share * means).sum() / share.sum().clamp(min=1e-9)
