# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RigidTeacher: every cluster stands, moves as a rigid body, or is left unlabelled. The default.

clusters of both sweeps -> vote -> closest points -> search -> does it move? -> points

In the spirit of ICP-Flow (Lin and Caesar 2024) and RVLoss, for a CPU: points face a way (see
`surfaces.py`), and a motion has to explain both sweeps better than standing does.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zeroflow_ros.geometry import Points
from zeroflow_training.teachers import PseudoLabel
from zeroflow_training.teachers.cluster_batch import ClusterBatch, batches, packed
from zeroflow_training.teachers.clusters import JointClusters, joint_clusters, linked_clusters
from zeroflow_training.teachers.correspondence import LIMIT_M, Correspondence
from zeroflow_training.teachers.optimisation import find_device
from zeroflow_training.teachers.rigid_fit import (
    CELL_M,
    Motions,
    cost_of,
    one_way,
    refined,
    searched,
    vote,
)
from zeroflow_training.teachers.settings import check_least, own_settings
from zeroflow_training.teachers.surfaces import Surfaces, surfaces
from zeroflow_training.teachers.verdict import Verdict, Verdicts

COARSE, MIDDLE = 128, 512  # points of a cluster in the first two rounds
COARSE_GATES_M = (0.5, 0.42, 0.36, 0.3, 0.25, 0.22, 0.2)
MIDDLE_GATES_M = (0.2, 0.18)
MIDDLE_STEPS_M, FINE_STEPS_M = (0.2, 0.1, 0.1), (0.05, 0.05, 0.03, 0.03, 0.02)
PEAKS, KEPT = 8, 2  # hypotheses of the vote, and those that are looked at closely
TURNING_M, TURNING_POINTS = 1.0, 30  # a smaller thing, or of fewer points, does not turn
FEWEST = 4  # points of a cluster in each sweep
HOPEFUL = 0.9  # share of the cost of standing that a motion may have to be looked at closely
GAP_M = 1.5  # between the two places of something fast
STRAY_M = 0.4  # from a moving body, and a point of no cluster goes with it


@dataclass(frozen=True)
class RigidTeacher:
    """`reach_m`: how far anything moves between the sweeps; 4 m are 144 km/h at 10 Hz.

    Raises ZeroflowError for a device that is not there and for settings without sense.
    """

    name: ClassVar[str] = "rigid"
    revision: ClassVar[int] = 1
    seed: int = 0
    device: str = "cpu"
    reach_m: float = 4.0

    def __post_init__(self) -> None:
        find_device(self.device)
        check_least(self, {"seed": 0, "reach_m": CELL_M})

    @property
    def settings(self) -> Mapping[str, Any]:
        """See Teacher; of the device its kind, whichever of several it is."""
        kind = torch.device(self.device).type
        return {"teacher": self.name, **own_settings(self), "device": kind}

    def label(self, source: Points, target: Points) -> PseudoLabel:
        """See Teacher; `cluster` tells apart what moves."""
        started = time.perf_counter()
        clouds = (np.asarray(source, np.float32), np.asarray(target, np.float32))
        answer = _Answer(len(source))
        if len(source) and len(target):
            self._answer(clouds, answer)
        report = {
            "iterations": answer.clusters,
            "loss": float(np.mean(answer.costs)) if answer.costs else 0.0,
            "moving_clusters": answer.moving,
            "valid_share": float(answer.valid.mean()) if len(source) else 0.0,
            "seconds": time.perf_counter() - started,
        }
        return PseudoLabel(answer.displacement, answer.valid, answer.cluster, report)

    def _answer(self, clouds: tuple[Points, Points], answer: _Answer) -> None:
        near = Correspondence.of(*clouds)
        rng = np.random.default_rng(self.seed)
        first = joint_clusters(*clouds)
        answer.valid[:] = near.of_source < LIMIT_M
        self._judge(clouds, first, near, answer, rng)
        # What neither stands nor moves yet may have gone further than it is long.
        left = [~answer.valid & (answer.cluster == 0), near.of_target >= LIMIT_M]
        rows = [np.flatnonzero(mask) for mask in left]
        second = linked_clusters(clouds[0][rows[0]], clouds[1][rows[1]], GAP_M)
        members = [[r[m] for m in side] for r, side in zip(rows, second, strict=True)]
        self._judge(clouds, JointClusters(*members), near, answer, rng)
        answer.take_strays(clouds[0], first)

    def _judge(
        self,
        clouds: tuple[Points, Points],
        clusters: JointClusters,
        near: Correspondence,
        answer: _Answer,
        rng: np.random.Generator,
    ) -> None:
        """Fit what may move, and write down the verdicts."""
        pairs = list(zip(*clusters, strict=True))
        asked = clusters.select(
            [
                k
                for k, (a, b) in enumerate(pairs)
                if min(len(a), len(b)) >= FEWEST and near.moved(a, b)
            ]
        )
        if not asked.source:
            return
        faces = (_of(clouds[0], asked.source), _of(clouds[1], asked.target))
        for numbers in batches(asked):
            some = asked.select(numbers)
            batch = packed(clouds, faces, some, rng, self.device)
            hopeful, motions = self._hypotheses(batch)
            some, batch = some.select(hopeful.tolist()), batch.select(hopeful)
            motions = searched(batch.first(MIDDLE), motions, _turns(batch), MIDDLE_STEPS_M)
            motions = searched(batch, motions, _turns(batch), FINE_STEPS_M)
            ways = one_way(batch, motions, _turns(batch), LIMIT_M)
            verdicts = Verdicts.of(batch, motions, ways, self.reach_m)
            answer.write(clouds[0], some, batch, motions, verdicts)

    def _hypotheses(self, batch: ClusterBatch) -> tuple[Tensor, Motions]:
        """Which clusters fit better when they move, int64 [L], and about how: [L, 1]."""
        coarse, middle = batch.first(COARSE), batch.first(MIDDLE)
        motions = vote(coarse, self.reach_m, PEAKS)
        motions = refined(coarse, motions, torch.zeros_like(_turns(batch)), COARSE_GATES_M)
        motions = motions.best(cost_of(coarse, motions), KEPT)
        motions = refined(middle, motions, _turns(batch), MIDDLE_GATES_M)
        cost = cost_of(middle, motions)
        still = cost_of(middle, Motions.none(batch.middle))
        hopeful = torch.nonzero(cost.amin(1) < HOPEFUL * still[:, 0]).flatten()
        best = motions.best(cost)
        return hopeful, Motions(best.yaw[hopeful], best.shift[hopeful])


