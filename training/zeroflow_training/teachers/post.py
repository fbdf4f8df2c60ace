# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Post-processing around any teacher: rigid things move rigidly, and time runs both ways."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points
from zeroflow_training.teachers import PseudoLabel, Teacher
from zeroflow_training.teachers.kabsch import robust_kabsch
from zeroflow_training.teachers.settings import check_least, own_settings

LEAST = {"seed": 0, "eps_m": 0.01, "min_points": 3, "trials": 0, "inlier_m": 0, "still_m": 0}
"""Of RigidSmoothing: DBSCAN refuses a distance of 0, and two points have no rigid motion."""


@dataclass(frozen=True)
class RigidSmoothing:
    """One rigid motion for each cluster of the source (Chodosh et al. 2023, ZeroFlow's settings).

    Clusters: DBSCAN with `eps_m` and `min_points`. Motion: RANSAC of `trials` with `inlier_m`; none
    where it moves the cluster's centre by less than `still_m`. Other points keep their flow.
    Raises ZeroflowError for settings without sense.
    """

    name: ClassVar[str] = "post"
    revision: ClassVar[int] = 1
    teacher: Teacher
    seed: int = 0
    eps_m: float = 0.4
    min_points: int = 10
    trials: int = 250
    inlier_m: float = 0.2
    still_m: float = 0.05

    def __post_init__(self) -> None:
        check_least(self, LEAST)

    @property
    def settings(self) -> Mapping[str, Any]:
        """See Teacher; those of the teacher within under `of`, as the order decides."""
        return {"wrapper": self.name, **own_settings(self), "of": dict(self.teacher.settings)}

    def label(self, source: Points, target: Points) -> PseudoLabel:
        """See Teacher; points that are not valid are in no cluster."""
        raw, started = self.teacher.label(source, target), time.perf_counter()
        displacement = raw.displacement.copy()
        cluster = np.zeros(len(source), np.int32)
        cluster[raw.valid] = self._clusters(source[raw.valid])
        random, still = np.random.default_rng(self.seed), 0
        for rows in _rows_by_cluster(cluster):
            displacement[rows] = self._rigid(source[rows], displacement[rows], random)
            still += not displacement[rows[0]].any()
        more = {"clusters": int(cluster.max(initial=0)), "still_clusters": still}
        seconds = raw.diagnostics.get("seconds", 0.0) + time.perf_counter() - started
        diagnostics = {**raw.diagnostics, **more, "seconds": seconds}
        return PseudoLabel(displacement, raw.valid, cluster, diagnostics)

    def _clusters(self, points: Points) -> npt.NDArray[np.int32]:
        """Number of each point's cluster [N], from 1, and 0 for none."""
        from sklearn.cluster import DBSCAN  # type: ignore[import-untyped]

        if not len(points):
            return np.zeros(0, np.int32)
        found = DBSCAN(eps=self.eps_m, min_samples=self.min_points).fit_predict(points)
        return np.asarray(found + 1, np.int32)

    def _rigid(self, points: Points, flow: Points, random: np.random.Generator) -> Points:
        start = points.astype(np.float64)
        motion = robust_kabsch(start, start + flow, random, self.trials, self.inlier_m)
        if np.linalg.norm(motion.translation) < self.still_m:
            return np.zeros_like(flow)
        return (motion.apply(start) - start).astype(np.float32)


@dataclass(frozen=True)
class TwoWayConsistency:
    """Valid are only points whose flow leads back where it came from.

    A point follows its flow to the target's nearest point, no farther than `reach_m` from there,
    and takes that one's flow towards the source: it has to be back within `tolerance_m`.
    Raises ZeroflowError for settings without sense.
    """

    name: ClassVar[str] = "two-way"
    revision: ClassVar[int] = 1
    teacher: Teacher
    tolerance_m: float = 0.3
    reach_m: float = 1.0

    def __post_init__(self) -> None:
        check_least(self, {"tolerance_m": 0, "reach_m": 0})

    @property
    def settings(self) -> Mapping[str, Any]:
        """See RigidSmoothing."""
        return {"wrapper": self.name, **own_settings(self), "of": dict(self.teacher.settings)}

    def label(self, source: Points, target: Points) -> PseudoLabel:
        """See Teacher; diagnostics are those of the way there, seconds those of both."""
        there, back = self.teacher.label(source, target), self.teacher.label(target, source)
        started = time.perf_counter()
        valid = there.valid.copy()
        valid[valid] = self._returns(
            source[valid], there.displacement[valid], target[back.valid], back
        )
        displacement = np.where(valid[:, None], there.displacement, np.float32(0))
        seconds = sum(label.diagnostics.get("seconds", 0.0) for label in (there, back))
        diagnostics = {
            **there.diagnostics,
            "valid_share": float(valid.mean()) if len(valid) else 0.0,
            "seconds": seconds + time.perf_counter() - started,
        }
        return PseudoLabel(displacement, valid, there.cluster, diagnostics)

    def _returns(
        self, points: Points, flow: Points, target: Points, back: PseudoLabel
    ) -> npt.NDArray[np.bool_]:
        """Bool [N] for `points` [N, 3]; `target` [M, 3] are the valid points of `back`."""
        from scipy.spatial import cKDTree

        if not len(target):
            return np.zeros(len(points), bool)
        distance, row = cKDTree(target).query(points + flow)
        returned = np.linalg.norm(flow + back.displacement[back.valid][row], axis=1)
        kept: npt.NDArray[np.bool_] = (distance <= self.reach_m) & (returned <= self.tolerance_m)
        return kept


def _rows_by_cluster(cluster: npt.NDArray[np.int32]) -> list[npt.NDArray[np.intp]]:
    """Rows of each cluster from 1 on."""
    order = np.argsort(cluster, kind="stable")
    edges = np.searchsorted(cluster[order], np.arange(1, cluster.max(initial=0) + 1))
    return np.split(order, edges)[1:]
