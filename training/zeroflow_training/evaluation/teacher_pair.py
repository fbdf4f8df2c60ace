# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TeacherPair: two clouds as a teacher gets them, and the truth to hold its pseudo-labels against.

Judged are the points that the teacher gets with |x|, |y| < 35 m, as the published numbers were. A
point that it does not call valid counts as one that stands still.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points, Transform, invert, transform_points
from zeroflow_training.evaluation.frozen_worlds import (
    DEVELOPMENT_SEED,
    SENSORS,
    FrozenWorld,
    frozen_worlds,
)
from zeroflow_training.evaluation.intersection import NAME, SOURCES
from zeroflow_training.evaluation.pair import EvaluatedPair
from zeroflow_training.evaluation.recordings import above_ground, read_sweeps
from zeroflow_training.evaluation.regions import BOX_M
from zeroflow_training.evaluation.tally import Tally
from zeroflow_training.evaluation.trial import NOT_JUDGED
from zeroflow_training.seen_pair import RANGE_M
from zeroflow_training.simulation.simulator import SimulatedSweep
from zeroflow_training.teachers import PseudoLabel, Teacher

SIMULATED_SENSORS = ("HDL-64E", "VLP-32C", "DUAL-32", "VLP-16", "HDL-32E")
"""Those of 16 to 64 beams: of 128, a pair takes a teacher several minutes."""


@dataclass(frozen=True)
class TeacherPair:
    """`source` float32 [N, 3] and `target` [M, 3] without ground, in the source's frame (m).

    `truth` float32 [N, 3]: motion over the interval, ego motion removed; `judged` bool [N].
    """

    name: str
    source: Points
    target: Points
    truth: Points
    judged: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TeacherTrial:
    """What a teacher said of a pair: the tally of its errors, and seconds of processor time."""

    tally: Tally
    seconds: float
    label: PseudoLabel


def try_teacher(teacher: Teacher, pair: TeacherPair) -> TeacherTrial:
    """Label a pair. Processor time is that of one core only where threads are limited to one."""
    started = time.process_time()
    label = teacher.label(pair.source, pair.target)
    return TeacherTrial(judge(label.displacement, pair), time.process_time() - started, label)


def judge(flow: Points, pair: TeacherPair) -> Tally:
    """Of a flow [N, 3] of the pair's source."""
    return Tally.of(EvaluatedPair(pair.name, pair.source, flow, pair.truth, pair.judged))


def intersection_pairs(folder: Path) -> Iterator[TeacherPair]:
    """Both pairs of the recording with truth, from the folder of all recordings.

    Ground is what the truth file says; the last sweep has none and gets Patchwork++.
    """
    points = [sweep.points for sweep in read_sweeps(folder, NAME)[0]]
    files = {k: np.load(folder / f"{NAME}_truth_{k}.npz") for k in SOURCES}
    above = [
        ~files[k]["ground_est"] if k in files else above_ground(cloud)
        for k, cloud in enumerate(points)
    ]
    for k, file in files.items():
        keep = above[k]
        source, target = points[k][keep], points[k + 1][above[k + 1]]
        judged = file["valid"][keep] & _in_box(source)
        yield TeacherPair(f"{NAME} {k}", source, target, file["flow_residual"][keep], judged)


def simulated_pairs(sensors: Iterable[str] = SIMULATED_SENSORS) -> Iterator[TeacherPair]:
    """One street that no training saw for each of SENSORS that is named.

    The street's number is the sensor's, so that mountings differ and others may be left out.
    """
    for sensor in sensors:
        world = frozen_worlds(sensor, SENSORS.index(sensor) + 1, DEVELOPMENT_SEED)[-1]
        yield simulated_pair(f"{sensor} {world.seed}", world)


def simulated_pair(name: str, world: FrozenWorld) -> TeacherPair:
    """The newest sweep of a street towards the one before it, as `zeroflow label` would show them.

    Deskewed, levelled, near, and without what Patchwork++ takes for ground.
    """
    before, newest = replace(world, deskewed=True).sweeps(1 / world.rate_hz)[-2:]
    level = newest.sensor_to_level
    source, rows = _above_ground_levelled(newest, level)
    target, _ = _above_ground_levelled(before, level @ invert(newest.pose) @ before.pose)
    truth = -newest.flow[rows] @ level[:3, :3].T.astype(np.float32)
    judged = _in_box(source) & ~np.isin(newest.class_id[rows], NOT_JUDGED)
    return TeacherPair(name, source, target, truth, judged)


def _above_ground_levelled(
    sweep: SimulatedSweep, there: Transform
) -> tuple[Points, npt.NDArray[np.intp]]:
    """Points [n, 3] in the levelled frame of the pair, and their rows."""
    points = transform_points(there, sweep.points)
    rows = np.flatnonzero((np.abs(points[:, :2]) < RANGE_M).all(1) & above_ground(sweep.points))
    return points[rows], rows


def _in_box(points: Points) -> npt.NDArray[np.bool_]:
    return np.asarray((np.abs(points[:, :2]) < BOX_M).all(axis=1))
