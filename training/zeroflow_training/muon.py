# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Muon: momentum whose every matrix is replaced by the nearest orthogonal one.

Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". torch.optim.Muon
takes matrices only, yet most of a student is convolutions, and Lightning steps one optimiser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

# Newton-Schulz: an odd polynomial that brings singular values near 1 in five steps.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_ADAM_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


class Muon(Optimizer):
    """Muon for matrices and filters, Adam with decoupled weight decay for the rest.

    `learning_rate` is Muon's: the spectral norm of a step, relative to the weights' shape;
    `adam_learning_rate` is for biases, norms and everything else. `weight_decay` is for both.
    """

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        others: Iterable[nn.Parameter],
        learning_rate: float,
        adam_learning_rate: float,
        weight_decay: float = 0.0,
        momentum: float = 0.95,
    ) -> None:
        groups = [
            {"params": list(matrices), "lr": learning_rate, "orthogonal": True},
            {"params": list(others), "lr": adam_learning_rate, "orthogonal": False},
        ]
        super().__init__(groups, {"weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; `closure` computes the gradients first, as Lightning wants it."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if group["orthogonal"]:
                    update = self._orthogonal(parameter, group["momentum"])
                else:
                    update = self._adaptive(parameter)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.sub_(update, alpha=group["lr"])
        return loss

    def _orthogonal(self, parameter: Tensor, momentum: float) -> Tensor:
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].mul_(momentum).add_(gradient)
        lookahead = gradient + momentum * state["momentum"]  # Nesterov's
        outputs = len(lookahead)
        matrix = orthogonalised(lookahead.reshape(outputs, -1))
        widening = max(1.0, outputs / matrix.shape[1]) ** 0.5
        return widening * matrix.reshape(parameter.shape)

    def _adaptive(self, parameter: Tensor) -> Tensor:
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if not state:
            state["steps"] = 0
            state["mean"] = torch.zeros_like(parameter)
            state["square"] = torch.zeros_like(parameter)
        state["steps"] += 1
        for name, value, beta in zip(
            ("mean", "square"), (gradient, gradient.square()), _ADAM_BETAS, strict=True
        ):
            state[name].lerp_(value, 1 - beta)
        mean, square = (
            state[name] / (1 - beta ** state["steps"])
            for name, beta in zip(("mean", "square"), _ADAM_BETAS, strict=True)
        )
        return mean / (square.sqrt() + _EPSILON)


def orthogonalised(matrix: Tensor) -> Tensor:
    """About U V^T of a matrix [m, n] = U S V^T: singular values of 0.7 to 1.2, tiny ones less."""
    a, b, c = _COEFFICIENTS
    wide = matrix.T if len(matrix) > matrix.shape[1] else matrix
    wide = wide / (wide.norm() + 1e-7)
    for _ in range(_ITERATIONS):
        square = wide @ wide.T
        wide = a * wide + (b * square + c * square @ square) @ wide
    return wide.T if len(matrix) > matrix.shape[1] else wide
