# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Height and tilt of the sensor, found from the ground."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zeroflow_ros.geometry import Points, Transform, from_roll_pitch_yaw, invert, transform_points
from zeroflow_ros.levelling import (
    FixedLevelling,
    GroundLevelling,
    _scores,
    fit_ground,
    level_transform,
    mounted_level,
)

HEIGHT_M = 1.7


def flat_ground(rng: np.random.Generator, count: int = 9000, reach: float = 30.0) -> Points:
    """Ground as a lidar sees it, dense nearby, in the levelled frame."""
    distance, angle = reach * rng.random(count) ** 1.5, rng.uniform(0, 2 * np.pi, count)
    ground = [distance * np.cos(angle), distance * np.sin(angle), rng.normal(0, 0.015, count)]
    return np.stack(ground, 1).astype(np.float32)


def clutter(rng: np.random.Generator, count: int) -> Points:
    """Things that stand on the ground."""
    x, y = rng.uniform(-25, 25, (2, 8)).repeat(count // 8, 1) + rng.uniform(-2, 2, (2, count))
    return np.stack([x, y, rng.uniform(0.1, 3, count)], 1).astype(np.float32)


def mounted(level: Points, roll_deg: float, pitch_deg: float) -> tuple[Points, Transform]:
    """Points in the frame of a sensor at HEIGHT_M, and the true levelled frame <- sensor."""
    level_from_sensor = from_roll_pitch_yaw(
        (0, 0, HEIGHT_M), np.deg2rad(roll_deg), np.deg2rad(pitch_deg), 0
    )
    return transform_points(invert(level_from_sensor), level), level_from_sensor


def height_and_tilt_errors(found: Transform, truth: Transform) -> tuple[float, float]:
    """Metres and degrees; a turn about the vertical is no error."""
    up = found[:3, :3].T @ [0, 0, 1], truth[:3, :3].T @ [0, 0, 1]
    return abs(found[2, 3] - truth[2, 3]), float(
        np.rad2deg(np.arccos(np.minimum(1.0, up[0] @ up[1])))
    )


def assert_level(points: Points, truth: Transform) -> None:
    height, tilt = height_and_tilt_errors(GroundLevelling().level(points), truth)
    assert height < 0.03
    assert tilt < 0.3


@pytest.mark.parametrize(("roll", "pitch"), [(0, 0), (2, -3), (-8, 5), (0, 15)])
def test_tilted_ground_with_clutter_and_outliers_below(roll: float, pitch: float) -> None:
    rng = np.random.default_rng(3)
    ground, things = flat_ground(rng), clutter(rng, 4000)
    reflections = ground[:150] - np.array([0, 0, 1], np.float32) * rng.uniform(0.5, 4, (150, 1))
    scene = np.concatenate([ground, things, reflections.astype(np.float32)])
    assert_level(*mounted(rng.permutation(scene), roll, pitch))


def test_few_reflections_nearby_do_not_pull_the_ground_down() -> None:
    rng = np.random.default_rng(4)
    pit = rng.uniform([-4, -4, -1.5], [4, 4, -0.5], (200, 3)).astype(np.float32)
    assert_level(*mounted(np.concatenate([flat_ground(rng), pit]), 1, 1))


def test_street_canyon_with_little_ground() -> None:
    """Nine of ten points on two house fronts, as in a narrow street."""
    rng = np.random.default_rng(5)
    ground = flat_ground(rng, 3000)
    ground = ground[np.abs(ground[:, 1]) < 6]
    walls = rng.uniform([-30, -0.02, 0], [30, 0.02, 12], (20_000, 3))
    walls[:, 1] += np.where(rng.random(20_000) < 0.5, -6, 6)
    assert_level(*mounted(np.concatenate([ground, walls.astype(np.float32)]), -1, 2))


def test_car_roofs_all_around_are_not_the_ground() -> None:
    rng = np.random.default_rng(6)
    ground = flat_ground(rng, 12_000)
    x, y = ground[:, 0] % 6, ground[:, 1] % 4
    ground[(x < 4.5) & (y < 1.8) & (np.hypot(*ground[:, :2].T) > 3), 2] += 1.5
    assert_level(*mounted(ground, 2, 0))


def test_points_below_a_plane_speak_against_it() -> None:
    flat = np.zeros((20, 3))
    flat[:, 0] = np.arange(20)
    roofs, pits = flat + [0, 0, 1.5], flat - [0, 0, 1.5]
    planes = np.array([[0, 0, 0.0], [0, 0, 1.5], [0, 0, -1.5]])
    assert _scores(np.concatenate([flat, roofs]), planes).tolist() == [20, 0, 0]
    assert _scores(np.concatenate([flat, roofs, pits[:5]]), planes).tolist() == [15, -5, 5]


@pytest.mark.parametrize("phase", [0, 1])
def test_lidar_that_fires_low_and_high_beams_in_turn(phase: int) -> None:
    rng = np.random.default_rng(7)
    rows = np.empty((10_000, 3), np.float32)
    rows[phase::2] = flat_ground(rng, 5000)
    rows[1 - phase :: 2] = rng.uniform([-20, -20, 2], [20, 20, 9], (5000, 3))
    assert_level(*mounted(rows, 1, -1))


def test_rows_that_are_no_numbers_do_not_matter() -> None:
    rng = np.random.default_rng(8)
    points, truth = mounted(flat_ground(rng), 1, 1)
    points[::5] = np.nan
    points[1::50, 2] = -np.inf
    points[2::50, 0] = np.inf
    assert_level(points, truth)


def test_float64_points_are_levelled_alike() -> None:
    rng = np.random.default_rng(9)
    points, truth = mounted(flat_ground(rng), 1, 1)
    fine: Any = points + rng.normal(0, 1e-4, points.shape)  # not representable in float32
    assert fit_ground(fine) is not None
    assert_level(fine, truth)


def test_quantised_ground_counts_each_cell_once() -> None:
    # A perfect plane, and one cell with a thousand equal points two steps below.
    x, y = np.meshgrid(np.arange(-15, 15, 0.1), np.arange(-15, 15, 0.1))
    plane = np.stack([x.ravel(), y.ravel(), np.full(x.size, -HEIGHT_M)], 1).astype(np.float32)
    hole = np.full((30_000, 3), [5.5, 5.5, -HEIGHT_M - 0.1], np.float32)
    found = fit_ground(np.concatenate([plane, hole]))
    assert found is not None
    np.testing.assert_allclose(found, [0, 0, -HEIGHT_M], atol=0.002)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_ground_in_sight_is_answered_by_the_lowest_points(bad: float) -> None:
    wall = np.random.default_rng(0).uniform([5, -3, -1], [5.1, 3, 4], (4000, 3))
    wall[::16] = bad
    assert fit_ground(wall.astype(np.float32)) is None
    transform = GroundLevelling().level(wall.astype(np.float32))
    np.testing.assert_array_equal(transform[:3, :3], np.eye(3))
    assert transform[2, 3] == pytest.approx(0.9, abs=0.1)


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_no_usable_points_at_all(rows: int) -> None:
    points = np.full((rows, 3), np.nan, np.float32)
    assert fit_ground(points) is None
    np.testing.assert_array_equal(GroundLevelling().level(points), np.eye(4))


def test_one_bad_sweep_does_not_tilt_the_world() -> None:
    rng = np.random.default_rng(10)
    levelling = GroundLevelling()
    points, truth = mounted(flat_ground(rng), 1, -1)
    for _ in range(4):
        levelling.level(points)
    ramp, _ = mounted(flat_ground(rng), -9, 9)
    assert height_and_tilt_errors(GroundLevelling().level(ramp), truth)[1] > 10
    height, tilt = height_and_tilt_errors(levelling.level(ramp), truth)
    assert height < 0.03
    assert tilt < 0.3


def test_a_lasting_change_is_followed_and_reset_forgets() -> None:
    rng = np.random.default_rng(11)
    before, after = mounted(flat_ground(rng), 0, 4), mounted(flat_ground(rng), 0, -4)
    levelling = GroundLevelling(memory=5)
    for _ in range(5):
        levelling.level(before[0])
    for _ in range(3):
        found = levelling.level(after[0])
    assert height_and_tilt_errors(found, after[1])[1] < 0.3
    levelling.reset()
    assert height_and_tilt_errors(levelling.level(before[0]), before[1])[1] < 0.3


def test_same_sweep_same_answer() -> None:
    points, _ = mounted(flat_ground(np.random.default_rng(12)), 1, 1)
    np.testing.assert_array_equal(
        GroundLevelling().level(points), GroundLevelling().level(points.copy())
    )


@pytest.mark.parametrize("plane", [(0, 0, -2), (0.1, -0.2, 0.5), (-0.4, 0.1, -1)])
def test_level_transform_puts_the_plane_at_zero_without_turning(
    plane: tuple[float, float, float],
) -> None:
    transform = level_transform(np.array(plane, np.float64))
    xy = np.random.default_rng(0).uniform(-10, 10, (50, 2))
    on_plane = np.c_[xy, xy @ plane[:2] + plane[2], np.ones(50)]
    moved = on_plane @ transform.T
    np.testing.assert_allclose(moved[:, 2], 0, atol=1e-12)
    np.testing.assert_allclose(transform[:3, :3] @ transform[:3, :3].T, np.eye(3), atol=1e-12)
    # The smallest rotation has its axis in the horizontal plane: no part about z.
    assert transform[0, 1] == pytest.approx(transform[1, 0])


def test_fixed_levelling_lifts_by_the_height() -> None:
    levelling = FixedLevelling(1.9)
    points, _ = mounted(flat_ground(np.random.default_rng(0)), 3, 3)
    transform = levelling.level(points)
    np.testing.assert_array_equal(transform[:3, :3], np.eye(3))
    np.testing.assert_array_equal(transform[:3, 3], [0, 0, 1.9])
    levelling.reset()
    np.testing.assert_array_equal(levelling.level(points[:0]), transform)


def test_a_mounting_is_levelled_whichever_way_up_it_is() -> None:
    """The sensor hangs upside down, 2 m ahead, below a base that is 0.4 m above the ground."""
    base_from_sensor = from_roll_pitch_yaw((2, 0.5, 1.1), np.pi, 0.2, 0.3)
    level = mounted_level(base_from_sensor, 0.4)
    base = np.array([[5, 1, -0.4]], np.float32)  # of the ground
    below = transform_points(level, transform_points(invert(base_from_sensor), base))
    np.testing.assert_allclose(below, [[3, 0.5, 0]], atol=1e-5)
    np.testing.assert_allclose(level[:3, 3], [0, 0, 1.5], atol=1e-12)


def test_an_upside_down_sensor_is_asked_about() -> None:
    points, _ = mounted(flat_ground(np.random.default_rng(0)), 0, 0)
    upright, upside_down = GroundLevelling(), GroundLevelling()
    upright.level(points)
    assert upright.description.endswith(", from 1 sweep")  # and no question
    upside_down.level(points * np.array([1, -1, -1], np.float32))
    assert upside_down.description.startswith("ground: height -1.")
    assert "upside down? Then its mounting has to be given" in upside_down.description


def test_it_says_how_the_sensor_stands() -> None:
    levelling = GroundLevelling(memory=3)
    assert levelling.description == "ground: none seen yet"
    points, _ = mounted(flat_ground(np.random.default_rng(0)), 0, 5)
    levelling.level(points)
    assert levelling.description == "ground: height 1.70 m, tilt 5.0 deg, from 1 sweep"
    for _ in range(4):
        levelling.level(points)
    assert levelling.description.endswith("from 3 sweeps")
    levelling.reset()
    assert levelling.description == "ground: none seen yet"
    assert FixedLevelling(1.9).description == "given: height 1.90 m, tilt 0.0 deg"
