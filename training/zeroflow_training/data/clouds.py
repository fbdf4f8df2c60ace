# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From samples to FastFlow3D's inputs: two clouds without ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zeroflow_ros.geometry import Points
from zeroflow_ros.learned_pillar_loops import locate_by_division
from zeroflow_training.data.sample import Mask, TrainingSample
from zeroflow_training.data.supervision import Known, Scene, Supervision
from zeroflow_training.students.student import Batch

MOST_POINTS = 90_000  # of a cloud, as published; others are left out at random


class EncodedClouds(NamedTuple):
    """One sample in NumPy: both clouds float32 [M, 3] and [K, 3], and what is known of the M."""

    newest: Points
    before: Points
    known: Known


class CloudInputs(NamedTuple):
    """What FastFlow3D is called with: a source and a target float32 [., 3] of each sample."""

    sources: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]


@dataclass(frozen=True)
class CloudEncoding:
    """FastFlow3D's Encoder: points of the newest sweep and of the one before it.

    Those in the grid, see FastFlow3DConfig, and not on the ground.
    """

    range_m: float
    cell_m: float
    height_m: float
    with_scene: bool = False

    @property
    def window_m(self) -> None:
        return None

    def encode(self, sample: TrainingSample, rng: np.random.Generator) -> EncodedClouds:
        newest, before = sample.sweeps[:2]
        rows = self._rows(newest, sample.is_ground, rng)
        marks = sample.marks
        ground = marks.before_is_ground if marks else np.zeros(len(before), bool)
        before_rows = self._rows(before, ground, rng)
        known = Known(
            sample.flow[rows].astype(np.float32),
            sample.weight[rows],
            sample.interval_s,
            Scene.of(sample, rows, before_rows) if self.with_scene else None,
        )
        return EncodedClouds(newest[rows], before[before_rows], known)

    def collate(self, samples: Sequence[EncodedClouds]) -> Batch:
        inputs = CloudInputs(
            tuple(torch.from_numpy(s.newest) for s in samples),
            tuple(torch.from_numpy(s.before) for s in samples),
        )
        return Batch(inputs, Supervision.joined([s.known for s in samples]), len(samples))

    def _rows(
        self, points: Points, is_ground: Mask, rng: np.random.Generator
    ) -> npt.NDArray[np.intp]:
        """Rows of a sweep that the network gets."""
        size = round(2 * self.range_m / self.cell_m)
        cell_m, edge_m, height_m = map(np.float32, (self.cell_m, self.range_m, self.height_m))
        eye = np.eye(4, dtype=np.float32)
        inside = locate_by_division(points, eye, -edge_m, cell_m, size, -height_m, 2 * height_m)
        rows = inside[0][~is_ground[inside[0]]]
        if len(rows) > MOST_POINTS:
            rows = np.sort(rng.choice(rows, MOST_POINTS, replace=False))
        return rows if len(rows) > 1 else rows[:0]  # one point has no variance to normalise by
