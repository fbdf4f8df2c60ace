# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrows: from the point to where it will be, not too many, and evenly spread."""

from __future__ import annotations

import numpy as np
import pytest

from zeroflow_ros.arrows import VOXEL_M, Arrows, flow_arrows, spread
from zeroflow_ros.coloring import flow_colors
from zeroflow_ros.pointcloud2 import FlowColumns


def columns(points: np.ndarray, velocity: np.ndarray) -> FlowColumns:
    points, velocity = (np.asarray(a, np.float32) for a in (points, velocity))
    return FlowColumns(points, velocity, np.ones(len(points), bool))


def arrows(said: FlowColumns, **changes: float) -> Arrows:
    options = {"min_speed": 0.5, "seconds": 0.5, "max_speed": 15.0, "max_count": 2000}
    return flow_arrows(said, **{**options, **changes})  # type: ignore[arg-type]


def test_an_arrow_ends_where_its_point_will_be() -> None:
    said = columns([[10, 0, 1], [20, 5, 0], [30, 0, 0]], [[5, 0, 0], [0.3, 0.39, 0], [0.3, 0.4, 0]])
    found = arrows(said)
    np.testing.assert_array_equal(found.start, [[10, 0, 1], [30, 0, 0]])
    np.testing.assert_allclose(found.end[0], [12.5, 0, 1])
    np.testing.assert_allclose(found.end[1], [30.15, 0.2, 0], rtol=1e-6)
    np.testing.assert_array_equal(found.colors, flow_colors(said.velocity[[0, 2]], 15.0))
    np.testing.assert_allclose(arrows(said, seconds=2.0).end[0], [20, 0, 1])
    assert len(arrows(said, min_speed=5.1).start) == 0


def test_only_valid_points_have_arrows() -> None:
    said = columns([[1, 0, 0], [9, 0, 0], [np.nan, 0, 0]], [[5, 0, 0], [5, 0, 0], [0, 0, 0]])
    said = said._replace(valid=np.array([True, False, False]))
    np.testing.assert_array_equal(arrows(said, min_speed=0.0).start, [[1, 0, 0]])


def seen_by_a_lidar(count: int = 60_000) -> np.ndarray:
    """Points as a spinning lidar sees them: a hundred times denser at 4 m than at 40 m."""
    rng = np.random.default_rng(0)
    distance, angle = 40 * rng.random(count), rng.uniform(0, 2 * np.pi, count)
    return np.c_[distance * np.cos(angle), distance * np.sin(angle), 0 * angle].astype(np.float32)


@pytest.mark.parametrize("most", [1, 7, 300, 2000, 8000])
def test_arrows_are_few_enough_and_no_denser_near_the_sensor(most: int) -> None:
    points = seen_by_a_lidar()
    rows = spread(points, most)
    assert max(1, most // 5) <= len(rows) <= most
    assert len(set(rows.tolist())) == len(rows)
    if most >= 2000:
        near = np.hypot(*points[rows, :2].T) < 20  # a quarter of the area, half of the points
        assert 0.2 < near.mean() < 0.3
    np.testing.assert_array_equal(rows, spread(points, most))


def test_one_point_a_voxel_and_all_where_they_are_few() -> None:
    points = np.array([[0.1, 0.1, 0.1], [0.2, 0.2, 0.2], [-0.1, 0.1, 0.1], [5, 5, 5]], np.float32)
    assert sorted(spread(points, 2000).tolist()) == [0, 2, 3]
    assert VOXEL_M == 0.5
    assert spread(points[:0], 5).tolist() == []
    far = np.array([[3e38, 0, 0], [-3e38, 0, 0], [0, 9e9, 0]], np.float32)
    assert sorted(spread(far, 5).tolist()) == [0, 1, 2]


def test_arrows_stay_on_their_points_when_others_come() -> None:
    points = seen_by_a_lidar(3000)
    before = set(spread(points, 8000).tolist())
    more = np.concatenate([points, points[:500] + np.float32([100, 0, 0])])
    after = set(spread(more, 8000).tolist())
    assert before <= after
