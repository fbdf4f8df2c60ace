# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The optimisation teachers, on clouds whose motion is known."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

import torch
from torch import Tensor

from zeroflow_ros.geometry import Points
from zeroflow_training.teachers import chamfer, distance_field, optimisation
from zeroflow_training.teachers.chamfer import TruncatedChamfer
from zeroflow_training.teachers.distance_field import VOXEL_M, DistanceField
from zeroflow_training.teachers.fast_nsf import FastNeuralPrior
from zeroflow_training.teachers.neighbours import TiledNeighbours, TreeNeighbours, neighbours_of
from zeroflow_training.teachers.nsfp import NeuralPrior
from zeroflow_training.teachers.optimisation import Iterate, Stopping, deterministic, minimise
from zeroflow_training.teachers.prior import CoordinateNetwork, uniform_by_inputs, xavier_uniform
from zeroflow_training.teachers.prior_teacher import PriorTeacher

SHIFT = np.array([0.3, 0.1, 0.0], np.float32)
TEACHERS = (NeuralPrior(patience=30), FastNeuralPrior())


def edges(per_edge: int = 12, size_m: float = 2.0) -> Points:
    """Points on the twelve edges of a cube 3 m ahead: no motion slides it along itself.

    Its edges are near the centres of voxels: on their faces a distance field would be half of one
    off, all to one side.
    """
    along = np.linspace(0, size_m, per_edge, dtype=np.float32)
    parts = []
    for axis in range(3):
        for first in (0.0, size_m):
            for second in (0.0, size_m):
                part = np.empty((per_edge, 3), np.float32)
                part[:, axis] = along
                part[:, (axis + 1) % 3], part[:, (axis + 2) % 3] = first, second
                parts.append(part)
    return np.concatenate(parts) + np.float32([3.04, -1.06, 0.05])


def one(x: float) -> Tensor:
    return torch.tensor([[x, 0.0, 0.0]])


@pytest.mark.parametrize("teacher", TEACHERS, ids=lambda teacher: teacher.name)
def test_the_shift_of_a_cube_is_read(teacher: PriorTeacher) -> None:
    source = edges()
    label = replace(teacher, iterations=150).label(source, source + SHIFT)
    assert label.valid.all()
    assert np.linalg.norm(label.displacement - SHIFT, axis=1).mean() < 0.05
    assert label.diagnostics["points"] == len(source)
    assert label.diagnostics["valid_share"] == 1
    assert label.diagnostics["seconds"] > 0
    assert label.displacement.dtype == np.float32


@pytest.mark.parametrize("teacher", TEACHERS, ids=lambda teacher: teacher.name)
def test_the_same_pair_gets_the_same_answer(teacher: PriorTeacher) -> None:
    source, few = edges(8), replace(teacher, iterations=5, points=50)
    first = few.label(source, source + SHIFT)
    torch.manual_seed(7)
    few.label(source + SHIFT, source)
    again = few.label(source, source + SHIFT)
    np.testing.assert_array_equal(first.displacement, again.displacement)
    other = replace(few, seed=1).label(source, source + SHIFT)
    assert np.abs(first.displacement - other.displacement).max() > 1e-4


@pytest.mark.parametrize("teacher", TEACHERS, ids=lambda teacher: teacher.name)
@pytest.mark.parametrize(("points", "others"), [(0, 5), (5, 0), (0, 0)])
def test_without_points_nothing_is_valid(teacher: PriorTeacher, points: int, others: int) -> None:
    label = teacher.label(np.ones((points, 3), np.float32), np.ones((others, 3), np.float32))
    assert label.displacement.shape == (points, 3)
    assert not label.valid.any()
    assert label.diagnostics["stopped"] == "no points"
    assert label.diagnostics["valid_share"] == 0


@pytest.mark.parametrize("teacher", TEACHERS, ids=lambda teacher: teacher.name)
@pytest.mark.parametrize("points", [1, 5])
def test_few_points_are_followed(teacher: PriorTeacher, points: int) -> None:
    source = np.float32([[4, 0, 1], [0, 4, 1], [-4, 0, 1], [0, -4, 1], [3, 3, 1]])[:points]
    label = replace(teacher, iterations=150).label(source, source + SHIFT)
    assert label.valid.all()
    assert np.linalg.norm(label.displacement - SHIFT, axis=1).mean() < 0.1


def test_points_out_of_range_get_no_flow() -> None:
    source = np.concatenate([edges(4), np.float32([[60, 0, 0], [0, -51.2, 0]])])
    label = FastNeuralPrior(iterations=3).label(source, edges(4) + SHIFT)
    assert label.valid[:-2].all()
    assert not label.valid[-2:].any()
    assert not label.displacement[-2:].any()
    assert label.diagnostics["points"] == len(source) - 2


def test_all_points_get_flow_where_some_are_fitted() -> None:
    source = edges(8)
    label = FastNeuralPrior(iterations=3, points=20).label(source, source + SHIFT)
    assert label.diagnostics["points"] == 20
    assert label.valid.all()
    assert (np.abs(label.displacement).sum(1) > 0).all()


