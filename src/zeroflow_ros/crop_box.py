# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The crop box: what the lidar sees of its own vehicle is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points
from zeroflow_ros.jit import FLOAT_ROWS, FLOATS, compiled
from zeroflow_ros.sweep import Sweep


def require_box(box: Sequence[float] | None) -> None:
    """Raise ValueError unless `box` is one, or None."""
    if box is not None and (len(box) != 6 or not np.isfinite(box).all()):
        raise ValueError(
            "a crop box is x, y, z of a corner and of the opposite one, six finite numbers in m, "
            f"not {list(box)}"
        )


def without_box(sweep: Sweep, box: Sequence[float] | None) -> Sweep:
    """The sweep with NaN for the points inside of a box; rows stay where they are.

    `box`: x, y, z of a corner and of the opposite one, in any order, m, in the sweep's frame; None
    or all zero: there is none, and the sweep itself is returned.
    """
    if box is None or not any(box):
        return sweep
    corners = np.array(box, np.float32).reshape(2, 3)
    points = np.asarray(sweep.points, np.float32)
    return replace(sweep, points=_blanked(points, corners.min(0), corners.max(0)))


@compiled(FLOAT_ROWS, FLOATS, FLOATS)
def _blanked(points: Points, low: npt.NDArray[np.float32], high: npt.NDArray[np.float32]) -> Points:
    """A copy of points [N, 3] with NaN inside of the box; its faces are inside."""
    kept = np.empty((len(points), 3), np.float32)
    for row in range(len(points)):
        inside = True
        for axis in range(3):
            kept[row, axis] = points[row, axis]
            inside = inside and low[axis] <= points[row, axis] <= high[axis]
        if inside:
            kept[row] = np.nan
    return kept
