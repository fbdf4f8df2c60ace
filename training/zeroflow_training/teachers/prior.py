# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""CoordinateNetwork: a small network from a place to its flow, the prior of NSFP and FastNSF."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module, Parameter, ParameterList

HIDDEN_LAYERS, CHANNELS = 8, 128
BLOCK = 2048
"""Points that go through all layers together on a CPU: as many as its second cache holds."""

Initialisation = Callable[[int, int, torch.Generator], tuple[Tensor, Tensor]]


def uniform_by_inputs(
    inputs: int, outputs: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Weight and bias, both uniform within 1 / sqrt(inputs), as torch's Linear starts."""
    bound = 1 / math.sqrt(inputs)
    weight = torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator)
    return weight, torch.empty(outputs).uniform_(-bound, bound, generator=generator)


def xavier_uniform(inputs: int, outputs: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Weight uniform within sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010), bias 0."""
    bound = math.sqrt(6 / (inputs + outputs))
    weight = torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator)
    return weight, torch.zeros(outputs)


INITIALISATIONS: Mapping[str, Initialisation] = {
    "uniform": uniform_by_inputs,
    "xavier": xavier_uniform,
}


class CoordinateNetwork(Module):
    """Points float32 [N, 3] (m) -> flow float32 [N, 3] (m): 3-128-...-128-3, ReLU between.

    Eight hidden layers, 116,483 parameters (Li et al. 2021, NSFP). Drawn on the CPU, so that a
    seed gives the same network on every device.
    """

    def __init__(self, initialisation: Initialisation, generator: torch.Generator) -> None:
        super().__init__()
        widths = [3, *[CHANNELS] * HIDDEN_LAYERS, 3]
        layers = [
            initialisation(inputs, outputs, generator) for inputs, outputs in pairwise(widths)
        ]
        self.weights = ParameterList(Parameter(weight) for weight, _ in layers)
        self.biases = ParameterList(Parameter(bias) for _, bias in layers)
        self._activations = torch.empty(0)

    def forward(self, points: Tensor) -> Tensor:
        """Flow at `points`; backward has to come before the next forward (torch checks)."""
        shape = (HIDDEN_LAYERS, len(points), CHANNELS)
        if self._activations.shape != shape or self._activations.device != points.device:
            self._activations = points.new_empty(shape)
        flow: Tensor = _Layers.apply(  # type: ignore[no-untyped-call]
            points, self._activations, *self.weights, *self.biases
        )
        return flow


class _Layers(torch.autograd.Function):
    """All layers, block by block, so that a block's activations stay in the processor's cache.

    The same numbers as layer by layer, in two thirds of the time on a CPU core. `activations` are
    memory to write to: asking the system for it anew costs a third of a pass.
    """

    @staticmethod
    def forward(ctx: Any, points: Tensor, activations: Tensor, *parameters: Tensor) -> Tensor:
        weights, biases = _halves(parameters)
        flow = torch.empty_like(points)
        for block in _blocks(points):
            seen = points[block]
            for layer, activation in enumerate(activations):
                out = activation[block]
                torch.addmm(biases[layer], seen, weights[layer].t(), out=out)
                seen = out.clamp_(min=0)
            torch.addmm(biases[-1], seen, weights[-1].t(), out=flow[block])
        ctx.save_for_backward(points, activations, *weights)
        return flow

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        points, activations, *weights = ctx.saved_tensors
        of_weights = [torch.zeros_like(weight) for weight in weights]
        of_biases = [weight.new_zeros(len(weight)) for weight in weights]
        of_points = torch.empty_like(points) if ctx.needs_input_grad[0] else None
        for block in _blocks(points):
            gradient = gradients[0][block]
            for layer in reversed(range(len(weights))):
                seen = activations[layer - 1][block] if layer else points[block]
                of_weights[layer].addmm_(gradient.t(), seen)
                of_biases[layer] += gradient.sum(0)
                if layer:
                    gradient = gradient @ weights[layer]
                    # What torch's ReLU calls backwards; a mask of its own takes a fifth longer.
                    gradient = torch.ops.aten.threshold_backward(gradient, seen, 0)
            if of_points is not None:
                torch.mm(gradient, weights[0], out=of_points[block])
        return of_points, None, *of_weights, *of_biases


def _halves(parameters: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    middle = len(parameters) // 2
    return parameters[:middle], parameters[middle:]


def _blocks(points: Tensor) -> list[slice]:
    """Of BLOCK rows on a CPU, one of all rows elsewhere."""
    size = BLOCK if points.device.type == "cpu" else max(len(points), 1)
    return [slice(start, start + size) for start in range(0, len(points), size)]
