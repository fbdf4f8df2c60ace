# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trial: an estimator's flow of the newest simulated sweep, held against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Transform
from zeroflow_ros.sweep import Sweep
from zeroflow_training.evaluation.classes import PointClass, of_simulated
from zeroflow_training.evaluation.frozen_worlds import FrozenWorld
from zeroflow_training.evaluation.pair import INTERVAL_S, EvaluatedPair
from zeroflow_training.evaluation.perturbation import UNCHANGED, Perturbation
from zeroflow_training.evaluation.residual import ResidualMetrics
from zeroflow_training.evaluation.residual import by_speed as residual_by_speed
from zeroflow_training.evaluation.tally import Tally, total
from zeroflow_training.recording import as_sweep
from zeroflow_training.simulation.classes import NO_MOTION, ActorClass
from zeroflow_training.simulation.simulator import SimulatedSweep

REGION_M = 51.2
NOT_JUDGED = (ActorClass.GROUND, *NO_MOTION)  # ground is for ground removal

CLASS_GROUPS: dict[str, PointClass] = {
    "cars and vans": PointClass.CAR,
    "trucks, buses, trams": PointClass.OTHER_VEHICLES,
    "pedestrians": PointClass.PEDESTRIAN,
    "two-wheelers": PointClass.WHEELED_VRU,
    "animals": PointClass.OTHER,
    "scenery": PointClass.BACKGROUND,
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
    """The tally of one world's points, errors in metres over 0.1 s.

    Judged are points with |x|, |y| < 51.2 m that the estimator calls valid, but for NO_MOTION;
    ground is a class of its own. A sweep that was not `answered` has none.
    """

    sensor: str
    answered: bool
    tally: Tally


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
    judged = flow.valid & (np.abs(sweep.points[:, :2]) < REGION_M).all(1)
    judged &= ~np.isin(sweep.class_id, NO_MOTION)
    said = flow.velocity * np.float32(INTERVAL_S)
    truth = sweep.flow * np.float32(INTERVAL_S / truth_interval_s)
    classes = of_simulated(sweep.class_id)
    pair = EvaluatedPair(f"{sensor} {sweep.stamp_ns}", sweep.points, said, truth, judged, classes)
    return Trial(sensor, flow.status is FlowStatus.ESTIMATED, Tally.of(pair))


def pooled(trials: Iterable[Trial]) -> ResidualMetrics:
    """Metrics over the points of several trials, without the ground."""
    return ResidualMetrics.of(_together(trials).group())


def ground_of(trials: Iterable[Trial]) -> ResidualMetrics:
    """Metrics over the ground of several trials."""
    return of_classes(trials, [PointClass.GROUND])


def by_class(trials: Sequence[Trial]) -> dict[str, ResidualMetrics]:
    """Metrics of each of CLASS_GROUPS."""
    return {name: of_classes(trials, [member]) for name, member in CLASS_GROUPS.items()}


def of_classes(trials: Iterable[Trial], members: Iterable[PointClass]) -> ResidualMetrics:
    """Metrics over the points of some classes."""
    return ResidualMetrics.of(_together(trials).group(members))


def by_speed(trials: Iterable[Trial]) -> dict[str, ResidualMetrics]:
    """Metrics of each bin of true speed."""
    return residual_by_speed(_together(trials).group())


def by_sensor(trials: Sequence[Trial]) -> dict[str, ResidualMetrics]:
    """Metrics of each sensor, in the order of the trials."""
    names = dict.fromkeys(trial.sensor for trial in trials)
    return {name: pooled(t for t in trials if t.sensor == name) for name in names}


def _together(trials: Iterable[Trial]) -> Tally:
    return total(trial.tally for trial in trials)
