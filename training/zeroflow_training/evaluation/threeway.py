# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Threeway: how large errors are on what moves, on what could move, and on the rest.

Chodosh et al. 2023 (arXiv:2304.02150), with the numbers that av2-api 0.3.6 adds to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from zeroflow_training.evaluation.classes import FOREGROUND, JUDGED, PointClass
from zeroflow_training.evaluation.regions import EVERYWHERE
from zeroflow_training.evaluation.tally import DYNAMIC_M, Sums, Tally, ratio

ACCURACIES: Mapping[str, str] = {
    "strict": "accuracy_strict",
    "relaxed": "accuracy_relaxed",
    "angle": "angle_error_rad",
}
"""Names, in rows, of the means that stand beside the end-point error of each group."""


@dataclass(frozen=True)
class Threeway:
    """Sums of the three groups; dynamic is a true motion of 0.05 m and more over the interval.

    `dynamic_iou`: of the points that seem to move and those that do, over all classes.
    """

    dynamic_foreground: Sums
    static_foreground: Sums
    static_background: Sums
    dynamic_iou: float

    @staticmethod
    def of(
        tally: Tally,
        region: str = EVERYWHERE,
        foreground: Iterable[PointClass] = FOREGROUND,
    ) -> Threeway:
        """In one of REGIONS. BucketedSceneFlowEval takes MOVERS for `foreground`."""
        labelled = tally.group(foreground, region)
        background = tally.group([PointClass.BACKGROUND], region)
        judged = tally.group(JUDGED, region)
        dynamic, static = judged.between(DYNAMIC_M), judged.between(0.0, DYNAMIC_M)
        return Threeway(
            labelled.between(DYNAMIC_M),
            labelled.between(0.0, DYNAMIC_M),
            background.between(0.0, DYNAMIC_M),
            ratio(dynamic.moving, dynamic.points + static.moving),
        )

    def row(self) -> dict[str, float]:
        """Means by name for tables; NaN where a group has no point.

        `threeway_m` is the mean of the three groups' end-point errors in metres.
        """
        groups = {
            "dynamic_foreground": self.dynamic_foreground,
            "static_foreground": self.static_foreground,
            "static_background": self.static_background,
        }
        row = {f"{name}_m": sums.mean("error") for name, sums in groups.items()}
        row["threeway_m"] = float(np.mean(list(row.values())))
        row["dynamic_iou"] = self.dynamic_iou
        for quantity, heading in ACCURACIES.items():
            row |= {f"{name}_{heading}": sums.mean(quantity) for name, sums in groups.items()}
        return row
