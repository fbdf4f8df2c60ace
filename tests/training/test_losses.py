# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses with known values."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

import torch
from torch import Tensor

from zeroflow_training.losses import (
    binned_mean,
    huber_norm,
    moving_loss,
    speed_bin,
    three_bin_loss,
)


def speed_of(target: Tensor, interval_s: float = 0.1) -> Tensor:
    return target.norm(dim=1) / interval_s


def along_x(*metres: float) -> Tensor:
    column = torch.tensor(metres, dtype=torch.float32)
    return torch.stack([column, torch.zeros_like(column), torch.zeros_like(column)], 1)


def test_huber_norm_is_quadratic_then_linear() -> None:
    values = huber_norm(along_x(0.0, 0.1, -0.2, 0.5, 2.0), beta=0.2)
    expected = torch.tensor([0.0, 0.5 * 0.01 / 0.2, 0.1, 0.4, 1.9])
    torch.testing.assert_close(values, expected, atol=1e-6, rtol=1e-5)
    # The length counts, not the axes one by one.
    both = huber_norm(torch.tensor([[3.0, 0.0, 4.0]]), beta=0.2)
    torch.testing.assert_close(both, torch.tensor([4.9]))


@pytest.mark.parametrize("beta", [0.04, 0.6])
def test_gradient_is_finite_everywhere_and_zero_at_zero(beta: float) -> None:
    error = along_x(0.0, 1e-12, 1e-3, beta, 10.0).requires_grad_()
    huber_norm(error, beta).sum().backward()
    assert error.grad is not None
    torch.testing.assert_close(error.grad[0], torch.zeros(3))
    assert error.grad.isfinite().all()
    # Linear far out: the gradient has length 1, whatever the error.
    torch.testing.assert_close(error.grad[4].norm(), torch.tensor(1.0))


def test_speed_bins_have_deflows_edges() -> None:
    bins = speed_bin(torch.tensor([0.0, 0.399, 0.401, 0.999, 1.001, 50.0]))
    assert bins.tolist() == [0, 0, 1, 1, 2, 2]


def test_binned_mean_is_weighted_and_says_what_is_empty() -> None:
    values, weight = torch.tensor([1.0, 3.0, 5.0]), torch.tensor([1.0, 3.0, 0.5])
    mean, filled = binned_mean(values, weight, torch.tensor([0, 0, 2]))
    torch.testing.assert_close(mean, torch.tensor([2.5, 0.0, 5.0]))
    assert filled.tolist() == [True, False, True]


def test_half_of_the_doubt_is_about_static_points() -> None:
    """A thousand static points said to move with odds of 3, two movers with odds of 1 and 1/3."""
    target = torch.cat([torch.zeros(1000, 3), along_x(0.07, 1.0)])
    moving = torch.log(torch.cat([torch.full((1000,), 3.0), torch.tensor([1.0, 1 / 3])]))
    loss = moving_loss(moving, torch.ones(1002), speed_of(target))
    expected = 0.5 * math.log(4) + 0.25 * math.log(2) + 0.25 * math.log(4)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    still = moving_loss(moving[:1000], torch.ones(1000), torch.zeros(1000))
    assert still.item() == pytest.approx(math.log(4), rel=1e-5)


def test_each_bin_counts_the_same() -> None:
    """A thousand static points off by 0.2 m and one fast one off by 1 m."""
    target = torch.cat([torch.zeros(1000, 3), along_x(1.0)])
    predicted = torch.cat([along_x(0.2).repeat(1000, 1), along_x(0.0)])
    loss = three_bin_loss(predicted, target, torch.ones(1001), speed_of(target), beta=0.1)
    torch.testing.assert_close(loss, torch.tensor((0.15 + 0.95) / 2), atol=1e-5, rtol=1e-5)


def test_static_share_weighs_the_bins() -> None:
    target, predicted = along_x(0.0, 0.05, 1.0), along_x(0.3, 0.55, 3.0)
    losses = [0.25, 0.45, 1.95]  # Huber with its knee at 0.1
    speed, weight = speed_of(target), torch.ones(3)
    loss = three_bin_loss(predicted, target, weight, speed, beta=0.1, static_share=0.6)
    expected = 0.6 * losses[0] + 0.2 * losses[1] + 0.2 * losses[2]
    torch.testing.assert_close(loss, torch.tensor(expected), atol=1e-5, rtol=1e-5)
    # Without slow points the shares of the others keep their ratio.
    others = (column[[0, 2]] for column in (predicted, target, weight, speed))
    loss = three_bin_loss(*others, beta=0.1, static_share=0.6)
    expected = (0.6 * losses[0] + 0.2 * losses[2]) / 0.8
    torch.testing.assert_close(loss, torch.tensor(expected), atol=1e-5, rtol=1e-5)


def test_weights_matter_within_a_bin_only() -> None:
    target, predicted = torch.zeros(2, 3), along_x(0.2, 0.4)
    weight = torch.tensor([0.2, 0.6])
    loss = three_bin_loss(predicted, target, weight, speed_of(target), beta=0.1)
    torch.testing.assert_close(loss, torch.tensor(0.25 * 0.15 + 0.75 * 0.35), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("count", [0, 1])
def test_empty_bins_and_batches_give_no_nan(count: int) -> None:
    predicted = torch.full((count, 3), 0.1, requires_grad=True)
    target = torch.zeros(count, 3)
    loss = three_bin_loss(predicted, target, torch.ones(count), speed_of(target), beta=0.6)
    assert loss.isfinite()
    loss.backward()
    assert predicted.grad is not None
    assert predicted.grad.isfinite().all()


def test_perfect_prediction_costs_nothing() -> None:
    target = along_x(0.0, 0.05, 1.0)
    assert three_bin_loss(target, target, torch.ones(3), speed_of(target), beta=0.04) < 1e-6
