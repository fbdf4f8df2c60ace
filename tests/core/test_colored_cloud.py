# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The coloured cloud: the right colour in the right bytes, and no NaN but those of the input."""

from __future__ import annotations

import numpy as np

from zeroflow_ros.colored_cloud import COLORED_FIELDS, COLORED_POINT_STEP, colored_rows
from zeroflow_ros.coloring import UNKNOWN, flow_colors
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.pointcloud2 import FlowColumns
from zeroflow_ros.sweep import Sweep

NAN = float("nan")


def colored(
    points: np.ndarray, displacement: np.ndarray, valid: np.ndarray, max_speed: float = 15.0
) -> np.ndarray:
    """Rows read back as a structured array, by their own field list."""
    flow = Flow(displacement.astype(np.float32), valid, 0.1, FlowStatus.ESTIMATED)
    rows = colored_rows(FlowColumns.of(Sweep(points.astype(np.float32), 0), flow), max_speed)
    assert rows.dtype == np.uint8
    assert rows.shape == (len(points), COLORED_POINT_STEP)
    formats = {6: "<u4", 7: "<f4"}
    spec = {
        "names": [field.name for field in COLORED_FIELDS],
        "formats": [formats[field.datatype] for field in COLORED_FIELDS],
        "offsets": [field.offset for field in COLORED_FIELDS],
        "itemsize": COLORED_POINT_STEP,
    }
    return rows.view(np.dtype(spec))[:, 0]


def packed(color: np.ndarray) -> int:
    red, green, blue = (int(part) for part in color)
    return red << 16 | green << 8 | blue


def test_colours_are_those_of_the_wheel_and_packed_as_rviz_wants() -> None:
    displacement = np.array([[0.5, 0, 0], [0, -0.3, 0.4], [0, 0, 0]])
    points = np.arange(9).reshape(3, 3)
    rows = colored(points, displacement, np.ones(3, bool))
    east = packed(flow_colors(np.array([[5, 0, 0]], np.float32), 15.0)[0])
    assert rows["rgb"][0] == east
    red, green, blue = east >> 16, east >> 8 & 255, east & 255
    assert red > blue > green  # towards +x the wheel is pink
    grey = rows["rgb"][2]
    assert abs((grey >> 16) - (grey & 255)) <= 1
    assert grey >> 16 > 110
    np.testing.assert_allclose(rows["speed"], [5, 5, 0], rtol=1e-6)
    np.testing.assert_array_equal(rows["z"], points[:, 2])
    full = colored(points, displacement, np.ones(3, bool), max_speed=5.0)["rgb"][0]
    assert full == packed(flow_colors(np.array([[9, 0, 0]], np.float32), 5.0)[0]) != east


def test_what_has_no_estimate_is_darker_than_what_stands_and_has_no_nan() -> None:
    points = np.ones((4, 3))
    points[1, 2] = NAN
    displacement = np.array([[0, 0, 0], [1, 0, 0], [NAN, 0, 0], [1, 0, 0]])
    rows = colored(points, displacement, np.array([True, True, True, False]))
    assert rows["rgb"][1:].tolist() == [packed(np.array(UNKNOWN))] * 3
    assert UNKNOWN[0] < (rows["rgb"][0] >> 16) / 1.5
    assert rows["speed"].tolist() == [0, 0, 0, 0]
    assert np.isnan(rows["z"]).tolist() == [False, True, False, False]
    assert len(colored(np.empty((0, 3)), np.empty((0, 3)), np.empty(0, bool))) == 0
