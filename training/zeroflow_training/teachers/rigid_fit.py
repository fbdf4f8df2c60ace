# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rigid motions of many clusters at once, in torch: the same on CPU and CUDA.

K clusters with H hypotheses each. Motions are planar: a turn about the cluster's middle and a
shift, so that nothing tilts.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from zeroflow_training.teachers.cluster_batch import ClusterBatch, Side
from zeroflow_training.teachers.clusters import FLATTENED
from zeroflow_training.teachers.correspondence import LIMIT_M

CELL_M = 0.1  # of the vote
STEEPEST_M = 0.2  # points vote only for partners at about their height
ASKED = 512  # points of a cluster whose partners are looked for
PATTERN = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
TURN_PER_M = 0.2  # rad of a turn that is tried where a shift of a metre is
FEWEST = 6  # partners that a motion is fitted to


class Motions(NamedTuple):
    """`yaw` [K, H] rad about the cluster's middle, then `shift` [K, H, 2] m."""

    yaw: Tensor
    shift: Tensor

    @staticmethod
    def none(like: Tensor) -> Motions:
        """One that stands for each of the K clusters of `like`."""
        return Motions(like.new_zeros(len(like), 1), like.new_zeros(len(like), 1, 2))

    def moved(self, points: Tensor) -> Tensor:
        """`points` [K, n, 3] -> [K, H, n, 3]."""
        cos, sin = self.yaw.cos()[..., None], self.yaw.sin()[..., None]
        x, y, z = points[:, None].unbind(-1)
        shift_x, shift_y = self.shift[..., None, 0], self.shift[..., None, 1]
        return torch.stack(
            [cos * x - sin * y + shift_x, sin * x + cos * y + shift_y, z.expand_as(cos * x)], -1
        )

    def best(self, cost: Tensor, count: int = 1) -> Motions:
        """The `count` cheapest hypotheses of each cluster; `cost` [K, H]."""
        chosen = cost.topk(min(count, cost.shape[1]), largest=False).indices
        rows = torch.arange(len(cost), device=cost.device)[:, None]
        return Motions(self.yaw[rows, chosen], self.shift[rows, chosen])


class Partners(NamedTuple):
    """Nearest points of the other sweep, of the first `ASKED` points of each cluster.

    `distance` [K, H, n] m: across the partner's surface, and along it beyond its spacing; `row`
    int64 [K, H, n]: which point it is; `present` bool [K, n]: which points ask.
    """

    distance: Tensor
    row: Tensor
    present: Tensor

    @property
    def cost(self) -> Tensor:
        """Mean distance, each at most LIMIT_M: [K, H]."""
        present = self.present[:, None].float()
        total = (self.distance.clamp(max=LIMIT_M) * present).sum(-1)
        return total / present.sum(-1).clamp(min=1)


