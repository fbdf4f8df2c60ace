# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bodies move as a whole; what is apart or moves otherwise is another body."""

from __future__ import annotations

import numpy as np

from zeroflow_ros.consensus import MOVING_M, rigid_consensus
from zeroflow_ros.pillars import PillarGrid

GRID = PillarGrid(range_m=20.0, cell_m=0.4, z_min_m=-1.0, z_max_m=3.0)


def box(x: float, y: float, length: float = 4.0, width: float = 1.8, seed: int = 0) -> np.ndarray:
    """Points of a box around (x, y), float32 [400, 3]."""
    unit = np.random.default_rng(seed).uniform(-0.5, 0.5, (400, 3))
    return np.float32(unit * [length, width, 1.5] + [x, y, 1.0])


def answer(points: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    located = GRID.locate(points)
    assert len(located.rows) == len(points)
    return rigid_consensus(GRID, located, displacement.astype(np.float32))


def test_a_far_end_that_fades_gets_the_speed_of_the_body() -> None:
    points = box(5, 3)
    said = np.tile([0.5, 0.1, 0.02], (400, 1))
    fading = points[:, 0] > 6  # a quarter of it
    said[fading, :2] *= 0.7
    found = answer(points, said)
    np.testing.assert_allclose(found[:, :2], np.tile([0.5, 0.1], (400, 1)), atol=0.02)
    np.testing.assert_allclose(found[:, 2], said[:, 2], atol=1e-7)


def test_a_turning_body_keeps_turning() -> None:
    points, turn = box(-4, 2, length=8.0), 0.06  # 34 degrees a second at 10 Hz
    lever = points[:, :2] - points[:, :2].mean(0)
    truth = np.zeros((400, 3))
    truth[:, :2] = [0.6, 0.0] + turn * np.stack([-lever[:, 1], lever[:, 0]], 1)
    noise = np.random.default_rng(1).normal(0, 0.05, (400, 3))
    found = answer(points, truth + noise)
    before, after = (np.linalg.norm((a - truth)[:, :2], axis=1) for a in (truth + noise, found))
    assert before.mean() > 0.05
    assert after.mean() < 0.025
    # The prior against turning costs a little; without any turn it would be 0.12 m.
    assert after.max() < 0.06


def test_bodies_apart_and_neighbours_that_move_otherwise_stay_themselves() -> None:
    parts = [box(0, 0), box(0, 6), box(2.6, 0, length=1.2)]
    motions = (
        [0.5, 0.0, 0.0],
        [-0.4, 0.2, 0.0],
        [-0.5, 0.0, 0.0],
    )  # the last one touches the first
    said = np.concatenate([np.tile(motion, (400, 1)) for motion in motions])
    found = answer(np.concatenate(parts), said)
    np.testing.assert_allclose(found, said, atol=1e-6)


def test_what_stands_still_is_left_alone() -> None:
    points = box(3, -3)
    said = np.random.default_rng(2).uniform(-0.02, 0.02, (400, 3)).astype(np.float32)
    assert np.hypot(said[:, 0], said[:, 1]).max() < MOVING_M
    np.testing.assert_array_equal(answer(points, said), said)
    said[7] = [0.8, 0.0, 0.0]  # one point is a body, too
    np.testing.assert_allclose(answer(points, said), said, atol=1e-6)


def test_no_points_and_the_corners_of_the_grid() -> None:
    nothing = GRID.locate(np.empty((0, 3), np.float32))
    assert rigid_consensus(GRID, nothing, np.empty((0, 3), np.float32)).shape == (0, 3)
    edge = GRID.range_m - 0.01
    corners = np.float32([[-edge, -edge, 0], [-edge, edge, 0], [edge, -edge, 0], [edge, edge, 0]])
    said = np.float32([[1, 0, 0], [0.9, 0, 0], [0.8, 0, 0], [0.7, 0, 0]])
    np.testing.assert_allclose(answer(corners, said), said, atol=1e-6)
