# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network that computes in FP16 inside, and speaks FP32 with the world."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from itertools import pairwise
from typing import TypeVar

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval


class Headed(nn.Module, ABC):
    """A network with a per-point head."""

    @abstractmethod
    def head_parameters(self) -> list[nn.Parameter]:
        """Those of the last layers."""


Network = TypeVar("Network", bound=Headed)


def half_inside(network: Network) -> Network:
    """A copy whose weights are FP16, but for the per-point head, which stays FP32.

    The network casts features to the type of its weights, and what it says of pillars to the type
    of the points' offsets: FP16 has steps of 0.016 m at 30 m, so where a point is within its pillar
    and how far it moved stay FP32. Normalisations are folded before, so that a weight is rounded
    once.
    """
    half = copy.deepcopy(network)
    fold_norms(half.eval())
    head = set(half.head_parameters())
    for parameter in half.parameters():
        if parameter not in head:
            parameter.data = parameter.data.half()
    return half


def fold_norms(network: nn.Module) -> None:
    """Fold each batch normalisation into the layer that stands right before it, in place.

    What the network says in evaluation mode stays the same.
    """
    for parent in list(network.modules()):
        for (name, layer), (norm_name, norm) in pairwise(list(parent.named_children())):
            if isinstance(norm, _BatchNorm):
                setattr(parent, name, _fused(layer, norm))
                setattr(parent, norm_name, nn.Identity())


def _fused(layer: nn.Module, norm: _BatchNorm) -> nn.Module:
    if isinstance(layer, nn.Linear):
        return fuse_linear_bn_eval(layer, norm)
    assert isinstance(layer, nn.Conv2d)
    return fuse_conv_bn_eval(layer, norm)
