# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real-time student as a function of its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

import torch
from torch import Tensor

from zeroflow_ros.network import network_inputs
from zeroflow_ros.pillars import PillarGrid
from zeroflow_training.students.layers import ConvBlock, CostVolume, UpBlock
from zeroflow_training.students.real_time import RealTimeStudent, RealTimeStudentConfig

SIZE = 32
MakeInputs = Callable[..., tuple[Tensor, ...]]
MakeStudent = Callable[[RealTimeStudentConfig], RealTimeStudent]


def answer(student: RealTimeStudent, *inputs: Tensor, samples: int = 1) -> Tensor:
    """Both outputs side by side [M, 4]."""
    displacement, moving = student(*inputs, samples=samples)
    return torch.cat([displacement, moving[:, None]], 1)


@pytest.mark.parametrize("history", [2, 3, 5])
def test_shape_and_zero_at_initialisation(
    tiny_config: RealTimeStudentConfig, make_inputs: MakeInputs, history: int
) -> None:
    student = RealTimeStudent(replace(tiny_config, lags=tuple(range(history))))
    inputs = make_inputs(0, *[300] * history)
    displacement, moving = student(*inputs)
    assert displacement.shape == (len(inputs[2]), 3)
    assert moving.shape == (len(inputs[2]),)
    assert displacement.dtype == moving.dtype == torch.float32
    assert not displacement.any()
    assert not moving.any()


