# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bodies move as a whole; what is apart or moves otherwise is another body."""

from __future__ import annotations

import numpy as np
import pytest

from zeroflow_ros.bodies import MOVING_M
from zeroflow_ros.body_motion import body_motion
from zeroflow_ros.pillars import PillarGrid

GRID = PillarGrid(range_m=20.0, cell_m=0.4, z_min_m=-1.0, z_max_m=3.0)


def box(x: float, y: float, length: float = 4.0, width: float = 1.8, seed: int = 0) -> np.ndarray:
    """Points of a box around (x, y), float32 [400, 3]."""
    unit = np.random.default_rng(seed).uniform(-0.5, 0.5, (400, 3))
    return np.float32(unit * [length, width, 1.5] + [x, y, 1.0])


def pillars(*cells: tuple[int, int], counts: tuple[int, ...] = ()) -> np.ndarray:
    """Points in the middle of pillars, given by column and row from the grid's centre."""
    centre = (np.array(cells) + 0.5) * GRID.cell_m
    points = np.column_stack([centre, np.ones(len(cells))]).astype(np.float32)
    return np.repeat(points, counts or 1, axis=0)


def along_x(*metres: float) -> np.ndarray:
    return np.outer(metres, [1.0, 0.0, 0.0])


def answer(
    points: np.ndarray, displacement: np.ndarray, odds: np.ndarray | None = None
) -> np.ndarray:
    located = GRID.locate(points)
    assert len(located.rows) == len(points)
    odds = np.ones(len(points), np.float32) if odds is None else odds.astype(np.float32)
    found = body_motion(GRID, located, displacement.astype(np.float32), odds, 0.0, None)
    assert found.dtype == np.float32
    return found


def test_a_far_end_that_fades_gets_the_speed_of_the_body() -> None:
    points = box(5, 3)
    said = np.tile([0.5, 0.1, 0.02], (400, 1))
    fading = points[:, 0] > 6  # a quarter of it
    said[fading, :2] *= 0.7
    found = answer(points, said)
    np.testing.assert_allclose(found[:, :2], np.tile([0.5, 0.1], (400, 1)), atol=0.02)
    np.testing.assert_allclose(found[:, 2], said[:, 2], atol=1e-7)


@pytest.mark.parametrize(("doubtful", "moves"), [(200, True), (210, False), (400, False)])
def test_a_body_that_is_not_certain_to_move_stands(doubtful: int, moves: bool) -> None:
    points = np.concatenate([box(5, 3), box(-8, 3)])
    odds = np.ones(800)
    odds[np.random.default_rng(0).permutation(400)[:doubtful]] = -0.95
    found = answer(points, np.tile([0.5, 0.1, 0.02], (800, 1)), odds)
    assert (found[400:] != 0).all()
    assert (found[:400] != 0).all() if moves else not found[:400].any()


@pytest.mark.parametrize(
    ("cells", "each", "odds", "moves"),
    [
        (1, 1, -0.69, True),
        (1, 1, -0.71, False),
        (9, 33, -0.69, True),
        (9, 34, -0.69, False),
        (10, 1, -0.69, False),
        (10, 1, 0.01, True),
    ],
)
def test_a_small_body_of_few_points_needs_less_certainty(
    cells: int, each: int, odds: float, moves: bool
) -> None:
    points = pillars(*[(k, 0) for k in range(cells)], counts=(each,) * cells)
    found = answer(points, np.tile([0.3, 0.0, 0.0], (len(points), 1)), np.full(len(points), odds))
    np.testing.assert_allclose(found[:, 0], 0.3 * moves, atol=1e-6)


def turning(points: np.ndarray, turn: float) -> np.ndarray:
    """Displacement of a body that moves 0.6 m ahead and turns by `turn` about its middle."""
    lever = points[:, :2] - points[:, :2].mean(0)
    flow = np.zeros((len(points), 3))
    flow[:, :2] = [0.6, 0.0] + turn * np.stack([-lever[:, 1], lever[:, 0]], 1)
    return flow


def test_a_turning_body_keeps_turning() -> None:
    points = box(-4, 2, length=8.0)
    truth = turning(points, 0.06)  # 34 degrees a second at 10 Hz
    noise = np.random.default_rng(1).normal(0, 0.05, (400, 3))
    found = answer(points, truth + noise)
    before, after = (np.linalg.norm((a - truth)[:, :2], axis=1) for a in (truth + noise, found))
    assert before.mean() > 0.05
    assert after.mean() < 0.025
    assert after.max() < 0.06  # without any turn 0.24


def test_two_walls_of_a_turning_car_keep_nine_tenths_of_the_turn() -> None:
    side, front = box(0, -0.9, 4.5, 0.05), box(2.25, 0, 0.05, 1.8, seed=1)
    points = np.concatenate([side, front])
    truth = turning(points, 0.04)
    found = answer(points, truth)
    assert np.linalg.norm((found - truth)[:, :2], axis=1).max() < 0.02
    kept = np.polyfit(points[:400, 0], found[:400, 1], 1)[0] / 0.04
    assert 0.85 < kept < 1.0


