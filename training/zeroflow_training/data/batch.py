# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From samples to the real-time student's inputs: pillars of all sweeps and samples together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from zeroflow_ros.pillars import PillarGrid
from zeroflow_training.data.sample import INTERVAL_S, TrainingSample
from zeroflow_training.data.supervision import Known, Scene, Supervision, joined
from zeroflow_training.losses import SPEED_EDGES_MPS
from zeroflow_training.students.student import Batch

POINTS_PER_BIN = 3000
PILLARS_IN_BLOCK = 4  # which PillarGrid numbers one after another


class Encoded(NamedTuple):
    """One sample in NumPy: the student's inputs, then target [M, 3] and weight [M]."""

    pillar_features: np.ndarray
    pillar_index: np.ndarray
    point_pillar: np.ndarray
    point_offset: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    interval_s: float = INTERVAL_S
    scene: Scene | None = None


class PillarInputs(NamedTuple):
    """What RealTimeStudent is called with."""

    pillar_features: Tensor
    pillar_index: Tensor
    point_pillar: Tensor
    point_offset: Tensor
    samples: int


@dataclass(frozen=True)
class PillarEncoding:
    """The real-time student's Encoder: windows as large as `grid`, `history` sweeps."""

    grid: PillarGrid
    history: int
    with_scene: bool = False

    @property
    def window_m(self) -> float:
        return self.grid.range_m

    def encode(self, sample: TrainingSample, rng: np.random.Generator) -> Encoded:
        return encode(sample, self.grid, rng, self.with_scene)

    def collate(self, samples: Sequence[Encoded]) -> Batch:
        return collate(samples, self.grid.size**2, self.history)


def encode(
    sample: TrainingSample, grid: PillarGrid, rng: np.random.Generator, with_scene: bool = False
) -> Encoded:
    """Pillars of every sweep, and a speed-balanced choice of the newest sweep's points.

    `with_scene`: with all points above the ground, for losses that look at both sweeps.
    """
    located = [grid.locate(points) for points in sample.sweeps]
    features, index = grid.features(located)
    newest = located[0]
    flow, weight = sample.flow[newest.rows], sample.weight[newest.rows]
    speed = np.linalg.norm(flow, axis=1) / sample.interval_s
    movers = (speed > SPEED_EDGES_MPS[0]) & (weight == 1)
    beneath = sample.is_ground[newest.rows] & (weight > 0)
    beneath &= _near(newest.cell, newest.cell[movers])
    weight = np.where(beneath, np.float32(1), weight)
    chosen = _balanced(speed, weight, beneath, rng)
    if with_scene:
        chosen = np.union1d(chosen, np.flatnonzero(~sample.is_ground[newest.rows]))
    return Encoded(
        features,
        index.astype(np.int64),
        newest.cell[chosen].astype(np.int64),
        newest.offset[chosen],
        flow[chosen].astype(np.float32),
        weight[chosen],
        sample.interval_s,
        Scene.of(sample, newest.rows[chosen], located[1].rows) if with_scene else None,
    )


def _near(cell: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which pillars are in a block with one of the others, bool like `cell`.

    Ground is plentiful, but what lies in a block with something that moves is where a network goes
    wrong: it has to tell heights apart within what it sees as one cell.
    """
    return np.isin(cell // PILLARS_IN_BLOCK, others // PILLARS_IN_BLOCK)


def _balanced(
    speed: np.ndarray, weight: np.ndarray, beneath: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Rows of at most POINTS_PER_BIN points of each of five kinds.

    What matters, by its speed in three bins; what stands and matters less; ground beneath movers.
    """
    speeds, learnt = np.digitize(speed, SPEED_EDGES_MPS), weight > 0
    minor = (speeds == 0) & (weight < 1)
    kinds = [(speeds == k) & ~minor & ~beneath for k in range(len(SPEED_EDGES_MPS) + 1)]
    kinds += [minor, beneath]
    rows = [rng.permutation(np.flatnonzero(kind & learnt))[:POINTS_PER_BIN] for kind in kinds]
    return np.concatenate(rows)


def collate(samples: Sequence[Encoded], cells_per_sample: int, history: int) -> Batch:
    """Stack encoded samples; indices of sample b are moved into its own part of the canvas."""
    inputs = PillarInputs(
        joined([s.pillar_features for s in samples]),
        joined([s.pillar_index + b * history * cells_per_sample for b, s in enumerate(samples)]),
        joined([s.point_pillar + b * cells_per_sample for b, s in enumerate(samples)]),
        joined([s.point_offset for s in samples]),
        len(samples),
    )
    known = [Known(s.target, s.weight, s.interval_s, s.scene) for s in samples]
    return Batch(inputs, Supervision.joined(known), len(samples))