def vote(batch: ClusterBatch, reach_m: float, count: int) -> Motions:
    """Shifts that most pairs of points agree on, `count` for each cluster; none turns.

    Histogram of all differences at about one height, its peaks (ICP-Flow, Lin and Caesar 2024).
    """
    bins = 2 * round(reach_m / CELL_M) + 1
    difference = batch.target.points[:, None] - batch.source.points[:, :, None]
    cell = (difference[..., :2] / CELL_M).round() + bins // 2
    inside = ((cell >= 0) & (cell < bins)).all(-1) & (difference[..., 2].abs() < STEEPEST_M)
    inside &= batch.source.present[:, :, None] & batch.target.present[:, None]
    clusters = torch.arange(len(inside), device=inside.device)[:, None, None]
    flat = (clusters * bins + cell[..., 0].long()) * bins + cell[..., 1].long()
    votes = torch.bincount(flat[inside], minlength=len(inside) * bins * bins)
    votes = votes.reshape(len(inside), 1, bins, bins).float()
    smooth = torch.nn.functional.avg_pool2d(votes, 3, 1, 1)
    peak = smooth == torch.nn.functional.max_pool2d(smooth, 5, 1, 2)
    chosen = (smooth * peak).flatten(1).topk(count).indices
    at = torch.stack([chosen // bins, chosen % bins], -1) - bins // 2
    return Motions(torch.zeros_like(chosen, dtype=torch.float32), at * CELL_M)


def partners(batch: ClusterBatch, motions: Motions) -> tuple[Partners, Partners]:
    """Of the source's points, moved, and of the target's."""
    moved = motions.moved(batch.source.points)
    target = batch.target.points[:, None].expand(-1, moved.shape[1], -1, -1)
    return (
        _nearest(moved, batch.source, target, batch.target),
        _nearest(target, batch.target, moved, batch.source),
    )


def cost_of(batch: ClusterBatch, motions: Motions) -> Tensor:
    """Mean of the costs of both sweeps' points [K, H]."""
    of_source, of_target = partners(batch, motions)
    return 0.5 * (of_source.cost + of_target.cost)


def refined(
    batch: ClusterBatch, motions: Motions, turns: Tensor, gates_m: tuple[float, ...]
) -> Motions:
    """Iterative closest points (Besl and McKay 1992), both ways at once, a gate a round.

    `turns` bool [K]: which clusters may turn. Hypotheses of too few partners stay.
    """
    for gate in gates_m:
        motions = _aligned(batch, motions, turns, gate)
    return motions


def one_way(batch: ClusterBatch, motions: Motions, turns: Tensor, gate: float) -> list[Motions]:
    """A last round by the partners of the source's points alone, and by those of the target's."""
    both = partners(batch, motions)
    return [_fitted(batch, motions, turns, gate, [way]) for way in enumerate(both)]


def searched(
    batch: ClusterBatch, motions: Motions, turns: Tensor, steps_m: tuple[float, ...]
) -> Motions:
    """One motion for each cluster (H = 1), stepped downhill in cost over a pattern.

    On a long flat side, closest points hold each other back; what a step costs does not.
    """
    pattern = motions.shift.new_tensor([*((x, y, 0) for x, y in PATTERN), (0, 0, -1), (0, 0, 1)])
    for step in steps_m:
        yaw = motions.yaw + step * TURN_PER_M * pattern[None, :, 2] * turns[:, None]
        tried = Motions(yaw, motions.shift + step * pattern[None, :, :2])
        motions = tried.best(cost_of(batch, tried))
    return motions


def _nearest(asking: Tensor, side: Side, others: Tensor, other: Side) -> Partners:
    """`asking` [K, H, n, 3] points of `side` in `others` [K, H, m, 3] of the `other` one."""
    flat = asking.new_tensor([1.0, 1.0, FLATTENED])
    a, b = asking[:, :, :ASKED] * flat, others * flat
    exact = "donot_use_mm_for_euclid_dist"  # products of matrices lose millimetres
    row = torch.cdist(a.flatten(0, 1), b.flatten(0, 1), compute_mode=exact).argmin(-1)
    row = row.reshape(a.shape[:3])
    apart = a - b.gather(2, row[..., None].expand(-1, -1, -1, 3))
    clusters = torch.arange(len(row), device=row.device)[:, None, None]
    across = (apart * other.normal[clusters, row]).sum(-1).square()
    along = (apart.square().sum(-1) - across).clamp(min=0).sqrt()
    beyond = (along - other.spacing[clusters, row]).clamp(min=0)
    return Partners((across + beyond.square()).sqrt(), row, side.present[:, :ASKED])


def _aligned(batch: ClusterBatch, motions: Motions, turns: Tensor, gate: float) -> Motions:
    return _fitted(batch, motions, turns, gate, list(enumerate(partners(batch, motions))))


def _fitted(
    batch: ClusterBatch,
    motions: Motions,
    turns: Tensor,
    gate: float,
    ways: list[tuple[int, Partners]],
) -> Motions:
    """Least squares over the partners within `gate` (planar Kabsch 1976).

    `ways`: partners of the source's points (0), of the target's (1), or both.
    """
    shape = motions.yaw.shape
    sides = [side.points[:, None, :, :2].expand(*shape, -1, 2) for side in batch[:2]]
    from_, to, weights = [], [], []
    for way, found in ways:
        asking = sides[way][:, :, : found.row.shape[-1]]
        asked = sides[1 - way].gather(2, found.row[..., None].expand(-1, -1, -1, 2))
        from_.append(asked if way else asking)
        to.append(asking if way else asked)
        weights.append((found.distance < gate) & found.present[:, None])
    a, b = torch.cat(from_, -2), torch.cat(to, -2)
    weight = torch.cat(weights, -1)[..., None].float()
    total = weight.sum(-2)
    mean_a = (weight * a).sum(-2) / total.clamp(min=1)
    mean_b = (weight * b).sum(-2) / total.clamp(min=1)
    p, q = a - mean_a[..., None, :], b - mean_b[..., None, :]
    cross = (weight[..., 0] * (p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0])).sum(-1)
    yaw = torch.atan2(cross, (weight * p * q).sum((-1, -2))) * turns[:, None]
    cos, sin = yaw.cos(), yaw.sin()
    x, y = mean_a.unbind(-1)
    shift = mean_b - torch.stack([cos * x - sin * y, sin * x + cos * y], -1)
    enough = total[..., 0] >= FEWEST
    return Motions(
        torch.where(enough, yaw, motions.yaw), torch.where(enough[..., None], shift, motions.shift)
    )
