# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Terms of a loss by name: any of them, with any weights, for any student."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from zeroflow_training.data.supervision import NEWEST_COLUMNS, Scene, Supervision
from zeroflow_training.losses.label_free import (
    chamfer_loss,
    cluster_loss,
    dynamic_chamfer_loss,
    static_loss,
)
from zeroflow_training.losses.published import speed_scaled_loss, zeroflow_loss
from zeroflow_training.losses.speed_bins import moving_loss, three_bin_loss
from zeroflow_training.students.student import Prediction

DEFAULT_LOSS = {"three-bin": 1.0, "moving": 0.05}
"""`moving`: metres of displacement that a nat of "does it move" counts for."""


class Emphasis(NamedTuple):
    """What the schedule says of a step: `beta_m` and `static_share` of `three_bin_loss`."""

    beta_m: float
    static_share: float


Term = Callable[[Prediction, Supervision, Emphasis], Tensor]


def _zeroflow(said: Prediction, known: Supervision, _: Emphasis) -> Tensor:
    return zeroflow_loss(said.displacement, known.target, known.weight, known.counts)


def _speed_scaled(said: Prediction, known: Supervision, _: Emphasis) -> Tensor:
    labels = (known.target, known.weight, known.counts, known.speed)
    return speed_scaled_loss(said.displacement, *labels)


def _three_bin(said: Prediction, known: Supervision, emphasis: Emphasis) -> Tensor:
    labels = (known.target, known.weight, known.speed)
    return three_bin_loss(said.displacement, *labels, *emphasis)


def _moving(said: Prediction, known: Supervision, _: Emphasis) -> Tensor:
    if said.moving is None:
        raise ValueError("this student does not say what moves")
    return moving_loss(said.moving, known.weight, known.speed)


def _chamfer(said: Prediction, known: Supervision, _: Emphasis) -> Tensor:
    pieces = _scenes(said, known)
    return _mean([chamfer_loss(s.points, d, s.before) for s, d in pieces])


def _dynamic_chamfer(said: Prediction, known: Supervision, _: Emphasis) -> Tensor:
    return _mean(
        [
            dynamic_chamfer_loss(s.points, d, s.dynamic, s.before, s.before_dynamic)
            for s, d in _scenes(said, known)
        ]
    )


def _static(said: Prediction, known: Supervision, _: Emphasis) -> Tensor:
    return _mean([static_loss(d, s.static) for s, d in _scenes(said, known)])


def _cluster(said: Prediction, known: Supervision, _: Emphasis) -> Tensor:
    return _mean(
        [
            cluster_loss(s.points, d, s.cluster, s.before, s.before_dynamic)
            for s, d in _scenes(said, known)
        ]
    )


SUPERVISED: Mapping[str, Term] = {
    "zeroflow": _zeroflow,
    "speed-scaled": _speed_scaled,
    "three-bin": _three_bin,
    "moving": _moving,
}
LABEL_FREE: Mapping[str, Term] = {
    "chamfer": _chamfer,
    "dynamic-chamfer": _dynamic_chamfer,
    "static": _static,
    "cluster": _cluster,
}
TERMS = {**SUPERVISED, **LABEL_FREE}


def check_terms(weights: Mapping[str, float], says_moving: bool) -> None:
    """Raise ValueError for a loss of no terms, unknown terms, or what a student cannot answer."""
    unknown = [name for name in weights if name not in TERMS]
    if unknown:
        raise ValueError(f"no term is called '{unknown[0]}'; there are {', '.join(TERMS)}")
    if not any(weight > 0 for weight in weights.values()):
        raise ValueError(f"no term has a weight above 0; there are {', '.join(TERMS)}")
    if negative := [name for name, weight in weights.items() if not weight >= 0]:
        raise ValueError(f"the weight of '{negative[0]}' is {weights[negative[0]]}, not above 0")
    if weights.get("moving", 0) > 0 and not says_moving:
        raise ValueError("this student does not say what moves: leave out 'moving'")


def used_terms(weights: Mapping[str, float]) -> dict[str, float]:
    """The terms that count, always in one order: sums depend on it in their last bit."""
    return {name: weights[name] for name in TERMS if weights.get(name, 0) > 0}


def needs_scene(weights: Mapping[str, float]) -> bool:
    """Whether a loss looks at the sweeps themselves."""
    return any(name in LABEL_FREE for name in used_terms(weights))


def total_loss(
    weights: Mapping[str, float], said: Prediction, known: Supervision, emphasis: Emphasis
) -> tuple[Tensor, dict[str, Tensor]]:
    """The weighted sum of named terms, and what each says before its weight."""
    terms = {name: TERMS[name](said, known, emphasis) for name in used_terms(weights)}
    first, *others = (weights[name] * value for name, value in terms.items())
    return sum(others, start=first), {name: value.detach() for name, value in terms.items()}


def _scenes(said: Prediction, known: Supervision) -> Iterator[tuple[Scene, Tensor]]:
    """Each sample's scene without ground, and what was predicted of its points [N, 3]."""
    if known.scene is None:
        raise ValueError("these samples were encoded without their scene")
    counts, befores = list(known.counts), list(known.before_counts)
    displacements = said.displacement.float().split(counts)
    newest = [column.split(counts) for column in known.scene[:NEWEST_COLUMNS]]
    before = [column.split(befores) for column in known.scene[NEWEST_COLUMNS:]]
    for k, displacement in enumerate(displacements):
        scene = Scene(*(column[k] for column in newest), *(column[k] for column in before))
        above = ~scene.is_ground
        own = (column[above] for column in scene[:NEWEST_COLUMNS])
        yield Scene(*own, *scene[NEWEST_COLUMNS:]), displacement[above]


def _mean(values: list[Tensor]) -> Tensor:
    return torch.stack(values).mean()