def test_far_points_count_in_the_mean_but_not_in_the_sum() -> None:
    """(0.5^2 + 0) / 2 one way, 0.5^2 / 1 the other; 1.42^2 is above 2 and 1.41^2 below."""
    cloud = one(0.0)
    loss = TruncatedChamfer(cloud)(torch.cat([one(0.5), one(1.42)]))
    assert loss.item() == pytest.approx(0.25 / 2 + 0.25)
    loss = TruncatedChamfer(cloud)(torch.cat([one(0.5), one(1.41)]))
    assert loss.item() == pytest.approx((0.25 + 1.41**2) / 2 + 0.25)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_the_distance_of_points_that_are_nowhere_is_no_number(wrong: float) -> None:
    moved = torch.cat([one(0.5), one(wrong), one(-wrong)])
    assert TruncatedChamfer(one(0.0))(moved).isnan()


@pytest.mark.parametrize("teacher", TEACHERS, ids=lambda teacher: teacher.name)
def test_a_fit_that_runs_away_ends_as_not_finite(
    teacher: PriorTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimisation, "LEARNING_RATE", 1e30)
    label = teacher.label(edges(4), edges(4) + SHIFT)
    assert (label.diagnostics["stopped"], label.diagnostics["iterations"]) == ("not finite", 2)
    assert label.diagnostics["best_iteration"] == 1
    assert np.isfinite(label.displacement).all()


def test_far_points_are_not_pulled() -> None:
    moved = torch.cat([one(0.5), one(-30.0)]).requires_grad_()
    TruncatedChamfer(one(0.0))(moved).backward()
    assert moved.grad is not None
    # d/dx of x^2 / 2 + x^2
    assert moved.grad[:, 0].tolist() == pytest.approx([1.5, 0.0])


def test_both_searches_find_the_same_neighbours() -> None:
    random = torch.Generator().manual_seed(0)
    cloud, queries = (100 * torch.rand(n, 3, generator=random) for n in (700, 500))
    rows = TreeNeighbours(cloud).nearest(queries)
    tiled = TiledNeighbours(cloud)
    tiled._tile = 64
    torch.testing.assert_close(tiled.nearest(queries), rows)
    brute = (queries[:, None] - cloud).square().sum(2).argmin(1)
    torch.testing.assert_close(rows, brute)


def test_only_tensors_on_a_cpu_are_searched_by_a_tree() -> None:
    assert isinstance(neighbours_of(one(0.0)), TreeNeighbours)
    assert isinstance(neighbours_of(torch.empty(5, 3, device="meta")), TiledNeighbours)


