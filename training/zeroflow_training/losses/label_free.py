# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses that need no flow to learn from, after SeFlow (Zhang et al. 2024).

All of them see one sample: its newest points above the ground, their predicted displacement over
the last interval, and the sweep before. Points minus displacement should lie on that sweep.
"""

from __future__ import annotations

import torch
from torch import Tensor

from zeroflow_training.losses.nearest import nearest, squared_distance

TRUNCATION_M2 = 4.0  # what is farther has no counterpart: seen once, or hidden since
FEWEST_DYNAMIC = 256


def chamfer_loss(points: Tensor, displacement: Tensor, before: Tensor) -> Tensor:
    """Mean squared distance to the nearest, truncated, there and back; m^2.

    `points`, `displacement` float [N, 3], `before` float [K, 3]; 0 where one cloud is empty.
    Truncated at TRUNCATION_M2, not left out beyond it: a flow that leads nowhere is no good one.
    """
    if not len(points) or not len(before):
        return displacement.sum() * 0.0
    moved = points - displacement
    there, back = squared_distance(moved, before), squared_distance(before, moved)
    return there.clamp(max=TRUNCATION_M2).mean() + back.clamp(max=TRUNCATION_M2).mean()


def dynamic_chamfer_loss(
    points: Tensor,
    displacement: Tensor,
    dynamic: Tensor,
    before: Tensor,
    before_dynamic: Tensor,
) -> Tensor:
    """`chamfer_loss` of the points that move, `dynamic` bool [N] and `before_dynamic` bool [K].

    0 unless there are more than FEWEST_DYNAMIC in both sweeps.
    """
    moving, moved = points[dynamic], before[before_dynamic]
    if min(len(moving), len(moved)) <= FEWEST_DYNAMIC:
        return displacement.sum() * 0.0
    return chamfer_loss(moving, displacement[dynamic], moved)


def static_loss(displacement: Tensor, static: Tensor) -> Tensor:
    """Mean length of the displacement of static points, `static` bool [N]; 0 without any."""
    length = displacement.norm(dim=1)
    return (length * static).sum() / static.sum().clamp(min=1)


def cluster_loss(
    points: Tensor,
    displacement: Tensor,
    cluster: Tensor,
    before: Tensor,
    before_dynamic: Tensor,
) -> Tensor:
    """Mean distance to what the point of a cluster says that has moved farthest; metres.

    `cluster` int64 [N], above 0 for points of a moving thing. In each the point whose nearest
    neighbour in `before` is farthest, among those whose neighbour is dynamic, gives the target of
    the whole cluster: of a thing that moves, most points lie on where it was, only its end does
    not. Clusters without such a point do not count.
    """
    rows = cluster.nonzero().flatten()
    if not len(rows) or not len(before):
        return displacement.sum() * 0.0
    target, found = _cluster_targets(points[rows], cluster[rows], before, before_dynamic)
    error = (displacement[rows] - target).norm(dim=1)
    return (error * found).sum() / found.sum().clamp(min=1)


@torch.no_grad()
def _cluster_targets(
    points: Tensor, cluster: Tensor, before: Tensor, before_dynamic: Tensor
) -> tuple[Tensor, Tensor]:
    """Target [N, 3] of clustered points, and which ones have one: bool [N]."""
    number, member = cluster.unique(return_inverse=True)
    neighbour = nearest(points, before)
    motion = points - before[neighbour]
    reach = torch.where(before_dynamic[neighbour], motion.norm(dim=1), -1.0)
    farthest = reach.new_full((len(number),), -1.0).scatter_reduce(0, member, reach, "amax")
    # The first of those that are farthest: on a GPU as well, and every time.
    row = torch.arange(len(points), device=points.device)
    row = torch.where(reach == farthest[member], row, len(points))
    speaker = row.new_full((len(number),), len(points)).scatter_reduce(0, member, row, "amin")
    return motion[speaker][member], (farthest >= 0)[member]
