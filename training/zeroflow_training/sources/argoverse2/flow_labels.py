# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""True flow of the scene flow challenges, from the boxes that people drew: LABELS/LOG/*.feather.

Named after the source sweep's stamp, or its number (0000000069). BucketedSceneFlowEval's (2024)
have classes_0, -1 for the background, and flow without ego motion; the av2 package's (2023) have
category_indices, 0 for the background, and flow with it. Which of the two a file's flow is, its
background tells: that stands still in one of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import Points, Transform, invert
from zeroflow_training.sequences import FlowClass, PairLabels
from zeroflow_training.sources.argoverse2.categories import flow_classes
from zeroflow_training.sources.argoverse2.feather import (
    BOOLEAN,
    FLOAT,
    INTEGER,
    Columns,
    column_names,
    read_columns,
)

FLOW = ("flow_tx_m", "flow_ty_m", "flow_tz_m")
VALID = ("is_valid", "valid")
BACKGROUND = {"classes_0": -1, "category_indices": 0}
STILL_M = 0.05  # by which a background may be off that stands still; float16 is off by 0.002


def read_flow_labels(path: Path, points: Points, target_from_source: Transform) -> PairLabels:
    """Labels of a pair, from the file of its source sweep with `points` [N, 3].

    `target_from_source` [4, 4]: how the vehicle moved, by the log's poses. Raises DataError for a
    damaged file and for one that is not of this pair.
    """
    columns = _read(path)
    flow = np.column_stack([columns[name] for name in FLOW]).astype(np.float64)
    if len(flow) != len(points):
        raise DataError(
            f"'{path}' labels {len(flow)} points, its sweep has {len(points)}: files that an "
            "evaluation has masked do not tell whose they are; give labels of all points"
        )
    valid = columns["valid"] & np.isfinite(flow).all(1) & np.isfinite(points).all(1)
    class_id = columns.get("class_id")
    judge = valid if class_id is None else valid & (class_id == FlowClass.BACKGROUND)
    displacement = np.zeros(flow.shape, np.float32)
    displacement[valid] = _without_ego_motion(
        path, flow[valid], points[valid].astype(np.float64), target_from_source, judge[valid]
    )
    return PairLabels(displacement, valid, class_id, report={"file": path.name})


def _read(path: Path) -> Columns:
    """Flow, `valid` and, where it is there, `class_id`."""
    names = column_names(path)
    by = next((name for name in VALID if name in names), VALID[0])
    classes = next((name for name in BACKGROUND if name in names), None)
    wanted = {**dict.fromkeys(FLOW, FLOAT), by: BOOLEAN}
    columns = read_columns(path, wanted | ({classes: INTEGER} if classes else {}))
    columns["valid"] = columns.pop(by)
    if classes:
        found = flow_classes(columns.pop(classes), BACKGROUND[classes])
        if found is None:
            raise DataError(f"'{path}': column '{classes}' has numbers of no category")
        columns["class_id"] = found
    return columns


def _without_ego_motion(
    path: Path,
    flow: npt.NDArray[np.float64],
    points: npt.NDArray[np.float64],
    target_from_source: Transform,
    judge: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """Displacement [N, 3] in the axes of the source; `judge` [N]: by points that stand still."""
    source_from_target = invert(target_from_source)
    arrived = points + flow  # in the target's frame, where the flow has ego motion in it
    residual = arrived @ source_from_target[:3, :3].T + source_from_target[:3, 3] - points
    if not judge.any():
        return flow
    with_it, without_it = (_middle(moved[judge]) for moved in (residual, flow))
    if min(with_it, without_it) > STILL_M:
        raise DataError(
            f"'{path}': its background moves by {min(with_it, without_it):.2f} m, with and without "
            "the log's ego motion: it is of another sweep or log"
        )
    return residual if with_it < without_it else flow


def _middle(moved: npt.NDArray[np.float64]) -> float:
    return float(np.median(np.linalg.norm(moved, axis=1)))
