# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nearest neighbours between two clouds: which ones, exactly, on CPU and GPU."""

from __future__ import annotations

import torch
from torch import Tensor

CHUNK = 4096  # rows of a distance matrix on a GPU, 0.5 GB for a cloud of 30,000


@torch.no_grad()
def nearest(points: Tensor, others: Tensor) -> Tensor:
    """Row of `others` [K, 3] nearest to each of `points` [N, 3]: int64 [N]. No cloud is empty."""
    find = by_tree if points.device.type == "cpu" else by_distances
    # What diverged has no neighbours: any row will do, the loss is not finite anyway.
    return find(torch.nan_to_num(points.float(), 0.0, 0.0, 0.0), others.float())


def by_tree(points: Tensor, others: Tensor) -> Tensor:
    """`nearest` where memory is slow and branches are cheap."""
    from scipy.spatial import cKDTree

    return torch.from_numpy(cKDTree(others.numpy()).query(points.numpy())[1])


def by_distances(points: Tensor, others: Tensor) -> Tensor:
    """`nearest` where products are cheap: all distances, some rows at a time."""
    mode = "donot_use_mm_for_euclid_dist"  # exact for what is close, far from the origin
    chunks = points.split(CHUNK)
    return torch.cat([torch.cdist(c, others, compute_mode=mode).argmin(1) for c in chunks])


def squared_distance(points: Tensor, others: Tensor) -> Tensor:
    """To the nearest of `others` [K, 3] from each of `points` [N, 3]: [N], square metres.

    Differentiable in both, with the choice of neighbours held.
    """
    return (points - others[nearest(points, others)]).square().sum(1)
