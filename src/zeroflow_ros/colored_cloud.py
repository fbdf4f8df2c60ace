# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The flow cloud for the eye: colours that RViz and Foxglove show as they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zeroflow_ros.coloring import flow_colors
from zeroflow_ros.pointcloud2 import FLOAT32, Field, FlowColumns

UINT32 = 6
"""`sensor_msgs/PointField` datatype code of packed colours."""

COLORED_FIELDS = (
    Field("x", 0, FLOAT32),
    Field("y", 4, FLOAT32),
    Field("z", 8, FLOAT32),
    Field("rgb", 12, UINT32),
    Field("speed", 16, FLOAT32),
)
COLORED_POINT_STEP = 20


def colored_rows(columns: FlowColumns, max_speed: float) -> npt.NDArray[np.uint8]:
    """Rows of a coloured cloud: bytes uint8 [N, 20], little-endian, as COLORED_FIELDS says.

    rgb is red << 16 | green << 8 | blue of `flow_colors`, strongest from `max_speed` (m/s) on;
    `speed` is in m/s, because viewers cannot compute it.
    """
    rows = np.zeros((len(columns.valid), COLORED_POINT_STEP), np.uint8)
    floats = rows.view("<f4")
    floats[:, :3] = columns.points
    floats[:, 4] = columns.speed
    rows[:, 14:11:-1] = flow_colors(columns.velocity, max_speed, columns.valid)
    return rows