@pytest.mark.parametrize("teacher", TEACHERS, ids=lambda teacher: teacher.name)
def test_a_teacher_says_the_same_by_either_search(
    teacher: PriorTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, few = edges(4), replace(teacher, iterations=4)
    by_tree = few.label(source, source + SHIFT)
    for module in (chamfer, distance_field):
        monkeypatch.setattr(module, "neighbours_of", lambda cloud, *_, **__: TiledNeighbours(cloud))
    by_tiles = few.label(source, source + SHIFT)
    np.testing.assert_allclose(by_tiles.displacement, by_tree.displacement, atol=1e-5)


def test_a_cuda_device_gets_sums_in_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with deterministic(torch.device("cuda")):
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert not torch.are_deterministic_algorithms_enabled()


def test_out_of_reach_any_row_will_do() -> None:
    rows = TreeNeighbours(torch.cat([one(0.0), one(9.0)]), reach_m=1.0).nearest(one(5.0))
    assert rows.item() in (0, 1)


HALF = VOXEL_M / 2


def test_the_distance_field_is_exact_at_centres_and_linear_between() -> None:
    field = DistanceField(one(HALF))  # of the first voxel from the origin on
    centre = torch.tensor([[HALF, HALF, HALF]])
    assert field(centre).item() == pytest.approx(0.0, abs=1e-6)
    step = torch.tensor([[3 * VOXEL_M, 4 * VOXEL_M, 0.0]])
    assert field(centre + step).item() == pytest.approx(5 * VOXEL_M, abs=1e-5)
    along_x = torch.tensor([[VOXEL_M, 0.0, 0.0]])
    assert field(centre + 2.5 * along_x).item() == pytest.approx(2.5 * VOXEL_M, abs=1e-5)
    far = torch.tensor([[-700.0, 0.0, 0.0]])
    assert field(centre + far).item() == pytest.approx(700.0, rel=1e-5)


def test_the_distance_field_pulls_towards_the_cloud() -> None:
    field = DistanceField(one(HALF))
    for voxels in (10.5, 10.7, 25.0):  # the second in the voxel of the first: not looked up again
        points = torch.tensor([[voxels * VOXEL_M, HALF, HALF]], requires_grad=True)
        field(points).sum().backward()
        assert points.grad is not None
        assert points.grad[0, 0].item() == pytest.approx(1.0, abs=1e-4)
        assert points.grad[0, 1:].abs().max().item() < 0.06  # towards the next voxel's centre


@pytest.mark.parametrize("count", [1, 5000])
def test_the_network_is_what_torch_makes_of_its_layers(count: int) -> None:
    random = torch.Generator().manual_seed(0)
    network = CoordinateNetwork(uniform_by_inputs, random)
    assert sum(weights.numel() for weights in network.parameters()) == 116_483
    points = torch.rand(count, 3, generator=random).requires_grad_()
    plain = points
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        plain = torch.nn.functional.linear(plain.relu() if layer else plain, weight, bias)
    flow = network(points)
    torch.testing.assert_close(flow, plain)
    inputs = [points, *network.parameters()]
    found = torch.autograd.grad(flow.square().sum(), inputs)
    for own, expected in zip(found, torch.autograd.grad(plain.square().sum(), inputs), strict=True):
        torch.testing.assert_close(own, expected, rtol=1e-4, atol=1e-4)


def test_initial_weights_are_spread_as_published() -> None:
    network = CoordinateNetwork(xavier_uniform, torch.Generator().manual_seed(0))
    assert not torch.cat([bias.detach() for bias in network.biases]).any()
    assert network.weights[3].std().item() == pytest.approx((2 / 256) ** 0.5, rel=0.02)
    network = CoordinateNetwork(uniform_by_inputs, torch.Generator().manual_seed(0))
    assert network.weights[3].std().item() == pytest.approx((1 / 3 / 128) ** 0.5, rel=0.02)


class Script:
    """Says these losses and scores, one a call; the weight counts the calls."""

    def __init__(self, losses: list[float], scores: list[float] | None = None) -> None:
        self.weight = torch.zeros(1, requires_grad=True)
        self.rows = list(zip(losses, scores or losses, strict=True))
        self.calls = 0

    def __call__(self) -> Iterate:
        loss, score = self.rows[self.calls]
        self.calls += 1
        self.weight.data.fill_(self.calls)
        return Iterate(loss + 0 * self.weight.sum(), torch.tensor(score))


def test_patience_counts_iterations_without_enough_gain() -> None:
    """From the third on none is 0.1 better than the second; the sixth is the fourth of those."""
    script = Script([3.0, 1.0, 0.95, 0.92, 1.0, 0.91, 0.0])
    outcome = minimise(script, [script.weight], stopping=Stopping(100, 4, 0.1, warm_up=0))
    assert (outcome.iterations, outcome.stopped) == (6, "patience")


def test_it_never_stops_before_it_is_warm() -> None:
    losses = [1.0, 2.0, 2.0, 2.0, 0.5, 2.0, 2.0, 2.0]
    script = Script(losses)
    outcome = minimise(script, [script.weight], stopping=Stopping(8, 2, 0.1, warm_up=5))
    assert (outcome.iterations, outcome.best_iteration, outcome.stopped) == (7, 5, "patience")


def test_small_gains_add_up() -> None:
    script = Script([1.0, 0.94, 0.88, 0.82, 0.76, 0.7])
    outcome = minimise(script, [script.weight], stopping=Stopping(6, 2, 0.1, warm_up=0))
    assert (outcome.iterations, outcome.stopped) == (6, "iterations")


def test_the_weights_with_the_lowest_score_stay() -> None:
    script = Script([5.0, 4.0, 3.0, 2.0], [3.0, 1.0, 2.0, 1.5])
    outcome = minimise(script, [script.weight], stopping=Stopping(4, 10, 0.0))
    assert (outcome.best_iteration, outcome.loss) == (2, 1.0)
    assert script.weight.item() == 2


@pytest.mark.parametrize(
    ("averaging", "weight"),
    [(0.5, (4 + 3 / 2 + 2 / 4 + 1 / 8) / (1 + 1 / 2 + 1 / 4 + 1 / 8)), (1.0, 2.5), (1e-9, 4.0)],
)
def test_or_the_mean_of_all_with_the_older_ones_counting_less(
    averaging: float, weight: float
) -> None:
    script = Script([5.0, 4.0, 3.0, 2.0], [3.0, 1.0, 2.0, 1.5])
    stopping = Stopping(4, 10, 0.0)
    outcome = minimise(script, [script.weight], stopping=stopping, averaging=averaging)
    assert (outcome.best_iteration, outcome.loss) == (2, 1.0)
    assert script.weight.item() == pytest.approx(weight, rel=1e-6)


def test_a_loss_that_is_no_number_ends_it() -> None:
    script = Script([5.0, float("nan"), 1.0])
    seen: list[tuple[int, int]] = []
    outcome = minimise(
        script,
        [script.weight],
        stopping=Stopping(9, 9, 0.0),
        progress=lambda done, most: seen.append((done, most)),
    )
    assert (outcome.stopped, outcome.best_iteration, seen) == ("not finite", 1, [(1, 9)])
