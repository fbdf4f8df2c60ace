# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FastFlow3D: the published network's numbers, sizes and habits."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

import torch
from torch import Tensor

from zeroflow_training.students.fastflow3d import FastFlow3D, FastFlow3DConfig, PointFlow
from zeroflow_training.students.published import load_published

TINY = FastFlow3DConfig(range_m=6.4, cell_m=0.4, channels=4, widths=(6, 8))


def tiny() -> FastFlow3D:
    torch.manual_seed(0)
    return FastFlow3D(TINY)


def clouds(*counts: int, seed: int = 0) -> list[Tensor]:
    rng = np.random.default_rng(seed)
    return [
        torch.from_numpy(rng.uniform([-7, -7, -3.3], [7, 7, 3.3], (n, 3)).astype(np.float32))
        for n in counts
    ]


class Published(NamedTuple):
    """The reference and what our network says to it."""

    wanted: dict[str, np.ndarray]
    network: FastFlow3D
    found: PointFlow
    unet: Tensor


@pytest.fixture(scope="module")
def published(reference: Path) -> Published:
    with np.load(reference / "zeroflow_random_seed0_intersection.npz") as file:
        wanted = dict(file)
    network = load_published(reference / "zeroflow_random_seed0.ckpt")
    said: list[Tensor] = []
    network.unet.register_forward_hook(lambda _module, _inputs, output: said.append(output))
    source, target = (torch.from_numpy(wanted[name]) for name in ("pc0", "pc1"))
    with torch.inference_mode():
        (found,) = network([source], [target])
    return Published(wanted, network, found, said[0])


def test_the_published_network_says_the_same_of_every_point(published: Published) -> None:
    wanted, _, found, _ = published
    np.testing.assert_array_equal(found.rows.numpy(), np.flatnonzero(wanted["has_output"]))
    assert len(found.rows) == 15724
    expected = wanted["flow"][found.rows.numpy()]
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found.flow.numpy(), expected, rtol=0, atol=1e-5)


def test_points_lie_in_the_published_pillars(published: Published) -> None:
    wanted, network, _, _ = published
    located = network.locate(torch.from_numpy(wanted["pc0"]))
    np.testing.assert_array_equal(located.rows.numpy(), wanted["pc0_point_idx"])
    line, column = np.divmod(located.pillar.numpy(), network.config.size)
    np.testing.assert_array_equal(line, wanted["pc0_voxel_zyx"][:, 1])
    np.testing.assert_array_equal(column, wanted["pc0_voxel_zyx"][:, 2])


@pytest.mark.parametrize("which", [0, 1])
def test_images_and_unet_agree_with_the_published_sums(published: Published, which: int) -> None:
    wanted, network, _, unet = published
    located = network.locate(torch.from_numpy(wanted[f"pc{which}"]))
    with torch.inference_mode():
        image = network.image([located]).double()
    found = [image.sum(), image.abs().sum(), (image != 0).any(1).sum()]
    np.testing.assert_allclose(found, wanted[f"chk_embed{which}"], rtol=1e-6)
    answer = unet.double()
    sums = [answer.sum(), answer.abs().sum(), answer.std()]
    np.testing.assert_allclose(sums, wanted["chk_backbone"], rtol=1e-5)


@pytest.mark.parametrize(
    ("config", "parts", "total"),
    [
        (FastFlow3DConfig.base(), (352, 6_810_944, 4_323), 6_815_619),
        (FastFlow3DConfig.xl(), (704, 110_609_024, 8_419), 110_618_147),
    ],
)
def test_parameters(config: FastFlow3DConfig, parts: tuple[int, ...], total: int) -> None:
    with torch.device("meta"):
        network = FastFlow3D(config)
    modules = (network.pillar_encoder, network.unet, network.head)
    assert tuple(sum(p.numel() for p in m.parameters()) for m in modules) == parts
    assert sum(p.numel() for p in network.parameters()) == total


def test_sizes_that_cannot_be_halved_are_refused() -> None:
    with pytest.raises(ValueError, match="33 pillars along an edge cannot be halved 2 times"):
        FastFlow3D(FastFlow3DConfig(range_m=6.6, cell_m=0.4, widths=(6, 8)))


def test_a_batch_is_each_sample_alone() -> None:
    network = tiny().eval()
    sources, targets = clouds(300, 80), clouds(200, 310, seed=1)
    with torch.inference_mode():
        together = network(sources, targets)
        alone = [network([s], [t])[0] for s, t in zip(sources, targets, strict=True)]
    for found, expected in zip(together, alone, strict=True):
        assert torch.equal(found.rows, expected.rows)
        torch.testing.assert_close(found.flow, expected.flow, atol=1e-6, rtol=0)
    assert 100 < len(together[0].rows) < 300
    assert together[0].flow.abs().max() > 0.01


def test_normalisation_sees_one_cloud_of_points_and_one_batch_of_images() -> None:
    network = tiny().train()
    network(clouds(300, 80), clouds(200, 310, seed=1))
    assert int(network.pillar_encoder.norm.num_batches_tracked) == 4
    for module in network.unet.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert int(module.num_batches_tracked) == 2
    # One cloud after the other, sources first, a hundredth of the way to each one's mean.
    expected = torch.zeros(TINY.channels)
    for cloud in [*clouds(300, 80), *clouds(200, 310, seed=1)]:
        alone = tiny().train()
        alone.image([alone.locate(cloud)])
        expected = 0.99 * expected + alone.pillar_encoder.norm.running_mean
    torch.testing.assert_close(network.pillar_encoder.norm.running_mean, expected)


@pytest.mark.parametrize(
    "nothing", [torch.empty(0, 3), torch.full((9, 3), torch.nan), 99 * torch.ones(9, 3)]
)
def test_clouds_without_a_point_in_the_grid(nothing: Tensor) -> None:
    network = tiny().eval()
    (cloud,) = clouds(100)
    with torch.inference_mode():
        (empty,) = network([nothing], [cloud])
        (found,) = network([cloud], [nothing])
    assert empty.flow.shape == (0, 3)
    assert len(empty.rows) == 0
    assert found.flow.isfinite().all()
    assert len(found.rows) > 50


def test_any_count_of_threads_pools_the_same() -> None:
    (cloud,) = clouds(5000)
    network = tiny().eval()
    located = network.locate(cloud)
    before, images = torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        images.append(network.image([located]).detach())
    torch.set_num_threads(before)
    assert torch.equal(*images)


def test_it_learns_from_every_part() -> None:
    network = tiny().train()
    flows = network(clouds(500, 400), clouds(450, 300, seed=1))
    torch.cat([flow for flow, _ in flows]).square().sum().backward()
    unlearned = [
        name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()
    ]
    # What a normalisation takes off again has next to no gradient.
    assert all(name.endswith("conv.bias") for name in unlearned)
