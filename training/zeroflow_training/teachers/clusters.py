# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clusters: what hangs together in two sweeps laid over each other.

A thing that moves less than its length between two sweeps is one cluster with both its places in it
(ICP-Flow, Lin and Caesar 2024), and nothing has to be matched.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points

VOXEL_M = 0.15  # smaller things than that are one point
VOXELS = 20_000  # HDBSCAN's time grows with the square: 1.2 s on one core
FLATTENED = 0.5  # heights count half: a car's roof belongs to its doors
SMALLEST, NEIGHBOURS = 10, 3  # voxels of a cluster; how many of them have to lie close

Rows = npt.NDArray[np.intp]


class JointClusters(NamedTuple):
    """Rows of the points of each cluster, in the source and in the target."""

    source: list[Rows]
    target: list[Rows]

    def select(self, chosen: list[int]) -> JointClusters:
        """Only the clusters of these numbers."""
        return JointClusters([self.source[k] for k in chosen], [self.target[k] for k in chosen])


def joint_clusters(source: Points, target: Points) -> JointClusters:
    """HDBSCAN (Campello et al. 2013) over the voxels of both sweeps, [N, 3] and [M, 3] metres."""
    from sklearn.cluster import HDBSCAN

    both = _flattened(source, target)
    centres, voxel = _voxels(both)
    if len(centres) <= SMALLEST:
        return JointClusters([], [])
    found = HDBSCAN(min_cluster_size=SMALLEST, min_samples=NEIGHBOURS, copy=True).fit(centres)
    return _split(found.labels_[voxel], len(source))


def linked_clusters(source: Points, target: Points, gap_m: float) -> JointClusters:
    """DBSCAN (Ester et al. 1996): what no gap of `gap_m` parts, for what moves beyond its length.

    To be used where little else is about.
    """
    from sklearn.cluster import DBSCAN

    both = _flattened(source, target)
    if len(both) == 0:
        return JointClusters([], [])
    centres, voxel = _voxels(both)
    found = DBSCAN(eps=gap_m, min_samples=2).fit(centres)
    return _split(found.labels_[voxel], len(source))


def _flattened(source: Points, target: Points) -> npt.NDArray[np.float64]:
    return np.concatenate([source, target]).astype(np.float64) * [1, 1, FLATTENED]


def _split(label: npt.NDArray[np.intp], sources: int) -> JointClusters:
    count = int(label.max(initial=-1)) + 1
    return JointClusters(_members(label[:sources], count), _members(label[sources:], count))


def _members(label: npt.NDArray[np.intp], count: int) -> list[Rows]:
    """Rows of each label from 0; -1 is none."""
    order = np.argsort(label, kind="stable")
    return np.split(order, np.searchsorted(label[order], np.arange(count + 1)))[1:-1]


def _voxels(points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], Rows]:
    """Mean point of each occupied voxel, at most VOXELS of them, and the voxel of each point."""
    edge = VOXEL_M
    while True:
        key = np.floor(points / edge).astype(np.int64)
        key -= key.min(0)
        spans = key.max(0) + 1
        flat = (key[:, 0] * spans[1] + key[:, 1]) * spans[2] + key[:, 2]
        _, voxel, counts = np.unique(flat, return_inverse=True, return_counts=True)
        if len(counts) <= VOXELS:
            sums = [np.bincount(voxel, points[:, axis], len(counts)) for axis in range(3)]
            return np.stack(sums, 1) / counts[:, None], voxel
        edge *= 1.1
