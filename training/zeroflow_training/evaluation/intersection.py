# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Intersection: the real recording with flow truth, read in two ways.

Its truth files say where the points of sweep k are in sweep k + 1.

- `published`: source k, target k + 1, by `PairEstimator`: two sweeps, whatever the model's history.
- `newest`: the estimator as it runs on a vehicle. Time runs backwards: sweeps are fed last to first
  with mirrored stamps, so the source is the newest sweep, k + 1 the one before and k + 2 the one
  before that. Where source points came from is then the negative of where they go. Of three
  sweeps, that leaves a model of two both pairs, and the others the one whose source has both
  others behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.ego_motion import EgoMotion
from zeroflow_ros.estimator import FlowEstimator, PairEstimator
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Points
from zeroflow_ros.sweep import Sweep
from zeroflow_training.evaluation.classes import of_foreground
from zeroflow_training.evaluation.pair import EvaluatedPair
from zeroflow_training.evaluation.recordings import above_ground, in_region, read_sweeps
from zeroflow_training.evaluation.residual import ResidualMetrics
from zeroflow_training.evaluation.tally import Tally, total
from zeroflow_training.evaluation.threeway import Threeway
from zeroflow_training.evaluation.trial import Estimator

NAME = "intersection"
SOURCES = (0, 1)  # the sweeps with a truth file


@dataclass(frozen=True)
class Truth:
    """Of a source sweep [N]: flow towards the next one (m), labelled points, and the judged ones.

    Judged are points in the region that belong to no ground and whose truth is valid.
    """

    flow: npt.NDArray[np.float32]
    foreground: npt.NDArray[np.bool_]
    judged: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Intersection:
    """Sweeps, ego motion, and the truth of each sweep that has one."""

    sweeps: list[Sweep]
    ego_motion: EgoMotion
    truths: dict[int, Truth]

    @staticmethod
    def read(folder: Path) -> Intersection:
        """From the folder of all recordings."""
        sweeps, ego_motion = read_sweeps(folder, NAME)
        truths = {}
        for k in SOURCES:
            file = np.load(folder / f"{NAME}_truth_{k}.npz")
            judged = file["valid"] & ~file["ground_est"] & in_region(sweeps[k].points)
            truths[k] = Truth(file["flow_residual"], file["instance_id"] > 0, judged)
        return Intersection(sweeps, ego_motion, truths)

    def published(self, model: str | Path | None) -> dict[int, Flow]:
        """Flow of each source towards the next sweep."""
        pairs = PairEstimator(model)
        return {
            k: pairs.flow(self.sweeps[k].points, self.sweeps[k + 1].points) for k in self.truths
        }

    def newest(self, estimator: Estimator, reach: int) -> dict[int, Flow]:
        """Flow of the sources with time running backwards, turned forwards again.

        Of those that got one with `reach` sweeps behind them.
        """
        turning_ns = self.sweeps[0].stamp_ns + self.sweeps[-1].stamp_ns
        found = {}
        for k, sweep in reversed(list(enumerate(self.sweeps))):
            # Without extras: points' times do not run backwards.
            mirrored = replace(sweep, stamp_ns=turning_ns - sweep.stamp_ns, extras={})
            flow = estimator.update(mirrored, self.ego_motion.pose(sweep.stamp_ns))
            history = len(self.sweeps) - 1 - k
            if k in self.truths and history >= reach and flow.status is FlowStatus.ESTIMATED:
                found[k] = replace(flow, displacement=-flow.displacement)
        return found

    def compare(self, flows: Mapping[int, Flow]) -> dict[str, dict[str, float]]:
        """Metrics of these flows, and of two yardsticks on the same points, all pairs pooled."""
        keep = {k: self.truths[k].judged & flow.valid for k, flow in flows.items()}
        answers = {
            "model": {k: flow.displacement for k, flow in flows.items()},
            "zero flow": {k: np.zeros_like(flow.displacement) for k, flow in flows.items()},
            "nearest neighbour": {k: self._nearest(k, mask) for k, mask in keep.items()},
        }
        rows = {}
        for name, said in answers.items():
            tally = total(self._tally(k, said[k], mask) for k, mask in keep.items())
            metrics, threeway = ResidualMetrics.of(tally.group()), Threeway.of(tally)
            rows[name] = {**asdict(metrics), **threeway.row(), "pairs": len(flows)}
        return rows

    def _tally(self, k: int, said: Points, judged: npt.NDArray[np.bool_]) -> Tally:
        truth = self.truths[k]
        classes = of_foreground(truth.foreground)
        points = self.sweeps[k].points
        return Tally.of(EvaluatedPair(f"{NAME} {k}", points, said, truth.flow, judged, classes))

    def _nearest(self, k: int, mask: npt.NDArray[np.bool_]) -> Points:
        """From source points to their nearest neighbour above ground in the next sweep.

        Zero for the points that are not in `mask`.
        """
        from scipy.spatial import cKDTree

        source, target = self.sweeps[k].points, self.sweeps[k + 1].points
        candidates = target[above_ground(target)]
        flow = np.zeros_like(source)
        flow[mask] = candidates[cKDTree(candidates).query(source[mask])[1]] - source[mask]
        return flow


def intersection_tables(
    folder: Path, model: str | Path | None
) -> dict[str, dict[str, dict[str, float]]]:
    """Rows by reading; the newest sweep with as much history as model and recording have."""
    recording, estimator = Intersection.read(folder), FlowEstimator(model)
    reach = min(estimator.card.history, len(recording.sweeps)) - 1
    return {
        "published": recording.compare(recording.published(model)),
        "newest": recording.compare(recording.newest(estimator, reach)),
    }
