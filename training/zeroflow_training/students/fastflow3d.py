# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FastFlow3D: the student that ZeroFlow was published with, number for number.

Jund et al. 2021 (FastFlow3D) in the form of Vedder et al. 2024 (ZeroFlow): learned pillars of both
sweeps -> U-Net -> per-point head. For a vehicle's CPU it is a hundred times too large; it is here
to run and to train what was published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from zeroflow_ros.learned_pillars import ENCODER_INPUTS
from zeroflow_ros.pillars import PillarGrid
from zeroflow_training.data.clouds import CloudEncoding, CloudInputs
from zeroflow_training.students.fastflow3d_unet import FusionUNet
from zeroflow_training.students.student import OnVehicle, Prediction

HEAD_CHANNELS = 32


@dataclass(frozen=True)
class FastFlow3DConfig:
    """Sizes of the network; the defaults are the published base network.

    |x| and |y| below `range_m`, |z| below `height_m`, pillars of `cell_m` with `channels` features;
    `widths` of the U-Net's stages.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    range_m: float = 51.2
    cell_m: float = 0.2
    height_m: float = 3.0
    channels: int = 32
    widths: tuple[int, ...] = (64, 128, 256)
    kind: Literal["fastflow3d"] = "fastflow3d"
    lags: ClassVar[tuple[int, ...]] = (0, 1)
    says_moving: ClassVar[bool] = False

    @staticmethod
    def base() -> FastFlow3DConfig:
        """6,815,619 parameters, 343 GFLOP a pair."""
        return FastFlow3DConfig()

    @staticmethod
    def xl() -> FastFlow3DConfig:
        """110,618,147 parameters, 7.3 TFLOP a pair."""
        return FastFlow3DConfig(cell_m=0.1, channels=64, widths=(128, 256, 512, 1024))

    @property
    def size(self) -> int:
        """Pillars along one edge."""
        return round(2 * self.range_m / self.cell_m)

    def network(self) -> FastFlow3D:
        """A new one, with random weights."""
        return FastFlow3D(self)

    def encoder(self, with_scene: bool = False) -> CloudEncoding:
        """See StudentConfig."""
        return CloudEncoding(self.range_m, self.cell_m, self.height_m, with_scene)


class Located(NamedTuple):
    """Points of a cloud inside the grid: their `rows` int64 [M], `pillar` int64 [M] (line * size +
    column), `offset` float32 [M, 3] from its centre in metres, and themselves [M, 3].
    """

    rows: Tensor
    pillar: Tensor
    offset: Tensor
    points: Tensor


class PointFlow(NamedTuple):
    """`flow` float32 [M, 3] in metres of the rows int64 [M] of a source that have one."""

    flow: Tensor
    rows: Tensor


class PillarLayer(nn.Module):
    """Features of pillars: linear layer, batch normalisation, ReLU, mean over the points."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(len(ENCODER_INPUTS), channels, bias=False)
        self.norm = nn.BatchNorm1d(channels, eps=1e-3, momentum=0.01)

    def forward(self, located: Located, pillars: int) -> Tensor:
        """[pillars, C] of one cloud; zeros where no point is.

        Sums go from point to point, so on CPUs any number of threads gives the same. Raises
        ValueError in training for a cloud of a single point, which has no variance.
        """
        points, pillar = located.points, located.pillar
        if not len(points):
            return self.linear.weight.new_zeros(pillars, self.linear.out_features)
        used, rank = pillar.unique(return_inverse=True)
        from_mean = points - _mean(points, rank, len(used)).index_select(0, rank)
        inputs = torch.cat([points, from_mean, located.offset], 1)
        said = torch.relu(self.norm(self.linear(inputs)))
        canvas = said.new_zeros(pillars, said.shape[1])
        return canvas.index_copy(0, used, _mean(said, rank, len(used)))


