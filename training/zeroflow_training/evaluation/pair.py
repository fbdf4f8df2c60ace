# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""EvaluatedPair: a predicted flow beside the true one, ready to be judged."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.geometry import Points, Transform
from zeroflow_training.evaluation.classes import Classes, PointClass

INTERVAL_S = 0.1
"""Displacements are metres over this time; thresholds and speeds of every metric rest on it."""


@dataclass(frozen=True)
class EvaluatedPair:
    """One sweep of N points with the predicted and the true motion of each, ego motion removed.

    - `name`: what error messages and pictures call it.
    - `points` float32 [N, 3]: metres, in the frame of the source sweep.
    - `predicted`, `truth` float [N, 3]: metres over 0.1 s, same frame. A point that got no flow
      carries 0 and is judged by that, as the official packages do.
    - `valid` bool [N]: whose truth is known and that are to be judged; the rest may be NaN.
    - `classes` uint8 [N]: PointClass of each point; None where nobody knows.
    - `next_from_source` [4, 4]: ego motion. av2-api judges flow that contains it; only accuracy
      and angle tell the difference. Without it they are those of the residual flow.

    Raises ZeroflowError for arrays that do not fit together or are not finite where valid.
    """

    name: str
    points: Points
    predicted: Points
    truth: Points
    valid: npt.NDArray[np.bool_]
    classes: Classes | None = None
    next_from_source: Transform | None = None

    def __post_init__(self) -> None:
        rows = len(self.points)
        for field in ("points", "predicted", "truth"):
            self._check_shape(field, (rows, 3))
        self._check_shape("valid", (rows,))
        if self.valid.dtype != np.bool_:
            raise self._error("valid", f"has the type {self.valid.dtype}, not bool")
        for field in ("points", "predicted", "truth"):
            bad = ~np.isfinite(getattr(self, field)[self.valid]).all(axis=1)
            if bad.any():
                cure = "a point without flow carries 0, one without truth is not valid"
                raise self._error(field, f"is not finite for {bad.sum()} valid points: {cure}")
        if self.classes is not None:
            self._check_shape("classes", (rows,))
            if rows and self.classes.max() >= len(PointClass):
                cure = "translate labels by evaluation/classes.py"
                raise self._error("classes", f"has {self.classes.max()}, no PointClass: {cure}")

    def judged(self) -> EvaluatedPair:
        """Its valid points alone."""
        keep = self.valid
        classes = None if self.classes is None else self.classes[keep]
        points, predicted, truth = self.points[keep], self.predicted[keep], self.truth[keep]
        valid = keep[keep]
        return replace(
            self, points=points, predicted=predicted, truth=truth, valid=valid, classes=classes
        )

    def total(self, flow: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """A residual flow [N, 3] with the ego motion put back in, where that is known."""
        if self.next_from_source is None:
            return flow
        return with_ego_motion(self.points, flow, self.next_from_source)

    def _check_shape(self, field: str, wanted: tuple[int, ...]) -> None:
        shape = getattr(self, field).shape
        if shape != wanted:
            cure = "one row for each point of the sweep, in its order"
            raise self._error(field, f"has the shape {shape}, not {wanted}: {cure}")

    def _error(self, field: str, wrong: str) -> ZeroflowError:
        return ZeroflowError(f"sweep '{self.name}': {field} {wrong}")


def with_ego_motion(
    points: Points, flow: npt.NDArray[np.floating], next_from_source: Transform
) -> npt.NDArray[np.float64]:
    """Flow [N, 3] as av2-api has it: coordinates in the next frame minus those in the source's.

    Of residual `flow` [N, 3] of `points` [N, 3], both in metres in the frame of the source.
    """
    moved = points.astype(np.float64) + flow
    total: npt.NDArray[np.float64] = moved @ next_from_source[:3, :3].T + next_from_source[:3, 3]
    return total - points
