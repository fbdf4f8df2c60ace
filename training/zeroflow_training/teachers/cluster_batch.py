# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ClusterBatch: clusters of about one size as tensors, so that many are fitted at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zeroflow_ros.geometry import Points
from zeroflow_training.teachers.clusters import JointClusters, Rows
from zeroflow_training.teachers.surfaces import Surfaces

POINTS = 2048  # of a cluster in a sweep that are looked at
DISTANCES = 1_000_000  # of a batch; more would leave a processor's cache
HYPOTHESES = 11  # for which distances are made at once
FAR_M = 1e3  # where points are that only fill up


class Side(NamedTuple):
    """Points of K clusters in one sweep, padded to n: `points` float32 [K, n, 3], metres about the
    cluster's middle, in random order; `present` bool [K, n]; their `normal` [K, n, 3] and
    `spacing` [K, n], see Surfaces.
    """

    points: Tensor
    present: Tensor
    normal: Tensor
    spacing: Tensor

    def first(self, count: int) -> Side:
        """At most that many points of each cluster; what is left lies further apart."""
        if self.points.shape[1] <= count:
            return self
        thinner = (self.present.sum(1, keepdim=True) / count).clamp(min=1).sqrt()
        points, present, normal, spacing = (values[:, :count] for values in self)
        return Side(points, present, normal, spacing * thinner)


class ClusterBatch(NamedTuple):
    """K clusters as they are in both sweeps; `middle` float32 [K, 3], metres."""

    source: Side
    target: Side
    middle: Tensor

    def select(self, numbers: Tensor) -> ClusterBatch:
        """Only these clusters, int64 [L]."""
        source, target = (Side(*(values[numbers] for values in side)) for side in self[:2])
        return ClusterBatch(source, target, self.middle[numbers])

    def first(self, count: int) -> ClusterBatch:
        """At most that many points of each cluster and sweep."""
        return ClusterBatch(self.source.first(count), self.target.first(count), self.middle)


def batches(clusters: JointClusters) -> Iterator[list[int]]:
    """Numbers of clusters of about one size, few enough to be fitted together."""
    sizes = [
        min(POINTS, max(len(source), len(target))) for source, target in zip(*clusters, strict=True)
    ]
    batch: list[int] = []
    for number in sorted(range(len(sizes)), key=sizes.__getitem__):
        if batch and (len(batch) + 1) * HYPOTHESES * sizes[number] ** 2 > DISTANCES:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def packed(
    clouds: tuple[Points, Points],
    surfaces: tuple[Surfaces, Surfaces],
    clusters: JointClusters,
    rng: np.random.Generator,
    device: str,
) -> ClusterBatch:
    """Clusters, none empty in either sweep, as tensors; of large ones a random choice of points."""
    middle = np.stack([clouds[0][rows].mean(0) for rows in clusters.source])
    sides = [
        _side(cloud, surface, rows, middle, rng, device)
        for cloud, surface, rows in zip(clouds, surfaces, clusters, strict=True)
    ]
    return ClusterBatch(sides[0], sides[1], torch.from_numpy(middle).to(device))


def _side(
    cloud: Points,
    surface: Surfaces,
    members: Sequence[Rows],
    middle: npt.NDArray[np.float32],
    rng: np.random.Generator,
    device: str,
) -> Side:
    chosen = [rng.permutation(rows)[:POINTS] for rows in members]
    thinner = [np.sqrt(len(all_) / len(some)) for all_, some in zip(members, chosen, strict=True)]
    present = np.arange(max(map(len, chosen))) < np.array([[len(rows)] for rows in chosen])
    row = np.zeros(present.shape, np.intp)
    row[present] = np.concatenate(chosen)
    points = np.where(present[..., None], cloud[row] - middle[:, None], np.float32(FAR_M))
    spacing = surface.spacing[row] * np.array(thinner, np.float32)[:, None]
    arrays = (points, present, surface.normal[row], spacing)
    return Side(*(torch.from_numpy(array).to(device) for array in arrays))
