# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RealTimeStudent: our bird's-eye network, newest sweep's flow at lidar rate on two CPU cores.

Sparse pillar encoder -> canvas at 0.4 m -> U-Net with a cost volume at 0.8 m -> per-point head.
Why it is built so: docs/design.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zeroflow_ros.pillars import FEATURES
from zeroflow_training.students.layers import ConvBlock, CostVolume, ResidualBlock, UpBlock


@dataclass(frozen=True)
class RealTimeStudentConfig:
    """Sizes of the network. `size` pillars an edge (a multiple of 8), `history` sweeps."""

    size: int = 256
    history: int = 2
    pillar_channels: int = 16
    widths: tuple[int, int, int, int] = (32, 64, 96, 128)
    matching_channels: int = 16
    matching_radius: int = 3
    head_channels: int = 32


class RealTimeStudent(nn.Module):
    """Displacement of the newest sweep's points over the last interval, ego motion removed.

    Inputs (P pillars of all sweeps and samples together, M points):
    - `pillar_features` float32 [P, 36]; `pillar_index` int [P], unique: (sample * history + sweep)
      * size^2 + cell, sweep 0 the newest;
    - `point_pillar` int [M]: sample * size^2 + cell; `point_offset` float32 [M, 3].
    Output: `displacement` float32 [M, 3], metres, levelled frame.
    """

    def __init__(self, config: RealTimeStudentConfig) -> None:
        super().__init__()
        if config.size % 8 or config.history < 2:
            raise ValueError(
                f"size {config.size} is not a multiple of 8, or history {config.history} below 2"
            )
        self.config = config
        one, two, three, four = config.widths
        pillar, matching = config.pillar_channels, config.matching_channels
        self.pillar_encoder = nn.Sequential(
            nn.Linear(FEATURES, 32), nn.ReLU(inplace=True), nn.Linear(32, pillar), nn.ReLU()
        )
        self.matching_encoder = nn.Sequential(
            ConvBlock(pillar, 32, kernel=4, stride=2),
            ConvBlock(32, 32),
            nn.Conv2d(32, matching, 1),
        )
        self.cost_volume = CostVolume(config.matching_radius)
        self.matched = ConvBlock(self.cost_volume.channels, 32, kernel=1)
        self.level1 = ConvBlock(pillar * config.history, one)
        self.down2 = ConvBlock(one, two, kernel=4, stride=2)
        self.fuse = ConvBlock(two + matching + 32, two)
        self.level2 = ResidualBlock(two)
        self.level3 = nn.Sequential(ConvBlock(two, three, stride=2), ResidualBlock(three))
        self.level4 = nn.Sequential(
            ConvBlock(three, four, stride=2), ResidualBlock(four), ResidualBlock(four)
        )
        self.up3 = UpBlock(four, three, three)
        self.up2 = UpBlock(three, two, two)
        self.up1 = UpBlock(two, one, one)
        self.head = nn.Sequential(
            nn.Linear(one + 3, config.head_channels),
            nn.ReLU(inplace=True),
            nn.Linear(config.head_channels, 3),
        )
        # Zero flow is the right answer for most points: start from it.
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(
        self,
        pillar_features: Tensor,
        pillar_index: Tensor,
        point_pillar: Tensor,
        point_offset: Tensor,
        samples: int = 1,
    ) -> Tensor:
        """See the class; `samples` in the batch."""
        canvas = self._canvas(pillar_features, pillar_index, samples)
        features = self._backbone(canvas)
        rows = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
        gathered = rows.index_select(0, point_pillar).float()
        return self.head(torch.cat([gathered, point_offset], 1))

    def _canvas(self, pillar_features: Tensor, pillar_index: Tensor, samples: int) -> Tensor:
        """Encoded pillars on the grid [samples * history, C, size, size], zeros elsewhere."""
        size, history = self.config.size, self.config.history
        encoded = self.pillar_encoder(pillar_features)
        cells = encoded.new_zeros(samples * history * size * size, encoded.shape[1])
        cells[pillar_index.long()] = encoded  # ONNX ScatterND takes int64 only
        return cells.reshape(samples * history, size, size, -1).permute(0, 3, 1, 2)

    def _backbone(self, canvas: Tensor) -> Tensor:
        """Canvas of all sweeps -> features of the newest sweep [samples, C, size, size]."""
        size, history = self.config.size, self.config.history
        matching = self.matching_encoder(canvas)
        stacked = matching.reshape(-1, history, *matching.shape[1:])
        now, before = stacked[:, 0], stacked[:, 1]
        level1 = self.level1(canvas.reshape(-1, history * canvas.shape[1], size, size))
        matched = self.matched(self.cost_volume(now, before))
        level2 = self.level2(self.fuse(torch.cat([self.down2(level1), now, matched], 1)))
        level3 = self.level3(level2)
        up3 = self.up3(self.level4(level3), level3)
        return self.up1(self.up2(up3, level2), level1)
