# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From a labelled pair of a sequence to a training sample, in either direction of time."""

from __future__ import annotations

from collections.abc import Sequence as Many

import numpy as np

from zeroflow_ros.geometry import Transform
from zeroflow_training.data.levelled import levelled_sweeps
from zeroflow_training.data.sample import Marks, Mask, TrainingSample, is_dynamic
from zeroflow_training.sequences import Pairing, Sequence
from zeroflow_training.sequences.sequence import TOLERANCE

GROUND_WEIGHT = 0.5  # as in simulated worlds: seen, hardly judged


def recorded_sample(
    sequence: Sequence,
    teacher: str,
    pairing: Pairing,
    lags: Many[int],
    level_error: Transform,
    pose_errors: Many[Transform],
) -> TrainingSample:
    """The source of a labelled pair as the newest sweep, its target as the one before.

    Where the target comes later, time runs backwards, for all sweeps. Labels say where points go,
    samples where they came from: the sign turns. Errors [4, 4] as for `levelled_sweeps`. Points
    that are NaN are left out. Raises DataError for damaged files.
    """
    stored = [
        None if number is None else sequence.sweep(number)
        for number in history(sequence.manifest.stamps_ns, pairing, lags)
    ]
    now, before = stored[:2]
    assert now is not None
    assert before is not None
    labels = sequence.labels(teacher, pairing)
    level = level_error @ sequence.sensor_to_level
    clouds = [None if s is None else (s.posed.sweep.points, s.posed.pose) for s in stored]
    sweeps = levelled_sweeps(clouds, level, pose_errors)
    learnt = labels.valid & ~now.is_ground
    flow = np.where(learnt[:, None], 0 - labels.displacement, np.float32(0))
    cluster = labels.instance_id
    interval_s = abs(now.posed.seconds_after(before.posed))
    sample = TrainingSample(
        sweeps,
        flow @ level[:3, :3].T.astype(np.float32),
        np.where(now.is_ground, GROUND_WEIGHT, learnt).astype(np.float32),
        now.is_ground,
        Marks(
            learnt & is_dynamic(flow, interval_s),
            np.zeros(len(flow), np.int32) if cluster is None else cluster,
            before.is_ground,
            _dynamic(sequence, teacher, pairing) & ~before.is_ground,
        ),
        interval_s,
    )
    finite = [np.logical_and.reduce(np.isfinite(points), axis=1) for points in sweeps]
    return sample.select(finite)


def history(stamps_ns: Many[int], pairing: Pairing, lags: Many[int]) -> list[int | None]:
    """Numbers of the sweeps at `lags` intervals of a pair, from its source on over its target.

    None where the sequence has none within TOLERANCE of an interval: before its start, in a gap.
    """
    stamps, step = np.asarray(stamps_ns, np.int64), 1 if pairing.target > pairing.source else -1
    start, interval = stamps[pairing.source], stamps[pairing.target] - stamps[pairing.source]
    found: list[int | None] = [*pairing]
    latest = pairing.target
    for lag in lags[2:]:
        off = np.abs(stamps - (start + lag * interval))
        nearest = int(off.argmin())
        fits = off[nearest] <= TOLERANCE * abs(interval) and (nearest - latest) * step > 0
        found.append(nearest if fits else None)
        latest = nearest if fits else latest
    return found


def _dynamic(sequence: Sequence, teacher: str, pairing: Pairing) -> Mask:
    """Which points of a pair's target move, bool, by its own labels; none where it has none."""
    source, target = pairing
    for other in (source, 2 * target - source):
        own = Pairing(target, other)
        if 0 <= other < len(sequence) and sequence.label_file(teacher, own).is_file():
            labels = sequence.labels(teacher, own)
            return labels.valid & is_dynamic(labels.displacement, sequence.seconds_between(own))
    return np.zeros(sequence.manifest.points[target], bool)