def test_a_short_lever_turns_nobody() -> None:
    points = pillars((0, 0), (1, 0), counts=(10, 10))
    said = np.repeat([[0.1, 0.02, 0.0], [0.1, -0.02, 0.0]], 10, axis=0)
    found = answer(points, said)
    assert np.abs(found[:, 1]).max() < 0.005
    np.testing.assert_allclose(found[:, 0], 0.1, atol=1e-6)


def test_bodies_apart_and_neighbours_that_move_otherwise_stay_themselves() -> None:
    parts = [box(0, 0), box(0, 6), box(2.6, 0, length=1.2)]
    # The last one touches the first.
    motions = ([0.5, 0.0, 0.0], [-0.4, 0.2, 0.0], [-0.5, 0.0, 0.0])
    said = np.concatenate([np.tile(motion, (400, 1)) for motion in motions])
    found = answer(np.concatenate(parts), said)
    np.testing.assert_allclose(found, said, atol=1e-6)


@pytest.mark.parametrize("step", [(1, 0), (0, 1), (1, 1), (1, -1)])
@pytest.mark.parametrize("size", [1, 2])
def test_pillars_hang_together_at_edges_and_corners(step: tuple[int, int], size: int) -> None:
    """The heavier pillar decides for its neighbour, not for the one after the next."""
    other = (size * step[0], size * step[1])
    found = answer(pillars((0, 0), other, counts=(5, 2)), along_x(*[0.3] * 5, *[0.4] * 2))
    expected = 0.3 if size == 1 else 0.4
    np.testing.assert_allclose(found[5:], along_x(expected, expected), atol=0.02)
    np.testing.assert_allclose(found[:5], along_x(*[0.3] * 5), atol=0.02)


def test_slow_neighbours_are_alike_by_centimetres_fast_ones_by_their_share() -> None:
    slow = answer(pillars((0, 0), (1, 0), counts=(3, 1)), along_x(*[0.03] * 3, 0.105))
    np.testing.assert_allclose(slow[:, 0], 0.03, atol=1e-6)  # a multiple, less than 8 cm apart
    fast = answer(pillars((0, 0), (1, 0), counts=(3, 1)), along_x(*[1.0] * 3, 1.4))
    np.testing.assert_allclose(fast[:, 0], 1.0, atol=1e-6)
    apart = answer(pillars((0, 0), (1, 0), counts=(3, 1)), along_x(*[0.03] * 3, 0.115))
    np.testing.assert_allclose(apart[3, 0], 0.115, atol=1e-6)


def test_mirrored_answers_are_mirrored() -> None:
    points, rng = pillars((0, 0), (1, 0), (2, 0), (3, 0)), np.random.default_rng(3)
    said = along_x(*rng.uniform(0.3, 0.4, 4))
    np.testing.assert_allclose(answer(points, -said), -answer(points, said), atol=1e-7)


def test_what_stands_still_is_left_alone() -> None:
    points = box(3, -3)
    said = np.random.default_rng(2).uniform(-0.014, 0.014, (400, 3)).astype(np.float32)
    assert np.hypot(said[:, 0], said[:, 1]).max() < MOVING_M
    np.testing.assert_array_equal(answer(points, said), said)
    said[7] = [0.8, 0.0, 0.0]  # one point is a body, too
    np.testing.assert_allclose(answer(points, said), said, atol=1e-6)


def test_many_bodies_of_one_pillar_beside_a_long_one() -> None:
    """Rounding of running sums must leave no body without a median."""
    rng = np.random.default_rng(4)
    alone = [(3 * k, 3 * j) for k in range(-16, 16) for j in range(-16, 0)]
    points = np.concatenate([pillars(*alone), box(0, 12, length=30.0)])
    said = np.concatenate([rng.uniform(0.2, 2.0, (len(alone), 3)), np.tile([0.7, 0, 0], (400, 1))])
    np.testing.assert_allclose(answer(points, said), said, atol=1e-5)


def test_no_points_and_the_corners_of_the_grid() -> None:
    nothing = GRID.locate(np.empty((0, 3), np.float32))
    none = np.empty((0, 3), np.float32)
    assert body_motion(GRID, nothing, none, none[:, 0], 0.0, None).shape == (0, 3)
    edge = GRID.range_m - 0.01
    corners = np.float32([[-edge, -edge, 0], [-edge, edge, 0], [edge, -edge, 0], [edge, edge, 0]])
    said = along_x(1.0, 0.9, 0.8, 0.7)
    np.testing.assert_allclose(answer(corners, said), said, atol=1e-6)
