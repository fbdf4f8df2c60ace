# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Supervision: what is known of the points that a student predicts, with them or about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zeroflow_training.data.sample import TrainingSample

NEWEST_COLUMNS = 5  # of a scene, those about the newest sweep


class Scene(NamedTuple):
    """What losses without labels look at, of a sample (NumPy) or a batch (PyTorch).

    Of the M predicted points: `points` float32 [M, 3] in the levelled frame, metres; `is_ground`,
    `dynamic` and `static` bool [M], the last two as the labels say, neither where they say nothing;
    `cluster` int64 [M], above 0 for points of one moving thing. Of the sweep before, what the
    student sees without ground: `before` float32 [K, 3] in the same frame, `before_dynamic` bool
    [K].
    """

    points: Any
    is_ground: Any
    dynamic: Any
    static: Any
    cluster: Any
    before: Any
    before_dynamic: Any

    @staticmethod
    def of(
        sample: TrainingSample, rows: npt.NDArray[np.intp], before_rows: npt.NDArray[np.intp]
    ) -> Scene:
        """Of a sample with marks, where `rows` of its newest sweep are predicted.

        `before_rows`: those of the sweep before that the student sees. Both sides have to end at
        the same heights and distances: treetops on one alone would teach façades to rise.
        """
        marks = sample.marks
        if marks is None:
            raise ValueError("a sample without marks has no scene")
        dynamic = marks.dynamic[rows]
        above = before_rows[~marks.before_is_ground[before_rows]]
        return Scene(
            sample.sweeps[0][rows],
            sample.is_ground[rows],
            dynamic,
            ~dynamic & (sample.weight[rows] > 0),
            np.where(dynamic, marks.cluster[rows], 0).astype(np.int64),
            sample.sweeps[1][above],
            marks.before_dynamic[above],
        )


class Known(NamedTuple):
    """Supervision of one sample in NumPy: `target` float32 [M, 3], `weight` float32 [M]."""

    target: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]
    interval_s: float
    scene: Scene | None


class Supervision(NamedTuple):
    """Of a batch, the points of one sample after another.

    `target` float32 [M, 3], metres over the interval, levelled frames; `weight` float32 [M] of the
    error, see TrainingSample; `counts` and `intervals_s`: points and interval of each sample;
    `scene` where losses look at it, with `before_counts` points before in each sample.
    """

    target: Tensor
    weight: Tensor
    counts: tuple[int, ...]
    intervals_s: tuple[float, ...]
    scene: Scene | None = None
    before_counts: tuple[int, ...] = ()

    @property
    def speed(self) -> Tensor:
        """True speed of each point, float32 [M], m/s: over the measured interval of its sample."""
        counts = torch.tensor(self.counts, device=self.target.device)
        seconds = self.target.new_tensor(self.intervals_s)
        length = self.target.norm(dim=1)
        return length / seconds.repeat_interleave(counts, output_size=len(length))

    @staticmethod
    def joined(samples: Sequence[Known]) -> Supervision:
        """Of the samples of a batch."""
        scenes = [known.scene for known in samples if known.scene is not None]
        columns = zip(*scenes, strict=True)
        return Supervision(
            joined([known.target for known in samples]),
            joined([known.weight for known in samples]),
            tuple(len(known.target) for known in samples),
            tuple(known.interval_s for known in samples),
            Scene(*(joined(list(column)) for column in columns)) if scenes else None,
            tuple(len(scene.before) for scene in scenes),
        )


def joined(arrays: Sequence[npt.NDArray[Any]]) -> Tensor:
    """Arrays one after another, as one tensor."""
    return torch.from_numpy(np.concatenate(arrays))
