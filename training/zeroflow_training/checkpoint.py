# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of `zeroflow fit`: read safely, and refused in one line when they are not ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from zeroflow_ros.errors import ModelError
from zeroflow_training.students.kinds import student_config
from zeroflow_training.students.real_time import RealTimeStudent, RealTimeStudentConfig

# What torch.load and a foreign checkpoint's content may raise.
_UNREADABLE = (EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError, UnpicklingError)

PAST = "past_encoder.0.weight"  # [out, (sweeps before the last two) * columns of each]


@contextmanager
def refused(path: Path, kind: str = "checkpoint of `zeroflow fit`") -> Iterator[None]:
    """Raise ModelError that names `path` for whatever its content is not fit for, inside."""
    try:
        yield
    except _UNREADABLE as error:
        # Of torch's advice after the first sentence, little is sound.
        reason = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise ModelError(f"'{path}' is no {kind} ({reason})") from error


@contextmanager
def opened(path: Path) -> Iterator[Mapping[str, Any]]:
    """The content of a Lightning checkpoint, tensors and plain values only.

    Raises ModelError for a file that is none, or that does not fit what is done with it inside.
    """
    with refused(path):
        yield torch.load(path, map_location="cpu", weights_only=True)


def load_student(checkpoint: Path, size: int) -> RealTimeStudent:
    """The student of a checkpoint, for a canvas of `size` pillars an edge. Raises ModelError."""
    with opened(checkpoint) as state:
        config = student_config(state["hyper_parameters"]["student"])
        if not isinstance(config, RealTimeStudentConfig):
            raise ModelError(f"'{checkpoint}' is of a {config.kind} student, not a real-time one")
        student = RealTimeStudent(replace(config, size=size))
        student.load_state_dict(weights_of(state))
    return student.eval()


def load_network(checkpoint: Path) -> Any:
    """The Student of a checkpoint, of any kind, as it was trained. Raises ModelError."""
    with opened(checkpoint) as state:
        network = student_config(state["hyper_parameters"]["student"]).network()
        network.load_state_dict(weights_of(state))
    return network.eval()


def weights_of(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """A student's own, of all that a checkpoint holds."""
    prefix = "student."
    return {
        key[len(prefix) :]: value
        for key, value in state["state_dict"].items()
        if key.startswith(prefix)
    }


def take_over(student: RealTimeStudent, init: RealTimeStudent) -> None:
    """Give a student the weights of another one, which may look at fewer sweeps, or at two of more.

    Inputs that the old one did not have start at zero weight, so the new one starts with the old
    one's answers. Raises ValueError for weights that do not fit otherwise, and where the old one
    looks at an older sweep that the new one does not.
    """
    if student.past_encoder is None:
        init = init.two_sweeps()
    own, weights = student.state_dict(), _spread(init, student.config.lags)
    if foreign := sorted(weights.keys() - own.keys()):
        raise ValueError(f"it has {foreign[0]}, which this student has not")
    for name, tensor in own.items():
        if name in weights:
            _widen(tensor, weights[name], name)
        elif not name.startswith("past_encoder."):
            raise ValueError(f"it has no {name}")


def _spread(init: RealTimeStudent, lags: tuple[int, ...]) -> dict[str, Tensor]:
    """A student's weights, with what reads each older sweep where one of `lags` reads it."""
    weights, own = init.state_dict(), init.config.lags
    if init.past_encoder is None:
        return weights
    if lacking := [lag for lag in own if lag not in lags]:
        raise ValueError(f"it looks at lag {lacking[0]}, which is not one of this student's {lags}")
    old = weights[PAST].unflatten(1, (len(own) - 2, -1))
    spread = old.new_zeros(len(old), len(lags) - 2, old.shape[2])
    spread[:, [lags.index(lag) - 2 for lag in own[2:]]] = old
    return {**weights, PAST: spread.flatten(1)}


def _widen(tensor: Tensor, old: Tensor, name: str) -> None:
    """Copy `old` into `tensor`, which may have more input channels (dimension 1)."""
    fits = old.shape == tensor.shape
    if not fits and tensor.dim() > 1:
        fits = old.shape[:1] + old.shape[2:] == tensor.shape[:1] + tensor.shape[2:]
        fits = fits and old.shape[1] < tensor.shape[1]
    if not fits:
        raise ValueError(f"its {name} is {tuple(old.shape)}, this student's {tuple(tensor.shape)}")
    with torch.no_grad():
        if old.shape == tensor.shape:
            tensor.copy_(old)
        else:
            tensor.zero_()[:, : old.shape[1]].copy_(old)
