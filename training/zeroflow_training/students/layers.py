# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Convolution blocks that fold into plain convolutions when exported."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def pillar_rows(pillar_index: Tensor, pillars: int) -> Tensor:
    """Which row is which pillar's: int64 [pillars], row + 1 of `pillar_index` int [P], 0 for none.

    To gather by it is a scatter that every engine has: indices are unique, nothing is added up.
    """
    row = pillar_index.new_zeros(pillars, dtype=torch.int64)
    # Not arange: the exporter would write down how many pillars the example has.
    row[pillar_index.long()] = torch.ones_like(pillar_index, dtype=torch.int64).cumsum(0)
    return row


class ConvBlock(nn.Sequential):
    """Convolution, batch normalisation (folded at export), ReLU.

    [B, inputs, H, W] -> [B, outputs, H / stride, W / stride].
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, (kernel - stride + 1) // 2, bias=False),
            # Slow statistics: a step sees few crops, and their scenes differ a lot.
            nn.BatchNorm2d(outputs, momentum=0.03),
            nn.ReLU(inplace=True),
        )


class RowBlock(nn.Sequential):
    """A ConvBlock of kernel 1 over rows of channels: [N, inputs] -> [N, outputs].

    Maps that come as rows (a scattered canvas) need not be transposed for it.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Linear(inputs, outputs, bias=False),
            nn.BatchNorm1d(outputs, momentum=0.03),
            nn.ReLU(inplace=True),
        )


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions around a shortcut (He et al. 2016). Keeps the shape [B, C, H, W]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvBlock(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels, momentum=0.03)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return functional.relu(x + self.norm(self.second(self.first(x))))


class CostVolume(nn.Module):
    """Correlation of two feature maps over a square of displacements (Dosovitskiy et al. 2015).

    `now`, `before` [B, C, H, W] -> [B, (2 * radius + 1)^2, H, W]: mean over channels of the product
    of `now` at a cell and `before` at the displaced cell. Slices and products only, so that it
    exports to core operators.
    """

    def __init__(self, radius: int) -> None:
        super().__init__()
        self.radius = radius
        self.channels = (2 * radius + 1) ** 2

    def forward(self, now: Tensor, before: Tensor) -> Tensor:
        """See the class."""
        r, (batch, channels, height, width) = self.radius, now.shape
        # Both maps with rows of the padded width and flattened: a displacement is then one shift
        # of contiguous memory, several times faster than cutting windows out of rows.
        row = width + 2 * r
        length = height * row
        flat_now = functional.pad(now.contiguous(), (0, 2 * r)).reshape(batch, 1, channels, length)
        padded = functional.pad(before.contiguous(), (r, r, r, r + 1)).flatten(2)
        # Displacements along a row side by side: few large products instead of many small ones.
        edge, long = 2 * r + 1, 2 * r * row + length
        beside = torch.stack([padded[..., j : j + long] for j in range(edge)], 1)
        products = [flat_now * beside[..., i * row : i * row + length] for i in range(edge)]
        volume = torch.cat([product.mean(2) for product in products], 1)
        return volume.reshape(batch, self.channels, height, row)[..., :width]


class Matching(nn.Module):
    """Where the newest sweep's features were before: encode, correlate, mix.

    `sweeps` [B, 2, inputs, H, W], newest first -> [B, outputs, H / stride, W / stride].
    """

    def __init__(
        self, inputs: int, channels: int, outputs: int, radius: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.encoder = nn.Conv2d(inputs, channels, stride, stride)
        self.cost_volume = CostVolume(radius)
        self.mix = ConvBlock(self.cost_volume.channels, outputs, kernel=1)

    def forward(self, sweeps: Tensor) -> Tensor:
        """See the class."""
        now, before = self.encoder(sweeps[:, 0]), self.encoder(sweeps[:, 1])
        mixed: Tensor = self.mix(self.cost_volume(now, before))
        return mixed


class UpBlock(nn.Module):
    """Twice the resolution: deep features reduced by 1 x 1, upsampled, added to the skip, mixed.

    Adding instead of concatenating halves the cost of the full-resolution convolution.
    """

    def __init__(self, deep: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(deep, outputs, 1, bias=False)
        self.lateral = nn.Conv2d(skip, outputs, 1, bias=True)
        self.mix = ConvBlock(outputs, outputs)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        """[B, deep, H, W], [B, skip, 2H, 2W] -> [B, outputs, 2H, 2W]."""
        up = functional.interpolate(self.reduce(deep), scale_factor=2.0, mode="nearest")
        return self.mix(functional.relu(up + self.lateral(skip)))
