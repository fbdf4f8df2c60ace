# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Verdict: whether a cluster moves, stands, or whether nobody can say."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zeroflow_training.teachers.cluster_batch import ClusterBatch
from zeroflow_training.teachers.correspondence import LIMIT_M
from zeroflow_training.teachers.rigid_fit import Motions, Partners, partners

LEAST_M = 0.05  # a motion below is standing, as Argoverse 2 counts
TALL_M = 0.8  # what moves is seen upright; patches of ground, hedges and railings often are not
SURE, SURE_TALL = 12.0, 6.0  # standard errors by which moving explains the points better
BETTER, BETTER_TALL = 0.5, 0.65  # cost of moving to that of standing
MAYBE = 4.0  # standard errors from which on standing is not sure
LARGEST_M, TALLEST_M = 12.0, 4.6  # radius and height of what can move
FASTEST_TURN = 0.2  # rad
OVERLAP = 0.3  # share of the points of each sweep that find a partner
AGREE_M, AGREE_SHARE = 0.15, 0.15  # by how much the two ways may differ, and of the motion


Both = tuple[Partners, Partners]  # of the source's points and of the target's


class Verdict(IntEnum):
    """What to say of a cluster's points."""

    STANDS = 0
    MOVES = 1
    UNCLEAR = 2


class Verdicts(NamedTuple):
    """Of K clusters: `kind` int [K], `cost` float [K] of the motion found, metres."""

    kind: npt.NDArray[np.int64]
    cost: npt.NDArray[np.float32]

    @staticmethod
    def of(batch: ClusterBatch, motions: Motions, ways: list[Motions], reach_m: float) -> Verdicts:
        """Judge one motion of each cluster (H = 1); `ways`: by each sweep's partners alone."""
        still, moved = (partners(batch, m) for m in (Motions.none(batch.middle), motions))
        before, after = (0.5 * (a.cost + b.cost)[:, 0] for a, b in (still, moved))
        gain, error = _gain(still, moved)
        surely = gain / error
        size = (batch.source.points[..., :2].norm(dim=-1) * batch.source.present).amax(-1)
        height = _height(batch)
        tall = height > TALL_M
        step = _mean_step(batch, motions)
        length = step.norm(dim=-1)
        apart = (_mean_step(batch, ways[0]) - _mean_step(batch, ways[1])).norm(dim=-1)
        plausible = (
            (length < reach_m)
            & (size < LARGEST_M)
            & (height < TALLEST_M)
            & (motions.yaw[:, 0].abs() < FASTEST_TURN)
            & (_overlap(moved) > OVERLAP)
            & (apart < AGREE_M + AGREE_SHARE * length)
        )
        better = after < torch.where(tall, BETTER_TALL, BETTER) * before
        sure = surely > torch.where(tall, SURE_TALL, SURE)
        moves = plausible & better & sure & (length > LEAST_M)
        unclear = ~moves & (surely > MAYBE) & (length > LEAST_M) & better
        kind = torch.where(moves, Verdict.MOVES, torch.where(unclear, Verdict.UNCLEAR, 0))
        return Verdicts(kind.cpu().numpy(), after.cpu().numpy())


def _gain(still: Both, moved: Both) -> tuple[Tensor, Tensor]:
    """By how much points are nearer to their partners, on average, and its standard error."""
    gains = [
        a.distance.clamp(max=LIMIT_M) - b.distance.clamp(max=LIMIT_M)
        for a, b in zip(still, moved, strict=True)
    ]
    gain = torch.cat(gains, -1)[:, 0]
    present = torch.cat([side.present for side in still], -1).float()
    count = present.sum(-1)
    mean = (gain * present).sum(-1) / count
    variance = ((gain - mean[:, None]).square() * present).sum(-1) / count
    return mean, (variance / count).sqrt().clamp(min=1e-6)


def _mean_step(batch: ClusterBatch, motions: Motions) -> Tensor:
    """Mean displacement of the source's points [K, 2]."""
    points, present = batch.source.points, batch.source.present.float()[..., None]
    step = motions.moved(points)[:, 0] - points
    return (step[..., :2] * present).sum(1) / present.sum(1)


def _height(batch: ClusterBatch) -> Tensor:
    """From the lowest to the highest point of the source [K]."""
    z, present = batch.source.points[..., 2], batch.source.present
    high, low = z.masked_fill(~present, -torch.inf), z.masked_fill(~present, torch.inf)
    return high.amax(-1) - low.amin(-1)


def _overlap(sides: Both) -> Tensor:
    """Share of points with a partner, of the sweep that has fewer of them [K]."""
    shares = [
        ((side.distance[:, 0] < LIMIT_M) & side.present).sum(-1) / side.present.sum(-1)
        for side in sides
    ]
    return torch.minimum(*shares)
