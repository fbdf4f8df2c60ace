# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pseudo-labels that ZeroFlow was trained on (Vedder et al. 2024): LABELS/LOG/*.npz.

File k in order is the pair of sweeps k and k + 1. `flow` [1, K, 3], m, without ego motion, axes of
the source; `valid_idxes` [K]: of which points above the ground, in ZeroFlow's box, it is. They are
counted without the ground, so one point more or less of it shifts all that follow: that the counted
ones are just those in the box shows that none is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import Points
from zeroflow_training.sequences import PairLabels
from zeroflow_training.sequences.arrays import read_arrays

TEACHER = "zeroflow-nsfp"
# Half the box, m: all labelled points are in the outer one, and all points of the inner one are
# labelled. BucketedSceneFlowEval crops to 48 m and 2.5 m before ZeroFlow's 51.2 m and 3 m.
OUTER, INNER = (51.21, 51.21, 3.01), (47.99, 47.99, 2.49)


@dataclass(frozen=True)
class PseudoLabels:
    """`flow` float [K, 3] of the points `numbers` int [K] of those above the ground."""

    flow: npt.NDArray[np.floating[Any]]
    numbers: npt.NDArray[np.integer[Any]]
    file: str

    @staticmethod
    def read(path: Path) -> PseudoLabels:
        """Raises DataError for a file that is damaged or another."""
        arrays = read_arrays(path, ("flow", "valid_idxes"), "get it again")
        flow, numbers = arrays["flow"], arrays["valid_idxes"]
        if flow.shape[-1:] != (3,) or numbers.shape != (flow.size // 3,):
            raise DataError(
                f"'{path}': flow {list(flow.shape)} and valid_idxes {list(numbers.shape)} do not "
                "belong together: get it again"
            )
        if flow.dtype.kind != "f" or numbers.dtype.kind not in "iu":
            raise DataError(
                f"'{path}': flow is {flow.dtype} and valid_idxes {numbers.dtype}, not floating-"
                "point and whole numbers: get it again"
            )
        return PseudoLabels(flow.reshape(-1, 3), numbers, path.name)

    def of(self, points: Points, is_ground: npt.NDArray[np.bool_]) -> PairLabels | None:
        """Labels of a source sweep with `points` [N, 3]; None where they are not of those points.

        `is_ground` bool [N] must be from the same map.
        """
        above = np.flatnonzero(~is_ground)
        if len(self.numbers) and not 0 <= self.numbers.min() <= self.numbers.max() < len(above):
            return None
        valid = np.zeros(len(points), bool)
        valid[above[self.numbers]] = True
        if (valid & ~_inside(points, OUTER)).any() or (
            _inside(points, INNER) & ~is_ground & ~valid
        ).any():
            return None
        displacement = np.zeros((len(points), 3), np.float32)
        displacement[above[self.numbers]] = self.flow
        return PairLabels(displacement, valid, report={"file": self.file})


def _inside(points: Points, half: tuple[float, float, float]) -> npt.NDArray[np.bool_]:
    return np.asarray((np.abs(points) < half).all(1))
