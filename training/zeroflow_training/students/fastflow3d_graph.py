# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FastFlow3D as a vehicle runs it: encoded pillars in, the newest sweep's motion out."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from zeroflow_ros.learned_pillars import PillarEncoder
from zeroflow_training.students.fastflow3d import FastFlow3D, PillarLayer
from zeroflow_training.students.half_precision import Headed
from zeroflow_training.students.layers import pillar_rows


class FastFlow3DGraph(Headed):
    """Displacement float32 [M, 3] of the newest sweep's points over the last interval.

    Inputs as every student's (`network_inputs`, pillars numbered as PillarGrid numbers them), the
    pillar features those of `pillar_encoder`. The newest sweep is the source, the one before it the
    target: the network says where points go backwards in time, and here with the sign turned.
    """

    def __init__(self, network: FastFlow3D) -> None:
        super().__init__()
        self.config = network.config
        self.unet = network.unet
        self.head = copy.deepcopy(network.head)
        # Offsets come in cells and half the height.
        to_metres = torch.tensor([self.config.cell_m, self.config.cell_m, 2.0])
        with torch.no_grad():
            self.head.hidden.weight[:, -3:] *= to_metres
            self.head.flow.weight.neg_()
            self.head.flow.bias.neg_()

    def head_parameters(self) -> list[nn.Parameter]:
        """Those of the per-point head."""
        return list(self.head.parameters())

    def forward(
        self,
        pillar_features: Tensor,
        pillar_index: Tensor,
        point_pillar: Tensor,
        point_offset: Tensor,
    ) -> tuple[Tensor]:
        """See the class."""
        size, channels = self.config.size, self.config.channels
        row = pillar_rows(pillar_index, 2 * size**2)
        # Types differ where the network is FP16 inside, see half_precision.py.
        features = pillar_features.to(self.unet.last.weight.dtype)
        padded = torch.cat([features.new_zeros(1, channels), features])
        # Blocks of 2 x 2 pillars, columns first -> lines of an image.
        blocks = row.reshape(2, size // 2, size // 2, 2, 2).permute(0, 2, 4, 1, 3)
        canvas = padded.index_select(0, blocks.reshape(-1)).reshape(2, size, size, channels)
        # One sweep after the other in memory is both sweeps' channels side by side.
        maps = self.unet.maps(canvas.permute(0, 3, 1, 2))
        answer = self.unet.joined([x.reshape(1, -1, x.shape[2], x.shape[3]) for x in maps])
        by_block = answer.reshape(-1, size // 2, 2, size // 2, 2).permute(3, 1, 4, 2, 0)
        sweeps = (row[: size**2], row[size**2 :])
        own = [padded.index_select(0, sweep.index_select(0, point_pillar)) for sweep in sweeps]
        answered = by_block.reshape(size**2, -1).index_select(0, point_pillar)
        said = torch.cat([*own, answered], 1).to(point_offset.dtype)
        return (self.head(torch.cat([said, point_offset], 1)),)


def pillar_encoder(layer: PillarLayer) -> PillarEncoder:
    """The layer with its normalisation folded in, in float64."""
    norm = layer.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    weight = layer.linear.weight.double() * scale[:, None]
    bias = norm.bias.double() - norm.running_mean.double() * scale
    return PillarEncoder(tuple(map(tuple, weight.tolist())), tuple(bias.tolist()))