def _turns(batch: ClusterBatch) -> Tensor:
    """Which clusters are large enough for a turn to be seen: bool [K]."""
    points, present = batch.source.points[..., :2], batch.source.present
    size = (points.norm(dim=-1) * present).amax(-1)
    return (size > TURNING_M) & (present.sum(-1) >= TURNING_POINTS)


class _Answer:
    """What has been found out about each of N points."""

    def __init__(self, count: int) -> None:
        self.displacement = np.zeros((count, 3), np.float32)
        self.valid = np.zeros(count, bool)
        self.cluster = np.zeros(count, np.int32)
        self.clusters, self.moving = 0, 0
        self.costs: list[float] = []

    def write(
        self,
        source: Points,
        clusters: JointClusters,
        batch: ClusterBatch,
        motions: Motions,
        verdicts: Verdicts,
    ) -> None:
        """Take over the verdicts on some clusters."""
        yaw, shift = motions.yaw[:, 0].tolist(), motions.shift[:, 0].cpu().numpy()
        middle = batch.middle.cpu().numpy()
        for k, rows in enumerate(clusters.source):
            self.clusters += 1
            self.costs.append(float(verdicts.cost[k]))
            if verdicts.kind[k] == Verdict.MOVES:
                self.moving += 1
                self.cluster[rows] = self.moving
                self.valid[rows] = True
                self.displacement[rows, :2] = _planar(source[rows] - middle[k], yaw[k], shift[k])
            elif verdicts.kind[k] == Verdict.UNCLEAR:
                self.valid[rows] = False

    def take_strays(self, source: Points, clusters: JointClusters) -> None:
        """Points of no cluster move with the body that they touch."""
        from scipy.spatial import cKDTree

        stray = np.ones(len(source), bool)
        stray[np.concatenate([np.empty(0, np.intp), *clusters.source])] = False
        stray &= self.cluster == 0
        moving = np.flatnonzero(self.cluster)
        rows = np.flatnonzero(stray)
        if not len(moving) or not len(rows):
            return
        distance, nearest = cKDTree(source[moving]).query(
            source[rows], distance_upper_bound=STRAY_M
        )
        rows, body = rows[np.isfinite(distance)], moving[nearest[np.isfinite(distance)]]
        self.displacement[rows], self.cluster[rows] = self.displacement[body], self.cluster[body]
        self.valid[rows] = True


def _planar(points: Points, yaw: float, shift: npt.NDArray[np.float32]) -> Points:
    """How far points [N, 3] about a cluster's middle go: [N, 2]."""
    turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]], np.float32)
    return points[:, :2] @ turn.T + shift - points[:, :2]


def _of(cloud: Points, members: list[npt.NDArray[np.intp]]) -> Surfaces:
    """Surfaces of the points of some clusters, at their rows."""
    rows = np.concatenate(members)
    found = surfaces(cloud[rows])
    normal, spacing = np.zeros_like(cloud), np.zeros(len(cloud), np.float32)
    normal[rows], spacing[rows] = found
    return Surfaces(normal, spacing)
