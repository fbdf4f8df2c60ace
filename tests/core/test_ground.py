# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ground removal: what is ground on a plane with boxes."""

from __future__ import annotations

import numpy as np
import pytest

from zeroflow_ros.geometry import Points
from zeroflow_ros.ground import KeptGround, PatchworkGround, ground_segmenter
from zeroflow_ros.pillars import PillarGrid

GRID = PillarGrid(range_m=40.0, cell_m=0.5, z_min_m=-1.5, z_max_m=4.5)


def plane_with_boxes() -> tuple[Points, np.ndarray]:
    """A scan of flat ground as rings, with five boxes on it; and which rows are ground."""
    rng = np.random.default_rng(0)
    distance = np.repeat(1.8 / np.tan(np.deg2rad(np.arange(2.8, 24, 0.4))), 720)
    angle = np.tile(np.arange(720) * np.pi / 360, len(distance) // 720)
    ground = [distance * np.cos(angle), distance * np.sin(angle), np.zeros(len(angle))]
    boxes = [
        np.array([x, y, 0]) + rng.uniform([-2, -0.9, 0.4], [2, 0.9, 1.6], (400, 3))
        for x, y in ((8, 4), (12, -5), (-9, 3), (-14, -6), (4, 15))
    ]
    points = np.concatenate([np.stack(ground, 1), *boxes])
    # Unevenness: Patchwork++ learns from its spread what is flat.
    points[:, 2] += 0.03 * np.sin(points[:, 0] / 7 + points[:, 1] / 5) + rng.normal(
        0, 0.02, len(points)
    )
    is_ground = np.arange(len(points)) < len(distance)
    order = rng.permutation(len(points))
    return points[order].astype(np.float32), is_ground[order]


def test_kept_ground_takes_nothing_out() -> None:
    points, _ = plane_with_boxes()
    located = GRID.locate(points)
    split = ground_segmenter("keep").split(GRID, located)
    assert split.above is located
    assert len(split.ground_rows) == 0
    assert isinstance(ground_segmenter("keep"), KeptGround)


def test_patchwork_finds_the_plane_and_keeps_the_boxes() -> None:
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    points, is_ground = plane_with_boxes()
    points[::97] = np.nan
    located = GRID.locate(points)
    segmenter = ground_segmenter("remove")
    assert isinstance(segmenter, PatchworkGround)
    for _ in range(2):  # it adapts from sweep to sweep
        above, ground_rows = segmenter.split(GRID, located)
        # Together they are the located points, each once.
        together = np.sort(np.concatenate([above.rows, ground_rows]))
        np.testing.assert_array_equal(together, located.rows)
        assert is_ground[ground_rows].mean() > 0.99
        found = np.isin(located.rows, ground_rows)
        assert found[is_ground[located.rows]].mean() > 0.95
        assert found[~is_ground[located.rows]].mean() < 0.02
        np.testing.assert_array_equal(above.cell, GRID.locate(points[above.rows]).cell)


def test_rings_right_around_a_low_lidar_are_ground_and_what_stands_there_is_not() -> None:
    """A lidar 0.7 m above the ground: rings from 1.3 m on, and a post beside it."""
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    angle = np.arange(0, 2 * np.pi, 0.01)
    rings = [
        np.stack([r * np.cos(angle), r * np.sin(angle), np.full_like(angle, 0.02)], 1)
        for r in (1.3, 1.8, 2.6)
    ]
    height = np.linspace(0.25, 1.5, 50)
    post = np.stack([np.full(50, 1.5), np.full(50, 0.5), height], 1)
    points = np.concatenate([*rings, post]).astype(np.float32)
    above, ground_rows = PatchworkGround().split(GRID, GRID.locate(points))
    ring_points = len(points) - len(post)
    np.testing.assert_array_equal(np.sort(ground_rows), np.arange(ring_points))
    np.testing.assert_array_equal(np.sort(above.rows), np.arange(ring_points, len(points)))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10])
def test_patchwork_takes_almost_nothing(count: int) -> None:
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    points = np.random.default_rng(0).uniform(-5, 5, (count, 3)).astype(np.float32)
    points[:, 2] = 0
    above, ground_rows = PatchworkGround().split(GRID, GRID.locate(points))
    assert len(above.rows) + len(ground_rows) == count
