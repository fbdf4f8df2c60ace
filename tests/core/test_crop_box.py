# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The crop box: points of one's own vehicle are gone, rows and everything else stay."""

from __future__ import annotations

import numpy as np
import pytest

from zeroflow_ros.crop_box import require_box, without_box
from zeroflow_ros.sweep import Sweep

NAN = float("nan")
POINTS = np.array(
    [[0, 0, 0], [2, 1, 0.5], [2.1, 0, 0], [0, -1.1, 0], [-1, 0, 0.6], [NAN, 0, 0], [0, 0, NAN]],
    np.float32,
)
GONE = [True, True, False, False, False, True, True]  # the last two were NaN before


@pytest.mark.parametrize(
    "box",
    [(-1, -1, -0.5, 2, 1, 0.5), (2, 1, 0.5, -1, -1, -0.5), (2, -1, 0.5, -1, 1, -0.5)],
    ids=["low to high", "high to low", "mixed"],
)
def test_points_inside_are_gone_whichever_corners_are_given(box: tuple[float, ...]) -> None:
    columns = {"intensity": np.arange(7, dtype=np.uint8)}
    points = POINTS.copy()
    points.flags.writeable = False
    found = without_box(Sweep(points, 12, "lidar", columns), box)
    assert np.isnan(found.points).any(1).tolist() == GONE
    kept = ~np.array(GONE)
    np.testing.assert_array_equal(found.points[kept], POINTS[kept])
    assert np.isnan(found.points[:2]).all()
    assert (found.stamp_ns, found.frame_id, found.extras) == (12, "lidar", columns)
    np.testing.assert_array_equal(points, POINTS)


def test_without_a_box_nothing_is_copied() -> None:
    sweep = Sweep(POINTS, 0)
    assert without_box(sweep, (0.0, 0.0, 0.0, -0.0, 0.0, 0.0)) is sweep
    assert without_box(sweep, None) is sweep


def test_clouds_of_any_layout_are_cropped() -> None:
    rows = np.zeros((2, 5), np.float32)
    rows[1, 1:4] = 3
    inside_a_message = rows[:, 1:4]
    for points in (inside_a_message, inside_a_message.astype(">f4"), inside_a_message.astype("f8")):
        found = without_box(Sweep(points, 0), (-1, -1, -1, 1, 1, 1)).points
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, [[NAN] * 3, [3, 3, 3]])
    empty = Sweep(np.empty((0, 3), np.float32), 0)
    assert without_box(empty, (-1, 0, 0, 1, 1, 1)).points.shape == (0, 3)


@pytest.mark.parametrize("box", [(), (1, 2, 3, 4, 5), (1, 2, 3, 4, 5, NAN), (1, 2, 3, 4, 5, 6, 7)])
def test_what_is_no_box_is_refused(box: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"opposite one, six finite numbers in m, not \["):
        require_box(box)
    require_box((1, 2, 3, 4, 5, 6))
    require_box(None)
