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
    if points.device.type == "cpu":
        from scipy.spatial import cKDTree

        # What diverged has no neighbours: any row will do, the loss is not finite anyway.
        known = torch.nan_to_num(points.float(), 0.0, 0.0, 0.0)
        rows = cKDTree(others.float().numpy()).query(known.numpy())[1]
        return torch.from_numpy(rows)
    chunks = points.float().split(CHUNK)
    mode = "donot_use_mm_for_euclid_dist"  # exact for what is close, far from the origin
    return torch.cat([torch.cdist(c, others.float(), compute_mode=mode).argmin(1) for c in chunks])


def squared_distance(points: Tensor, others: Tensor) -> Tensor:
    """To the nearest of `others` [K, 3] from each of `points` [N, 3]: [N], square metres.

    Differentiable in both, with the choice of neighbours held.
    """
    return (points - others[nearest(points, others)]).square().sum(1)
