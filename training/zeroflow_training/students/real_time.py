# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RealTimeStudent: our bird's-eye network, newest sweep's flow at lidar rate on two CPU cores.

Pillars of 0.4 m -> maps at 0.8 m of each sweep -> U-Net with cost volumes at 0.8 and 1.6 m -> four
pillars out of each 0.8 m block -> per-point head. Why it is built so: docs/design.md.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from zeroflow_ros.pillars import FEATURES, PillarGrid
from zeroflow_training.data.batch import PillarEncoding, PillarInputs
from zeroflow_training.students.half_precision import Headed
from zeroflow_training.students.layers import (
    ConvBlock,
    Matching,
    ResidualBlock,
    RowBlock,
    UpBlock,
    pillar_rows,
)
from zeroflow_training.students.student import Prediction

CELL_M = 0.4
Z_RANGE_M = (-1.5, 4.5)
BLOCK = 4  # pillars in a block, which PillarGrid numbers one after another


@dataclass(frozen=True)
class RealTimeStudentConfig:
    """Sizes of the network. `size` pillars an edge (a multiple of 8).

    `lags`: which sweeps it looks at, in intervals before the newest: 0, 1 and any older ones.
    Raises ValueError for what no model may have.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    size: int = 256
    lags: tuple[int, ...] = (0, 1)
    pillar_channels: int = 16
    sweep_channels: int = 32
    widths: tuple[int, int, int] = (48, 64, 96)
    matching_channels: tuple[int, int] = (8, 16)
    matching_radius: int = 2
    head_channels: int = 16
    kind: Literal["real-time"] = "real-time"
    says_moving: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.size <= 0 or self.size % 8:
            raise ValueError(f"size {self.size} is not a multiple of 8")
        if tuple(self.lags[:2]) != (0, 1) or list(self.lags) != sorted(set(self.lags)):
            raise ValueError(f"lags {list(self.lags)} do not begin with 0 and 1 and ascend")

    @property
    def grid(self) -> PillarGrid:
        """What it looks at: `size` pillars of 0.4 m."""
        return PillarGrid(self.size * CELL_M / 2, CELL_M, *Z_RANGE_M)

    def network(self) -> RealTimeStudent:
        """A new one that says zero flow."""
        return RealTimeStudent(self)

    def encoder(self, with_scene: bool = False) -> PillarEncoding:
        """See StudentConfig."""
        return PillarEncoding(self.grid, self.history, with_scene)

    @property
    def history(self) -> int:
        """How many sweeps the network looks at, with the newest."""
        return len(self.lags)


class RealTimeStudent(Headed):
    """Displacement of the newest sweep's points over the last interval, ego motion removed.

    Inputs (P pillars of all sweeps and samples together, M points; pillars as PillarGrid numbers
    them):
    - `pillar_features` float32 [P, 36]; `pillar_index` int [P], unique: (sample * history + sweep)
      * size^2 + pillar, sweep 0 the newest;
    - `point_pillar` int [M]: sample * size^2 + pillar; `point_offset` float32 [M, 3].
    Outputs: `displacement` float32 [M, 3], metres, levelled frame; `moving` float32 [M], the
    logarithm of the odds that the point moves at all.
    """

    def __init__(self, config: RealTimeStudentConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        pillar, sweep, head = config.pillar_channels, config.sweep_channels, config.head_channels
        self.pillar_encoder = nn.Sequential(
            nn.Linear(FEATURES, 32), nn.ReLU(inplace=True), nn.Linear(32, pillar), nn.ReLU()
        )
        self.block_encoder = RowBlock(BLOCK * pillar, sweep)
        self.sweep_encoder = ConvBlock(sweep, sweep)
        radius = config.matching_radius
        self.fine_matching = Matching(sweep, config.matching_channels[0], sweep, radius)
        self.coarse_matching = Matching(sweep, config.matching_channels[1], sweep, radius, stride=2)
        # What is older than the two sweeps that are matched goes in as a trail, all at once.
        past = config.history - 2
        self.past_encoder = RowBlock(past * BLOCK * pillar, sweep) if past else None
        inputs = (3 + bool(past)) * sweep
        self.fine = nn.Sequential(ConvBlock(inputs, fine, kernel=1), ConvBlock(fine, fine))
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
        self.split_own = nn.Linear(sweep, BLOCK * head, bias=False)
        self.offset = nn.Linear(3, head, bias=False)
        self.displacement = nn.Linear(head, 3)
        self.moving = nn.Linear(head, 1)
        # Zero flow is the right answer for most points: start from it.
        for layer in (self.displacement, self.moving):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def head_parameters(self) -> list[nn.Parameter]:
        """Those of the per-point head, the last layers."""
        layers = (self.offset, self.displacement, self.moving)
        return [parameter for layer in layers for parameter in layer.parameters()]

    def forward(
        self,
        pillar_features: Tensor,
        pillar_index: Tensor,
        point_pillar: Tensor,
        point_offset: Tensor,
        samples: int = 1,
    ) -> tuple[Tensor, Tensor]:
        """See the class; `samples` in the batch."""
        # Types differ where the network is FP16 inside, see half_precision.py.
        encoded = self.pillar_encoder(pillar_features.to(self.split.weight.dtype))
        pillars = self._pillars(encoded, pillar_index, samples)
        # One small hidden layer, whose part of the pillar is computed on the grid.
        gathered = pillars.index_select(0, point_pillar).to(point_offset.dtype)
        hidden = torch.relu(torch.addmm(gathered, point_offset, self.offset.weight.t()))
        return self.displacement(hidden), self.moving(hidden).flatten()

    def predict(self, inputs: PillarInputs) -> Prediction:
        """See Student."""
        return Prediction(*self(*inputs))

    def two_sweeps(self) -> RealTimeStudent:
        """The same answers to two sweeps, without the layers that look at what is older.

        Where all of that is missing, `past_encoder` says the same everywhere; the mean that the
        next normalisation takes off can hold it.
        """
        whole = copy.deepcopy(self).eval()
        if whole.past_encoder is None:
            return whole
        short = RealTimeStudent(replace(self.config, lags=self.config.lags[:2]))
        state = whole.state_dict()
        first, past = state["fine.0.0.weight"], self.config.sweep_channels
        with torch.no_grad():
            said = whole.past_encoder(first.new_zeros(1, state["past_encoder.0.weight"].shape[1]))
            state["fine.0.1.running_mean"] -= (said @ first[:, -past:].flatten(1).T).flatten()
        state["fine.0.0.weight"] = first[:, :-past]
        short.load_state_dict({name: state[name] for name in short.state_dict()})
        return short.eval()

    def _blocks(self, pillar_index: Tensor, samples: int) -> Tensor:
        """Which pillar stands where: int64 [samples, history, blocks, 4], row + 1, 0 for none."""
        cells = self.config.history * self.config.size**2
        row = pillar_rows(pillar_index, samples * cells)
        return row.reshape(samples, self.config.history, -1, BLOCK)

    def _pillars(self, encoded: Tensor, pillar_index: Tensor, samples: int) -> Tensor:
        """Encoded pillars [P, C] -> the newest sweep's pillars [samples * size^2, C].

        The result is the pillar's part of the head's hidden layer. Blocks are gathered in the order
        in which they are wanted, which is cheaper than cutting them out of one scattered canvas.
        """
        channels = self.config.sweep_channels
        row = self._blocks(pillar_index, samples)
        padded = torch.cat([encoded.new_zeros(1, encoded.shape[1]), encoded])

        def gathered(rows: Tensor, pillars: int) -> Tensor:
            return padded.index_select(0, rows.reshape(-1)).reshape(-1, pillars * padded.shape[1])

        blocks = self.block_encoder(gathered(row[:, :2], BLOCK))
        maps = self.sweep_encoder(self._map(blocks)).unflatten(0, (samples, 2))
        inputs = [maps.flatten(1, 2), self.fine_matching(maps)]
        if self.past_encoder is not None:
            older = self.config.history - 2
            past = gathered(row[:, 2:].transpose(1, 2), older * BLOCK)
            inputs.append(self._map(self.past_encoder(past)))
        fine = self.fine(torch.cat(inputs, 1))
        middle = self.middle(torch.cat([self.down(fine), self.coarse_matching(maps)], 1))
        up = self.up_fine(self.up_middle(self.coarse(middle), middle), fine)
        split = self.split(up).permute(0, 2, 3, 1).reshape(-1, self.split.out_channels)
        own = self.split_own(blocks.reshape(samples, 2, -1, channels)[:, 0].reshape(-1, channels))
        return (split + own).reshape(-1, self.config.head_channels)

    def _map(self, rows: Tensor) -> Tensor:
        """Rows of blocks [N * (size / 2)^2, C] -> maps [N, C, size / 2, size / 2]."""
        edge = self.config.size // 2
        return rows.reshape(-1, edge, edge, rows.shape[-1]).permute(0, 3, 1, 2)
