# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Optimisation: weights of a pair's own networks, until the loss falls no further."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.teachers import Progress

LEARNING_RATE = 8e-3


@dataclass(frozen=True)
class Stopping:
    """After `iterations`, or `patience` of them in a row that do not improve by `min_delta`.

    Not before `warm_up`: a loss often falls, rises and waits for half a hundred iterations until
    the first thing is found. The defaults are ZeroFlow's for NSFP, whose patience alone lasts that
    long.
    """

    iterations: int = 5000
    patience: int = 100
    min_delta: float = 5e-5
    warm_up: int = 100


class Iterate(NamedTuple):
    """`loss` is minimised and watched for stopping; the lowest `score` says which weights stay."""

    loss: Tensor
    score: Tensor


@dataclass(frozen=True)
class Outcome:
    """`loss`: the lowest score; `stopped`: `patience`, `iterations` or `not finite`."""

    iterations: int
    best_iteration: int
    loss: float
    stopped: str


class _Patience:
    """Counts iterations since the last one that was better by enough."""

    def __init__(self, stopping: Stopping) -> None:
        self._stopping, self._best, self._waited, self._seen = stopping, math.inf, 0, 0

    def is_over(self, loss: float) -> bool:
        self._seen += 1
        if loss < self._best - self._stopping.min_delta:
            self._best, self._waited = loss, 0
        else:
            self._waited += 1
        if self._seen < self._stopping.warm_up:
            return False
        return self._waited >= self._stopping.patience


def minimise(
    evaluate: Callable[[], Iterate],
    kept: Sequence[Tensor],
    others: Sequence[Tensor] = (),
    stopping: Stopping = Stopping(),
    progress: Progress | None = None,
    averaging: float = 0.0,
) -> Outcome:
    """Adam (8e-3) on `kept` and `others`; `kept` then hold what gave the lowest score.

    Or, with `averaging`, the mean of all their values, each older one counting by that factor less:
    at a constant rate they end up circling what they look for (Polyak and Juditsky 1992).
    `progress` gets (iterations done, iterations at most).
    """
    optimiser = torch.optim.Adam([*kept, *others], lr=LEARNING_RATE, fused=True)
    patience, stopped, iteration = _Patience(stopping), "iterations", 0
    best_score, best_iteration = math.inf, 0
    best = [weights.detach().clone() for weights in kept]
    mean = _Mean(kept, averaging)
    for iteration in range(1, stopping.iterations + 1):
        optimiser.zero_grad()
        iterate = evaluate()
        loss, score = torch.stack([iterate.loss, iterate.score]).tolist()
        if not math.isfinite(loss):
            stopped = "not finite"
            break
        if score <= best_score:
            best_score, best_iteration = score, iteration
            _copy(kept, best)
        mean.add(kept)
        if patience.is_over(loss):
            stopped = "patience"
            break
        iterate.loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if progress is not None:
            progress(iteration, stopping.iterations)
    _copy(mean.values if averaging and best_iteration else best, kept)
    return Outcome(iteration, best_iteration, best_score, stopped)


class _Mean:
    """Of weights over time; `factor` by which older ones count less, 0: the last ones."""

    def __init__(self, weights: Sequence[Tensor], factor: float) -> None:
        self.values = [torch.zeros_like(each) for each in weights]
        self._factor, self._count = factor, 0.0

    @torch.no_grad()
    def add(self, weights: Sequence[Tensor]) -> None:
        self._count = self._factor * self._count + 1
        for mean, now in zip(self.values, weights, strict=True):
            mean.lerp_(now, 1 / self._count)


@torch.no_grad()
def _copy(source: Sequence[Tensor], target: Sequence[Tensor]) -> None:
    for weights, place in zip(source, target, strict=True):
        place.copy_(weights)


def find_device(name: str) -> torch.device:
    """By torch's name of it. Raises ZeroflowError where there is none."""
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # the latter from builds without CUDA
        raise ZeroflowError(
            f"device '{name}' cannot be used here ({str(error).splitlines()[0]}): take 'cpu'"
        ) from error
    return device


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Sums in one order, as a CPU has them anyway; torch's own setting comes back afterwards."""
    if device.type == "cpu":
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # torch asks for it
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
