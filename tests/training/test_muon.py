# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Muon: steps that are orthogonal for matrices, and Adam's for the rest."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

import torch
from torch import nn

from zeroflow_training.muon import Muon, orthogonalised
from zeroflow_training.schedule import ScheduleConfig
from zeroflow_training.student_module import StudentModule
from zeroflow_training.students.real_time import RealTimeStudentConfig


@pytest.mark.parametrize("shape", [(6, 20), (20, 6), (8, 8)])
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(shape, generator=generator)
    found = orthogonalised(1e3 * matrix)
    u, s, vh = torch.linalg.svd(found, full_matrices=False)
    assert float(s.min()) > 0.5
    assert float(s.max()) < 1.3
    # The directions stay: U V^T of the matrix itself.
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    assert float((u @ vh - left @ right).abs().max()) < 0.02


def test_a_filter_moves_by_the_learning_rate_whatever_its_gradient() -> None:
    for scale in (1e-6, 1.0, 1e6):
        weight = nn.Parameter(torch.zeros(4, 3, 3, 3))
        weight.grad = scale * torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(1))
        Muon([weight], [], 0.01, 0.001).step()
        norms = torch.linalg.svdvals(weight.detach().reshape(4, -1))
        assert float(norms.min()) > 0.005
        assert float(norms.max()) < 0.013


@pytest.mark.parametrize("shape", [(24, 6), (6, 24)])
def test_matrices_move_as_torch_moves_them(shape: tuple[int, int]) -> None:
    theirs_class = getattr(torch.optim, "Muon", None)
    if theirs_class is None:
        pytest.skip("torch before 2.9 has no Muon")
    generator = torch.Generator().manual_seed(3)
    start = torch.randn(shape, generator=generator)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    optimizers = (
        Muon([ours], [], 0.1, 0.0, weight_decay=0.2),
        theirs_class([theirs], lr=0.1, weight_decay=0.2),
    )
    for _ in range(6):
        ours.grad = torch.randn(shape, generator=generator)
        theirs.grad = ours.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    moved = (theirs - start).norm()
    # Torch orthogonalises in bfloat16.
    assert (ours - theirs).norm() < 0.03 * moved


def test_a_student_has_its_filters_in_muon_and_the_rest_in_adam(
    tiny_config: RealTimeStudentConfig,
) -> None:
    module = StudentModule(tiny_config, ScheduleConfig(steps=10, learning_rate=0.02))
    optimizer = module.configure_optimizers()["optimizer"]
    assert isinstance(optimizer, Muon)
    names = {parameter: name for name, parameter in module.student.named_parameters()}
    matrices, others = ([names[p] for p in g["params"]] for g in optimizer.param_groups)
    assert len(matrices) + len(others) == len(names)
    assert {"split.weight", "pillar_encoder.0.weight", "fine.1.0.weight"} <= set(matrices)
    assert {"offset.weight", "displacement.weight", "displacement.bias"} <= set(others)
    assert all(module.student.get_parameter(name).dim() > 1 for name in matrices)
    rates = [group["initial_lr"] for group in optimizer.param_groups]
    assert rates == pytest.approx([0.02, 0.002])


def test_the_rest_moves_as_adam_with_decoupled_decay_does() -> None:
    start, generator = torch.tensor([1.0, -2.0, 3.0]), torch.Generator().manual_seed(2)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    optimizers = (
        Muon([], [ours], 1.0, 0.05, weight_decay=0.1),
        torch.optim.AdamW([theirs], lr=0.05, weight_decay=0.1),
    )
    for _ in range(20):
        ours.grad = torch.randn(3, generator=generator)
        theirs.grad = ours.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(ours, theirs)


def test_a_saved_optimizer_goes_on_as_the_one_that_was_not_saved() -> None:
    def gradients(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(step)
        return torch.randn(3, 4, generator=generator), torch.randn(4, generator=generator)

    def make() -> tuple[Muon, tuple[nn.Parameter, nn.Parameter]]:
        pair = nn.Parameter(torch.ones(3, 4)), nn.Parameter(torch.ones(4))
        return Muon(pair[:1], pair[1:], 0.1, 0.01), pair

    def step(optimizer: Muon, pair: tuple[nn.Parameter, nn.Parameter], number: int) -> None:
        for parameter, gradient in zip(pair, gradients(number), strict=True):
            parameter.grad = gradient
        optimizer.step()

    whole, expected = make()
    for k in range(6):
        step(whole, expected, k)
    first, halfway = make()
    for k in range(3):
        step(first, halfway, k)
    second, found = make()
    for parameter, value in zip(found, halfway, strict=True):
        parameter.data.copy_(value.data)
    second.load_state_dict(first.state_dict())
    for k in range(3, 6):
        step(second, found, k)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