class Head(nn.Module):
    """Flow [M, 3] from [M, 4 * channels + 3]: both sweeps' pillar, what the U-Net says there, the
    offset of the point.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(4 * channels + 3, HEAD_CHANNELS)
        self.flow = nn.Linear(HEAD_CHANNELS, 3)

    def forward(self, x: Tensor) -> Tensor:
        flow: Tensor = self.flow(functional.gelu(self.hidden(x)))
        return flow


class FastFlow3D(nn.Module):
    """Flow of source points towards the target, ego motion removed before, metres.

    In training, the pillars' normalisation sees one cloud at a time, that of the U-Net the batch of
    all sources, then that of all targets, as where it was published.
    """

    def __init__(self, config: FastFlow3DConfig) -> None:
        super().__init__()
        if config.size % 2 ** len(config.widths):
            raise ValueError(
                f"{config.size} pillars along an edge cannot be halved {len(config.widths)} times"
            )
        self.config = config
        self.pillar_encoder = PillarLayer(config.channels)
        self.unet = FusionUNet(config.channels, config.widths)
        self.head = Head(config.channels)

    def forward(self, sources: Sequence[Tensor], targets: Sequence[Tensor]) -> list[PointFlow]:
        """One sample each: `sources[b]` and `targets[b]` float32 [N, 3], any two counts, in one
        frame, without ground. NaN and what is outside of the grid has no flow.
        """
        located = [self.locate(points) for points in sources]
        source = self.image(located)
        target = self.image([self.locate(points) for points in targets])
        maps = torch.cat([source, target, self.unet(source, target)], 1).flatten(2)
        flows = []
        for own, (rows, pillar, offset, _) in zip(maps, located, strict=True):
            gathered = own.index_select(1, pillar).T
            flows.append(PointFlow(self.head(torch.cat([gathered, offset], 1)), rows))
        return flows

    def predict(self, inputs: CloudInputs) -> Prediction:
        """See Student: the newest sweep is the source, the one before it the target, and where its
        points went between them is the reverse of what the network says.
        """
        flows = self(inputs.sources, inputs.targets)
        return Prediction(
            torch.cat(
                [
                    flow.new_zeros(len(source), 3).index_copy(0, rows, -flow)
                    for source, (flow, rows) in zip(inputs.sources, flows, strict=True)
                ]
            )
        )

    def head_parameters(self) -> list[nn.Parameter]:
        """Those of the per-point head."""
        return list(self.head.parameters())

    def on_vehicle(self) -> OnVehicle:
        """See Student."""
        from zeroflow_training.students.fastflow3d_graph import FastFlow3DGraph, pillar_encoder

        config = self.config
        card = {
            "grid": PillarGrid(config.range_m, config.cell_m, -config.height_m, config.height_m),
            "lags": config.lags,
            "features": ENCODER_INPUTS,
            "ground": "remove",
            "bodies": "none",
            "pillar_encoder": pillar_encoder(self.pillar_encoder),
        }
        return OnVehicle(FastFlow3DGraph(self), ("displacement",), card)

    def locate(self, points: Tensor) -> Located:
        """The points [N, 3] that are in the grid: floor((p - lower end) / size) in float32."""
        config = self.config
        low = points.new_tensor([-config.range_m, -config.range_m, -config.height_m])
        cell = points.new_tensor([config.cell_m, config.cell_m, 2 * config.height_m])
        index = torch.floor((points - low) / cell)
        inside = (index >= 0) & (index < index.new_tensor([config.size, config.size, 1]))
        rows = inside.all(1).nonzero().flatten()
        index, points = index[rows], points[rows]
        column, line, _ = index.long().unbind(1)
        offset = points - (index * cell + (low + cell / 2))
        return Located(rows, line * config.size + column, offset, points)

    def image(self, clouds: Sequence[Located]) -> Tensor:
        """Pillar features of clouds as images [B, C, S, S], lines along y."""
        size = self.config.size
        rows = [self.pillar_encoder(cloud, size**2) for cloud in clouds]
        return torch.stack(rows).transpose(1, 2).unflatten(2, (size, size)).contiguous()


def _mean(values: Tensor, rank: Tensor, groups: int) -> Tensor:
    """Mean [groups, C] of `values` [M, C] by group `rank` int64 [M]; no group is empty."""
    total = values.new_zeros(groups, values.shape[1]).index_add(0, rank, values)
    return total / rank.bincount(minlength=groups)[:, None]
