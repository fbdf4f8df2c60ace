# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses with values by hand: ZeroFlow's, and those that need no labels."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

import torch
from torch import Tensor

from zeroflow_training.data.supervision import Supervision
from zeroflow_training.losses.label_free import (
    chamfer_loss,
    cluster_loss,
    dynamic_chamfer_loss,
    static_loss,
)
from zeroflow_training.losses.nearest import CHUNK, by_distances, by_tree, nearest
from zeroflow_training.losses.published import speed_scale, speed_scaled_loss, zeroflow_loss
from zeroflow_training.losses.terms import Emphasis, check_terms, total_loss
from zeroflow_training.students.student import Prediction


def along_x(*metres: float) -> Tensor:
    column = torch.tensor(metres, dtype=torch.float32)
    return torch.stack([column, torch.zeros_like(column), torch.zeros_like(column)], 1)


def test_zeroflow_is_a_mean_over_points_and_a_sum_over_samples() -> None:
    error = along_x(1.0, 3.0, 0.5)
    loss = zeroflow_loss(error, torch.zeros(3, 3), torch.ones(3), (2, 1))
    assert loss.item() == pytest.approx((1 + 3) / 2 + 0.5)
    # The length, not its square or its parts; who has no weight does not count.
    error = torch.tensor([[3.0, 4.0, 0.0], [9.0, 9.0, 9.0]])
    loss = zeroflow_loss(error, torch.zeros(2, 3), torch.tensor([1.0, 0.0]), (2,))
    assert loss.item() == pytest.approx(5.0)
    assert zeroflow_loss(along_x(2.0), along_x(0.0), torch.ones(1), (0, 1, 0)).item() == 2.0


def test_speed_scale_has_its_knees_at_half_a_metre_and_one_a_second() -> None:
    speeds = torch.tensor([0.0, 0.4, 0.5, 0.75, 1.0, 1.2, 30.0])
    expected = torch.tensor([0.1, 0.1, 0.1, 0.55, 1.0, 1.0, 1.0])
    torch.testing.assert_close(speed_scale(speeds), expected, atol=1e-6, rtol=0)


def test_speed_is_over_the_measured_interval() -> None:
    """0.075 m are 0.75 m/s in 0.1 s and 0.375 m/s in 0.2 s."""
    target, predicted = along_x(0.075, 0.075, 0.0), along_x(1.075, 1.075, 2.0)
    known = Supervision(target, torch.ones(3), (1, 2), (0.1, 0.2))
    torch.testing.assert_close(known.speed, torch.tensor([0.75, 0.375, 0.0]))
    loss = speed_scaled_loss(predicted, target, known.weight, known.counts, known.speed)
    assert loss.item() == pytest.approx(0.55 * 1 + (0.1 * 1 + 0.1 * 2) / 2)


def test_bins_are_of_speeds_whatever_the_interval() -> None:
    """0.05, 0.09 and 0.3 m in 0.1 s are slow, slow and fast; half of each in half the time, too."""
    target, error = along_x(0.0, 0.05, 0.09, 0.3), along_x(0.1, 0.2, 0.4, 0.8)
    odds = torch.log(torch.tensor([1 / 3, 1.0, 1 / 3, 3.0]))
    strict = Emphasis(beta_m=1e-6, static_share=0.4)

    def losses(share: float, *intervals_s: float) -> tuple[float, float]:
        known = Supervision(share * target, torch.ones(4), (3, 1), intervals_s)
        said = Prediction(known.target + error, odds)
        three_bin, moving = (
            total_loss({term: 1.0}, said, known, strict)[0] for term in ("three-bin", "moving")
        )
        return three_bin.item(), moving.item()

    doubts = [math.log(4 / 3), math.log(2), math.log(4), math.log(4 / 3)]
    expected = (
        0.4 * 0.1 + 0.3 * (0.2 + 0.4) / 2 + 0.3 * 0.8,
        0.5 * doubts[0] + 0.25 * (doubts[1] + doubts[2]) / 2 + 0.25 * doubts[3],
    )
    assert losses(1.0, 0.1, 0.1) == pytest.approx(expected, rel=1e-4)
    assert losses(0.5, 0.05, 0.05) == pytest.approx(expected, rel=1e-4)
    # 0.3 m in 0.4 s are slow, and nothing is fast.
    expected = (
        (0.4 * 0.1 + 0.3 * (0.2 + 0.4 + 0.8) / 3) / 0.7,
        (0.5 * doubts[0] + 0.25 * sum(doubts[1:]) / 3) / 0.75,
    )
    assert losses(1.0, 0.1, 0.4) == pytest.approx(expected, rel=1e-4)


