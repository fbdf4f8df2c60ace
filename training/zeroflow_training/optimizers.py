# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Optimisers by the name that a schedule gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.optim import Optimizer

from zeroflow_training.muon import Muon
from zeroflow_training.schedule import ScheduleConfig

ADAM_SHARE = 0.1


def optimizer_of(student: Any, schedule: ScheduleConfig) -> Optimizer:
    """For the parameters of a Student."""
    return _MAKERS[schedule.optimizer](student, schedule)


def require_optimizer(state: Mapping[str, Any], schedule: ScheduleConfig) -> None:
    """Raise ValueError for a checkpoint that a run with another optimiser wrote."""
    (optimizer,) = state["optimizer_states"]
    orthogonal = {"orthogonal" in group for group in optimizer["param_groups"]}
    if orthogonal != {schedule.optimizer == "muon"}:
        raise ValueError("it was trained with another optimiser: start from its weights by --init")


def _muon(student: Any, schedule: ScheduleConfig) -> Optimizer:
    head = {*student.head_parameters()}
    parameters = [(p, p.dim() > 1 and p not in head) for p in student.parameters()]
    return Muon(
        [p for p, hidden in parameters if hidden],
        [p for p, hidden in parameters if not hidden],
        schedule.learning_rate,
        ADAM_SHARE * schedule.learning_rate,
        schedule.weight_decay,
    )


def _adam(student: Any, schedule: ScheduleConfig) -> Optimizer:
    return torch.optim.Adam(
        student.parameters(), schedule.learning_rate, weight_decay=schedule.weight_decay
    )


_MAKERS: Mapping[str, Callable[[Any, ScheduleConfig], Optimizer]] = {"muon": _muon, "adam": _adam}
