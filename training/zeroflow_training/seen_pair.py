# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SeenPair: what a teacher sees of two sweeps of a sequence, and labels for all their points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points, Transform, invert, transform_points
from zeroflow_training.sequences import Pairing, PairLabels, Sequence, StoredSweep
from zeroflow_training.teachers import PseudoLabel, Teacher

RANGE_M = 56.0  # |x|, |y|: what students see, and some more for what enters there


@dataclass(frozen=True)
class SeenPair:
    """Both sweeps in the source's levelled frame, without ground, far points and NaN.

    `source` float32 [n, 3], `target` float32 [m, 3], metres; `rows` int [n] of the source sweep's
    points; `is_ground` bool [N] of all of them; `level` levelled frame <- source's sensor [4, 4].
    """

    source: Points
    target: Points
    rows: npt.NDArray[np.intp]
    is_ground: npt.NDArray[np.bool_]
    level: Transform

    @staticmethod
    def of(sequence: Sequence, pairing: Pairing) -> SeenPair:
        """Read it. Raises DataError for a damaged sweep."""
        source, target = sequence.sweep(pairing.source), sequence.sweep(pairing.target)
        level = sequence.sensor_to_level
        there = level @ invert(source.posed.pose) @ target.posed.pose
        points, rows = _above_ground(source, level)
        return SeenPair(points, _above_ground(target, there)[0], rows, source.is_ground, level)

    def labelled(self, teacher: Teacher) -> PairLabels:
        """Labels of all points: ground stands, what the teacher does not see is not valid."""
        said = teacher.label(self.source, self.target)
        return self._everywhere(said)

    def _everywhere(self, said: PseudoLabel) -> PairLabels:
        count = len(self.is_ground)
        displacement, valid = np.zeros((count, 3), np.float32), self.is_ground.copy()
        to_sensor = self.level[:3, :3].astype(np.float32)
        displacement[self.rows] = np.where(said.valid[:, None], said.displacement, 0) @ to_sensor
        valid[self.rows] = said.valid
        cluster = None
        if said.cluster is not None:
            cluster = np.zeros(count, np.int32)
            cluster[self.rows] = said.cluster
        return PairLabels(displacement, valid, instance_id=cluster, report=said.diagnostics)


def _above_ground(stored: StoredSweep, level: Transform) -> tuple[Points, npt.NDArray[np.intp]]:
    """Points [n, 3] after a transform, and their rows."""
    points = transform_points(level, stored.posed.sweep.points)
    near = (np.abs(points[:, :2]) < RANGE_M).all(1) & np.isfinite(points[:, 2])
    rows = np.flatnonzero(near & ~stored.is_ground)
    return points[rows], rows