def test_chamfer_is_there_and_back_and_truncated() -> None:
    points, before = along_x(0.0, 1.0), along_x(0.0, 1.5, 7.0)
    still = torch.zeros(2, 3)
    there, back = (0 + 0.25) / 2, (0 + 0.25 + 4.0) / 3  # the last is 36 m^2 away
    assert chamfer_loss(points, still, before).item() == pytest.approx(there + back)
    # What came by 0.5 m lay 0.5 m behind.
    moved = along_x(0.0, -0.5)
    expected = 0.0 + 4.0 / 3
    assert chamfer_loss(points, moved, before).item() == pytest.approx(expected)


def test_what_is_truncated_pulls_no_more() -> None:
    displacement = torch.zeros(2, 3, requires_grad=True)
    chamfer_loss(along_x(0.3, 50.0), displacement, along_x(0.0)).backward()
    assert displacement.grad is not None
    # d/dx of (0.3 - x)^2 / 2 there and (0.3 - x)^2 back
    torch.testing.assert_close(displacement.grad, along_x(-0.3 - 0.6, 0.0))


@pytest.mark.parametrize("count", [256, 257])
def test_dynamic_chamfer_wants_more_than_256_points(count: int) -> None:
    points = torch.cat([torch.rand(count, 3) * 0.01, along_x(*[30.0] * 50)])
    dynamic = torch.arange(len(points)) < count
    displacement = torch.zeros(len(points), 3, requires_grad=True)
    before = points - along_x(0.5) * dynamic[:, None]
    loss = dynamic_chamfer_loss(points, displacement, dynamic, before, dynamic)
    loss.backward()
    assert displacement.grad is not None
    assert (loss.item() > 0.4) is (count > 256)
    assert (displacement.grad[dynamic].abs().sum() > 0).item() is (count > 256)
    assert displacement.grad[~dynamic].abs().sum() == 0


def test_static_is_the_mean_length_of_what_stands() -> None:
    displacement = torch.tensor([[3.0, 4.0, 0.0], [0.0, 0.0, 1.0], [7.0, 0.0, 0.0]])
    static = torch.tensor([True, True, False])
    assert static_loss(displacement, static).item() == pytest.approx(3.0)
    assert static_loss(displacement, torch.zeros(3, dtype=torch.bool)).item() == 0


def test_a_cluster_follows_its_farthest_point() -> None:
    """A bar of three points, 0.4 m apart, that came 1 m: only its front has left its old place."""
    points = along_x(10.0, 10.4, 10.8, 50.0, 80.0)
    before = along_x(9.0, 9.4, 9.8, 49.0, 80.1)
    cluster = torch.tensor([1, 1, 1, 2, 0])
    moved = torch.tensor([True, True, True, False, True])
    said = along_x(1.0, 0.5, 0.0, 9.0, 9.0)
    # The front, 10.8, is 1.0 from 9.8. Cluster 2 has no dynamic neighbour; the last is in none.
    expected = (0.0 + 0.5 + 1.0) / 3
    loss = cluster_loss(points, said, cluster, before, moved)
    assert loss.item() == pytest.approx(expected, abs=1e-5)


def test_nothing_to_look_at_costs_nothing_and_is_differentiable() -> None:
    for count, known in ((0, 5), (5, 0), (0, 0)):
        said = torch.zeros(count, 3, requires_grad=True)
        points, before = torch.rand(count, 3), torch.rand(known, 3)
        none, before_none = (torch.zeros(n, dtype=torch.bool) for n in (count, known))
        loss = (
            chamfer_loss(points, said, before)
            + dynamic_chamfer_loss(points, said, none, before, before_none)
            + static_loss(said, none)
            + cluster_loss(points, said, none.long(), before, before_none)
        )
        loss.backward()
        assert loss.item() == 0


def test_both_ways_to_find_neighbours_agree() -> None:
    generator = torch.Generator().manual_seed(0)
    points, others = (50 * torch.rand(n, 3, generator=generator) for n in (CHUNK + 9, 200))
    found = by_tree(points, others)
    assert torch.equal(by_distances(points, others), found)
    assert len(found.unique()) > 150
    assert nearest(torch.tensor([[torch.nan, 0, 0]]), others).shape == (1,)


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ({"three-bins": 1.0}, "no term is called 'three-bins'; there are zeroflow, "),
        ({}, "no term has a weight above 0"),
        ({"zeroflow": 0.0}, "no term has a weight above 0"),
        ({"zeroflow": 1.0, "static": -1.0}, "weight of 'static' is -1.0"),
        ({"zeroflow": 1.0, "moving": 0.1}, "does not say what moves: leave out 'moving'"),
    ],
)
def test_a_loss_that_is_none_is_refused(weights: dict[str, float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_terms(weights, says_moving=False)