def test_batch_of_two_equals_two_singles(
    tiny_config: RealTimeStudentConfig, make_inputs: MakeInputs, make_student: MakeStudent
) -> None:
    student = make_student(tiny_config)
    one, two = make_inputs(1, 300, 250), make_inputs(2, 200, 400)
    shifted = (two[0], two[1] + 2 * SIZE**2, two[2] + SIZE**2, two[3])
    both = [torch.cat(pair) for pair in zip(one, shifted, strict=True)]
    with torch.inference_mode():
        expected = torch.cat([answer(student, *one), answer(student, *two)])
        found = answer(student, *both, samples=2)
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_rows_of_points_and_pillars_may_be_permuted(
    tiny_config: RealTimeStudentConfig, make_inputs: MakeInputs, make_student: MakeStudent
) -> None:
    student = make_student(tiny_config)
    features, index, pillar, offset = make_inputs(3, 300, 300)
    points, pillars = torch.randperm(len(pillar)), torch.randperm(len(index))
    with torch.inference_mode():
        expected = answer(student, features, index, pillar, offset)[points]
        found = answer(student, features[pillars], index[pillars], pillar[points], offset[points])
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_each_sweep_matters(
    tiny_config: RealTimeStudentConfig, make_inputs: MakeInputs, make_student: MakeStudent
) -> None:
    student = make_student(replace(tiny_config, lags=(0, 1, 3)))
    features, index, pillar, offset = make_inputs(4, 300, 300, 300)
    with torch.inference_mode():
        expected = answer(student, features, index, pillar, offset)
        for sweep in range(3):
            changed = features.clone()
            changed[index // SIZE**2 == sweep] *= -5
            assert (answer(student, changed, index, pillar, offset) - expected).abs().max() > 1e-4


def test_gradient_reaches_every_parameter(
    tiny_config: RealTimeStudentConfig, make_inputs: MakeInputs, make_student: MakeStudent
) -> None:
    student = make_student(tiny_config).train()
    flow = answer(student, *make_inputs(5, 400, 400))
    (flow - 1).square().sum().backward()
    without = [
        name
        for name, parameter in student.named_parameters()
        if parameter.grad is None or not parameter.grad.isfinite().all() or not parameter.grad.any()
    ]
    assert without == []


def test_head_gets_a_gradient_from_its_zero_start(
    tiny_config: RealTimeStudentConfig, make_inputs: MakeInputs
) -> None:
    student = RealTimeStudent(tiny_config)
    (answer(student, *make_inputs(5, 400, 400)) - 1).square().sum().backward()
    for layer in (student.displacement, student.moving):
        assert isinstance(layer.weight.grad, Tensor)
        assert layer.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        *(({"size": size}, f"size {size} is not a multiple of 8") for size in (36, 100, 0, -8)),
        *(
            ({"lags": lags}, "begin with 0 and 1 and ascend")
            for lags in ((), (0,), (0, 2), (1, 2), (0, 1, 1), (0, 1, 4, 2), (0, 1, -1))
        ),
    ],
)
def test_impossible_sizes_and_lags_are_refused(
    tiny_config: RealTimeStudentConfig, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(tiny_config, **changes)


def test_flow_moves_with_the_scene(
    tiny_config: RealTimeStudentConfig, make_student: MakeStudent
) -> None:
    """One coarse cell (3.2 m) farther in the grid, the same points read the same flow."""
    grid = PillarGrid(range_m=51.2, cell_m=0.4, z_min_m=-1.5, z_max_m=4.5)
    student = make_student(replace(tiny_config, size=grid.size))
    random = np.random.default_rng(0)
    now = random.uniform([-4, -4, 0], [4, 4, 2], (400, 3)).astype(np.float32)
    before = now + random.normal(0, 0.3, now.shape).astype(np.float32)

    def flow(shift: list[float]) -> Tensor:
        moved = [grid.locate(points + np.float32(shift)) for points in (now, before)]
        inputs = network_inputs(grid, moved)
        with torch.inference_mode():
            return answer(student, *(torch.from_numpy(array) for array in inputs.values()))

    here = flow([0.0, 0.0, 0.0])
    assert here.std() > 0.05
    for shift in ([3.2, 0.0, 0.0], [0.0, -6.4, 0.0], [9.6, 12.8, 0.0]):
        torch.testing.assert_close(flow(shift), here, atol=2e-3, rtol=0)


@pytest.mark.parametrize("lags", [(0, 1), (0, 1, 3), (0, 1, 2, 4)])
def test_its_two_sweep_part_says_the_same_of_two_sweeps(
    tiny_config: RealTimeStudentConfig,
    make_inputs: MakeInputs,
    make_student: MakeStudent,
    lags: tuple[int, ...],
) -> None:
    student = make_student(replace(tiny_config, lags=lags))
    short = student.two_sweeps()
    assert short.config.lags == (0, 1)
    inputs = make_inputs(7, 300, 280)
    with torch.inference_mode():
        expected = answer(student, *inputs)
        assert expected.abs().max() > 0.01
        torch.testing.assert_close(answer(short, *inputs), expected, atol=1e-6, rtol=1e-5)


def test_empty_earlier_sweep_is_no_error(
    tiny_config: RealTimeStudentConfig, make_inputs: MakeInputs, make_student: MakeStudent
) -> None:
    with torch.inference_mode():
        assert answer(make_student(tiny_config), *make_inputs(6, 100, 0)).isfinite().all()


def test_cost_volume_peaks_at_the_displacement() -> None:
    """Features that moved by (1, -2) cells match best in that channel, and only there."""
    now = torch.zeros(1, 8, 12, 12)
    now[0, :, 6, 6] = torch.tensor([1.0, -1, 1, 1, -1, 1, -1, -1])
    before = torch.roll(now, (1, -2), (2, 3))
    volume = CostVolume(radius=3)(now, before)
    assert volume.shape == (1, 49, 12, 12)
    expected = torch.zeros(49)
    expected[(1 + 3) * 7 + (-2 + 3)] = 1.0
    torch.testing.assert_close(volume[0, :, 6, 6], expected)
    assert volume.sum() == 1.0


@pytest.mark.parametrize("radius", [1, 2])
def test_cost_volume_equals_windows_cut_out(radius: int) -> None:
    now, before = torch.rand(2, 2, 5, 7, 9).unbind()
    padded = torch.nn.functional.pad(before, [radius] * 4)
    steps = range(2 * radius + 1)
    windows = [padded[:, :, i : i + 7, j : j + 9] for i in steps for j in steps]
    expected = torch.stack([(now * window).mean(1) for window in windows], 1)
    torch.testing.assert_close(CostVolume(radius)(now, before), expected)


def test_cost_volume_sees_zeros_beyond_the_border() -> None:
    ones = torch.ones(1, 4, 5, 6)
    volume = CostVolume(radius=1)(ones, ones)
    assert volume[0, 0, 0, 0] == 0  # up and left of the corner
    assert volume[0, 4].eq(1).all()
    assert volume[0, 8, -1, -1] == 0


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (2, 2)])
def test_blocks_keep_the_grid(kernel: int, stride: int) -> None:
    x = torch.rand(1, 3, 16, 24)
    assert ConvBlock(3, 5, kernel, stride)(x).shape == (1, 5, 16 // stride, 24 // stride)
    up = UpBlock(3, 2, 7)(x, torch.rand(1, 2, 32, 48))
    assert up.shape == (1, 7, 32, 48)
