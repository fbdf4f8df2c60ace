# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trial: an estimator's flow of the newest simulated sweep, held against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Transform
from zeroflow_ros.sweep import Sweep
from zeroflow_training.evaluation.frozen_worlds import FrozenWorld
from zeroflow_training.evaluation.perturbation import UNCHANGED, Perturbation
from zeroflow_training.evaluation.residual import PointErrors, ResidualMetrics
from zeroflow_training.recording import as_sweep
from zeroflow_training.simulation.classes import ActorClass
from zeroflow_training.simulation.simulator import SimulatedSweep

REGION_M = 51.2
# Ground is for ground removal, the own vehicle for a crop box; what is mixed has no motion.
NOT_JUDGED = (ActorClass.GROUND, ActorClass.OWN_VEHICLE, ActorClass.MIXED)
COMMON_INTERVAL_S = 0.1  # flows over any interval are compared as metres over this one

CLASS_GROUPS: dict[str, tuple[ActorClass, ...]] = {
    "cars and vans": (ActorClass.CAR, ActorClass.VAN),
    "trucks, buses, trams": (
        *(ActorClass.TRUCK, ActorClass.BUS),
        *(ActorClass.TRAILER, ActorClass.TRAM, ActorClass.MACHINE),
    ),
    "pedestrians": (ActorClass.PEDESTRIAN,),
    "two-wheelers": (ActorClass.CYCLIST, ActorClass.MOTORCYCLE, ActorClass.SCOOTER),
    "animals": (ActorClass.ANIMAL,),
    "scenery": tuple(c for c in ActorClass if not c.is_actor and c not in NOT_JUDGED),
}


class Estimator(Protocol):
    """The part of FlowEstimator that a trial needs."""

    def update(self, sweep: Sweep, pose: Transform | None = None) -> Flow:
        """Flow of the newest sweep."""
        ...

    def reset(self) -> None:
        """Forget all sweeps."""
        ...


@dataclass(frozen=True)
class Trial:
    """The judged points of one world: errors in metres over 0.1 s, class_id uint8 [N].

    Judged are points with |x|, |y| < 51.2 m that the estimator calls valid, but for
    NOT_JUDGED. A sweep that was not `answered` has none. `ground`: errors of the ground, kept
    apart: not in `errors`.
    """

    sensor: str
    answered: bool
    errors: PointErrors
    class_id: npt.NDArray[np.uint8]
    ground: PointErrors


def try_world(
    estimator: Estimator,
    world: FrozenWorld,
    span_s: float,
    perturbation: Perturbation = UNCHANGED,
) -> Trial:
    """Flow of a world's newest sweep by an estimator that looks `span_s` seconds back."""
    seen = perturbation.world(world)
    sweeps = perturbation.sweeps(seen.sweeps(span_s))
    estimator.reset()
    for sweep in sweeps:
        flow = estimator.update(as_sweep(sweep), sweep.pose)
    return judge(world.sensor.name, flow, sweep, 1 / seen.rate_hz)


def judge(sensor: str, flow: Flow, sweep: SimulatedSweep, truth_interval_s: float) -> Trial:
    """Compare speeds: the flow's over its measured interval, the truth's over its own."""
    looked_at = flow.valid & (np.abs(sweep.points[:, :2]) < REGION_M).all(1)
    class_id = sweep.class_id[looked_at]
    said = flow.velocity[looked_at] * np.float32(COMMON_INTERVAL_S)
    truth = sweep.flow[looked_at] * np.float32(COMMON_INTERVAL_S / truth_interval_s)
    errors, judged = PointErrors.of(said, truth), ~np.isin(class_id, NOT_JUDGED)
    ground = errors.select(class_id == ActorClass.GROUND)
    answered = flow.status is FlowStatus.ESTIMATED
    return Trial(sensor, answered, errors.select(judged), class_id[judged], ground)


def pooled(trials: Iterable[Trial]) -> ResidualMetrics:
    """Metrics over the points of several trials."""
    return PointErrors.joined([trial.errors for trial in trials]).metrics()


def ground_of(trials: Iterable[Trial]) -> ResidualMetrics:
    """Metrics over the ground of several trials."""
    return PointErrors.joined([trial.ground for trial in trials]).metrics()


def by_class(trials: Sequence[Trial]) -> dict[str, ResidualMetrics]:
    """Metrics of each of CLASS_GROUPS."""
    return {name: of_classes(trials, members) for name, members in CLASS_GROUPS.items()}


def of_classes(trials: Sequence[Trial], members: Iterable[ActorClass]) -> ResidualMetrics:
    """Metrics over the points of some classes."""
    wanted = [member.value for member in members]
    return PointErrors.joined(
        [trial.errors.select(np.isin(trial.class_id, wanted)) for trial in trials]
    ).metrics()


def by_speed(trials: Sequence[Trial]) -> dict[str, ResidualMetrics]:
    """Metrics of each bin of true speed."""
    return PointErrors.joined([trial.errors for trial in trials]).by_speed()


def by_sensor(trials: Sequence[Trial]) -> dict[str, ResidualMetrics]:
    """Metrics of each sensor, in the order of the trials."""
    names = dict.fromkeys(trial.sensor for trial in trials)
    return {name: pooled(t for t in trials if t.sensor == name) for name in names}
