# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PriorTeacher: what NSFP and FastNSF share, from a pair of clouds to pseudo-labels."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.geometry import Points
from zeroflow_training.teachers import Progress, PseudoLabel
from zeroflow_training.teachers.optimisation import Outcome, Stopping, deterministic, find_device
from zeroflow_training.teachers.prior import INITIALISATIONS, CoordinateNetwork
from zeroflow_training.teachers.settings import check_least, own_settings


@dataclass(frozen=True, kw_only=True)
class PriorTeacher(ABC):
    """Fits a coordinate network to each pair.

    - `device`: as torch calls it; `seed`: of the first weights and of the choice of points.
    - `iterations`, `patience`, `min_delta`, `warm_up`: see Stopping.
    - `averaging`: 0: the best iterate is the answer, as published; 0.95: the mean of about the last
      20, see `minimise`.
    - `initialisation` of the first weights: `uniform` as ZeroFlow has it, whose first flow is of
      centimetres, or `xavier` as published with FastNSF, whose first flow is of many metres.
    - `points`: at most so many of the source are fitted, drawn at random, and with NSFP as many of
      the target; 0: all. Every point of the source gets flow.
    - `range_m`: points with |x| or |y| of so much or more are left out and not valid. Published
      pseudo-labels end at 51.2 m; a few returns from far away spoil the start of a fit.
    - `progress` gets (iterations done, iterations at most).

    Raises ZeroflowError for a device that is not there and for settings without sense.
    """

    name: ClassVar[str]
    revision: ClassVar[int]
    thins_target: ClassVar[bool]
    device: str = "cpu"
    seed: int = 0
    iterations: int = 5000
    patience: int = 100
    min_delta: float = 5e-5
    warm_up: int = 100
    averaging: float = 0.0
    initialisation: str = "uniform"
    points: int = 0
    range_m: float = 51.2
    progress: Progress | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        find_device(self.device)
        check_least(self, _LEAST)
        if self.averaging > 1:
            raise ZeroflowError(f"{self.name}: averaging is {self.averaging}: it has to be 0 to 1")
        if self.initialisation not in INITIALISATIONS:
            known = ", ".join(INITIALISATIONS)
            raise ZeroflowError(
                f"{self.name}: initialisation is '{self.initialisation}': there is {known}"
            )

    @property
    def settings(self) -> Mapping[str, Any]:
        """See Teacher; of the device its kind, as it decides the order of sums."""
        kind = torch.device(self.device).type
        return {"teacher": self.name, **own_settings(self), "device": kind}

    @property
    def stopping(self) -> Stopping:
        """When a fit ends."""
        return Stopping(self.iterations, self.patience, self.min_delta, self.warm_up)

    def label(self, source: Points, target: Points) -> PseudoLabel:
        """See Teacher; not valid are points out of range, and all where nothing can be fitted."""
        started = time.perf_counter()
        displacement = np.zeros((len(source), 3), np.float32)
        inside, seen = self._in_range(source), target[self._in_range(target)]
        if not inside.any() or not len(seen):
            return _report(displacement, np.zeros(len(source), bool), started, _NOTHING, 0)
        device, random = torch.device(self.device), torch.Generator().manual_seed(self.seed)
        with deterministic(device):
            here = _tensor(source[inside])
            chosen = self._choose(here, random).to(device)
            aim = _tensor(seen)
            aim = (self._choose(aim, random) if self.thins_target else aim).to(device)
            network = CoordinateNetwork(INITIALISATIONS[self.initialisation], random).to(device)
            outcome = self.fit(network, chosen, aim)
            with torch.no_grad():
                flow = network(here.to(device)).cpu().numpy()
        valid = inside.copy() if outcome.best_iteration else np.zeros_like(inside)
        displacement[valid] = flow[valid[inside]]
        return _report(displacement, valid, started, outcome, len(chosen))

    @abstractmethod
    def fit(self, network: CoordinateNetwork, source: Tensor, target: Tensor) -> Outcome:
        """Make its flow take `source` float32 [N, 3] to `target` [M, 3], N and M > 0."""

    def _in_range(self, points: Points) -> npt.NDArray[np.bool_]:
        return np.asarray((np.abs(points[:, :2]) < self.range_m).all(axis=1))

    def _choose(self, cloud: Tensor, random: torch.Generator) -> Tensor:
        if not 0 < self.points < len(cloud):
            return cloud
        rows = torch.randperm(len(cloud), generator=random)[: self.points]
        return cloud[rows.sort().values]


_LEAST = {
    "seed": 0,
    "iterations": 1,
    "patience": 1,
    "min_delta": 0,
    "warm_up": 0,
    "averaging": 0,
    "points": 0,
    "range_m": 0.1,
}
_NOTHING = Outcome(0, 0, float("nan"), "no points")


def _tensor(points: Points) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(points, np.float32))


def _report(
    displacement: Points,
    valid: npt.NDArray[np.bool_],
    started: float,
    outcome: Outcome,
    points: int,
) -> PseudoLabel:
    diagnostics = {
        "iterations": outcome.iterations,
        "best_iteration": outcome.best_iteration,
        "loss": outcome.loss,
        "stopped": outcome.stopped,
        "points": points,
        "seconds": time.perf_counter() - started,
        "valid_share": float(valid.mean()) if len(valid) else 0.0,
    }
    return PseudoLabel(displacement, valid, diagnostics=diagnostics)
