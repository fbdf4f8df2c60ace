# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The U-Net of FastFlow3D: both sweeps go down apart, meet at every level, and come up together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

FIRST_STAGE, OTHER_STAGES = 4, 6  # convolutions of a stage, of which the first halves the map


class NormedConv(nn.Module):
    """3 x 3 convolution with bias, batch normalisation, GELU.

    [B, inputs, H, W] -> [B, outputs, H / stride, W / stride].
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return functional.gelu(self.norm(self.conv(x)))


class Stage(nn.Sequential):
    """Half the resolution: [B, inputs, H, W] -> [B, outputs, H / 2, W / 2]."""

    def __init__(self, inputs: int, outputs: int, convolutions: int) -> None:
        further = [NormedConv(outputs, outputs, 1) for _ in range(convolutions - 1)]
        super().__init__(NormedConv(inputs, outputs, 2), *further)


class UpStep(nn.Module):
    """Twice the resolution, joined with what was there on the way down; nothing but affine maps.

    [B, deep, H, W], [B, outputs, 2H, 2W] -> [B, outputs, 2H, 2W].
    """

    def __init__(self, deep: int, outputs: int) -> None:
        super().__init__()
        self.deep = nn.Conv2d(deep, outputs, 1)
        self.skip = nn.Conv2d(outputs, outputs, 1)
        self.mix = nn.Sequential(
            nn.Conv2d(2 * outputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
        )

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        up = functional.interpolate(
            self.deep(deep), scale_factor=2, mode="bilinear", align_corners=False
        )
        mixed: Tensor = self.mix(torch.cat([up, self.skip(skip)], 1))
        return mixed


class FusionUNet(nn.Module):
    """Images of two sweeps [B, C, S, S] each -> [B, 2 C, S, S] (Jund et al. 2021, figure 4).

    `widths`: channels of the stages, from fine to coarse. The stages have one set of weights and
    see one sweep at a time, so that their batch normalisation does as well.
    """

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        maps = [channels, *widths]
        self.down = nn.ModuleList(
            Stage(maps[k], maps[k + 1], OTHER_STAGES if k else FIRST_STAGE)
            for k in range(len(widths))
        )
        # Of both sweeps together, and so of what comes up: twice the channels.
        joined = [2 * width for width in reversed(maps)]
        self.up = nn.ModuleList(UpStep(deep, outputs) for deep, outputs in pairwise(joined))
        self.last = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        pairs = zip(self.maps(source), self.maps(target), strict=True)
        return self.joined([torch.cat(pair, 1) for pair in pairs])

    def maps(self, image: Tensor) -> list[Tensor]:
        """Images of one sweep each and what every stage makes of them, from fine to coarse."""
        maps = [image]
        for stage in self.down:
            maps.append(stage(maps[-1]))
        return maps

    def joined(self, pairs: Sequence[Tensor]) -> Tensor:
        """The answer to maps of both sweeps, source's channels first, from fine to coarse."""
        *skips, x = pairs
        for step, skip in zip(self.up, reversed(skips), strict=True):
            x = step(x, skip)
        answer: Tensor = self.last(x)
        return answer
