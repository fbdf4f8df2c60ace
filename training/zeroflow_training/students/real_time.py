# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RealTimeStudent: our bird's-eye network, newest sweep's flow at lidar rate on two CPU cores.

Pillars of 0.4 m -> maps at 0.8 m of each sweep -> U-Net with cost volumes at 0.8 and 1.6 m -> four
pillars out of each 0.8 m block -> per-point head. Why it is built so: docs/design.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zeroflow_ros.pillars import FEATURES
from zeroflow_training.students.layers import ConvBlock, Matching, ResidualBlock, UpBlock

BLOCK = 4  # pillars in a block, which PillarGrid numbers one after another


@dataclass(frozen=True)
class RealTimeStudentConfig:
    """Sizes of the network. `size` pillars an edge (a multiple of 8), `history` sweeps."""

    size: int = 256
    history: int = 2
    pillar_channels: int = 16
    sweep_channels: int = 32
    widths: tuple[int, int, int] = (48, 64, 96)
    matching_channels: tuple[int, int] = (8, 16)
    matching_radius: int = 2
    head_channels: int = 16


class RealTimeStudent(nn.Module):
    """Displacement of the newest sweep's points over the last interval, ego motion removed.

    Inputs (P pillars of all sweeps and samples together, M points; pillars as PillarGrid numbers
    them):
    - `pillar_features` float32 [P, 36]; `pillar_index` int [P], unique: (sample * history + sweep)
      * size^2 + pillar, sweep 0 the newest;
    - `point_pillar` int [M]: sample * size^2 + pillar; `point_offset` float32 [M, 3].
    Output: `displacement` float32 [M, 3], metres, levelled frame.
    """

    def __init__(self, config: RealTimeStudentConfig) -> None:
        super().__init__()
        if config.size % 8 or config.history < 2:
            raise ValueError(
                f"size {config.size} is not a multiple of 8, or history {config.history} below 2"
            )
        self.config = config
        fine, middle, coarse = config.widths
        pillar, sweep, head = config.pillar_channels, config.sweep_channels, config.head_channels
        self.pillar_encoder = nn.Sequential(
            nn.Linear(FEATURES, 32), nn.ReLU(inplace=True), nn.Linear(32, pillar), nn.ReLU()
        )
        self.block_encoder = ConvBlock(BLOCK * pillar, sweep, kernel=1)
        self.sweep_encoder = ConvBlock(sweep, sweep)
        radius = config.matching_radius
        self.fine_matching = Matching(sweep, config.matching_channels[0], sweep, radius)
        self.coarse_matching = Matching(sweep, config.matching_channels[1], sweep, radius, stride=2)
        self.fine = nn.Sequential(
            ConvBlock((config.history + 1) * sweep, fine, kernel=1), ConvBlock(fine, fine)
        )
        self.down = ConvBlock(fine, middle, stride=2)
        self.middle = nn.Sequential(
            ConvBlock(middle + sweep, middle, kernel=1), ResidualBlock(middle)
        )
        self.coarse = nn.Sequential(
            ConvBlock(middle, coarse, stride=2), ResidualBlock(coarse), ResidualBlock(coarse)
        )
        self.up_middle = UpBlock(coarse, middle, middle)
        self.up_fine = UpBlock(middle, fine, fine)
        self.split = nn.Conv2d(fine, BLOCK * head, 1)
        self.split_own = nn.Conv2d(sweep, BLOCK * head, 1, bias=False)
        self.offset = nn.Linear(3, head, bias=False)
        self.displacement = nn.Linear(head, 3)
        # Zero flow is the right answer for most points: start from it.
        nn.init.zeros_(self.displacement.weight)
        nn.init.zeros_(self.displacement.bias)

    def forward(
        self,
        pillar_features: Tensor,
        pillar_index: Tensor,
        point_pillar: Tensor,
        point_offset: Tensor,
        samples: int = 1,
    ) -> Tensor:
        """See the class; `samples` in the batch."""
        blocks = self.block_encoder(self._canvas(pillar_features, pillar_index, samples))
        pillars = self._pillars(blocks.reshape(samples, -1, *blocks.shape[1:]))
        # One small hidden layer, whose part of the pillar is computed on the grid.
        gathered = pillars.index_select(0, point_pillar)
        hidden = torch.addmm(gathered, point_offset, self.offset.weight.t())
        displacement: Tensor = self.displacement(torch.relu(hidden))
        return displacement

    def _canvas(self, pillar_features: Tensor, pillar_index: Tensor, samples: int) -> Tensor:
        """Encoded pillars by blocks [samples * history, 4 C, size / 2, size / 2], else zeros."""
        size, history = self.config.size, self.config.history
        encoded = self.pillar_encoder(pillar_features)
        cells = encoded.new_zeros(samples * history * size * size, encoded.shape[1])
        cells[pillar_index.long()] = encoded  # ONNX ScatterND takes int64 only
        return cells.reshape(samples * history, size // 2, size // 2, -1).permute(0, 3, 1, 2)

    def _pillars(self, blocks: Tensor) -> Tensor:
        """Blocks [samples, history, C, H, W] -> the newest sweep's pillars [samples * size^2, C].

        The result is the pillar's part of the head's hidden layer.
        """
        samples, history, channels, height, width = blocks.shape
        maps = self.sweep_encoder(blocks.reshape(-1, channels, height, width))
        sweeps = maps.reshape(samples, history, channels, height, width)
        stacked = maps.reshape(samples, history * channels, height, width)
        fine = self.fine(torch.cat([stacked, self.fine_matching(sweeps)], 1))
        middle = self.middle(torch.cat([self.down(fine), self.coarse_matching(sweeps)], 1))
        up = self.up_fine(self.up_middle(self.coarse(middle), middle), fine)
        split = self.split(up) + self.split_own(blocks[:, 0])
        return split.permute(0, 2, 3, 1).reshape(-1, self.config.head_channels)
