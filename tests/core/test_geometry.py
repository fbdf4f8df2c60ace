# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rigid transforms against their definitions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeroflow_ros.geometry import (
    Transform,
    from_quaternion,
    from_roll_pitch_yaw,
    interpolate,
    invert,
    to_quaternion,
    transform_points,
)

metres = st.floats(-1e3, 1e3)
radians = st.floats(-np.pi, np.pi)
transforms = st.builds(
    lambda x, y, z, *angles: from_roll_pitch_yaw((x, y, z), *angles),
    *(metres, metres, metres, radians, radians, radians),
)
# Half turns included: there the branches of other quaternion formulas meet.
axes = st.tuples(*[st.sampled_from([-1.0, -0.3, 0.0, 1e-9, 0.7, 1.0])] * 4).filter(
    lambda q: np.linalg.norm(q) > 0.1
)


def about_z(angle: float, x: float = 0.0) -> Transform:
    return from_roll_pitch_yaw((x, 0, 0), 0, 0, angle)


@given(transforms)
def test_inverse_undoes_the_transform(transform: Transform) -> None:
    np.testing.assert_allclose(invert(transform) @ transform, np.eye(4), atol=1e-11)
    np.testing.assert_allclose(invert(transform), np.linalg.inv(transform), atol=1e-9)


@given(transforms)
def test_rotations_are_proper(transform: Transform) -> None:
    rotation = transform[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


@given(transforms)
def test_quaternion_round_trip(transform: Transform) -> None:
    quaternion = to_quaternion(transform)
    assert np.linalg.norm(quaternion) == pytest.approx(1.0)
    assert quaternion[3] >= 0
    again = from_quaternion(transform[:3, 3], quaternion)
    np.testing.assert_allclose(again, transform, atol=1e-12)


@given(axes, st.floats(1e-3, 1e3))
def test_quaternion_of_any_length_and_half_turns(
    quaternion: tuple[float, ...], length: float
) -> None:
    unit = np.array(quaternion) / np.linalg.norm(quaternion)
    found = to_quaternion(from_quaternion((0, 0, 0), length * unit))
    assert abs(found @ unit) == pytest.approx(1.0, abs=1e-12)


def test_quarter_turn_about_each_axis() -> None:
    half = np.sqrt(0.5)
    point = np.array([[1, 2, 3]], np.float32)
    for quaternion, expected in (
        ((half, 0, 0, half), [1, -3, 2]),
        ((0, half, 0, half), [3, 2, -1]),
        ((0, 0, half, half), [-2, 1, 3]),
    ):
        turned = transform_points(from_quaternion((0, 0, 0), quaternion), point)
        np.testing.assert_allclose(turned, [expected], atol=1e-6)


def test_roll_pitch_yaw_turn_about_fixed_axes_in_that_order() -> None:
    roll = from_roll_pitch_yaw((0, 0, 0), 0.3, 0, 0)
    pitch = from_roll_pitch_yaw((0, 0, 0), 0, -0.2, 0)
    yaw = from_roll_pitch_yaw((1, 2, 3), 0, 0, 1.1)
    together = from_roll_pitch_yaw((1, 2, 3), 0.3, -0.2, 1.1)
    np.testing.assert_allclose(together, yaw @ pitch @ roll, atol=1e-12)
    # REP-103: positive pitch lowers the nose.
    nose = transform_points(from_roll_pitch_yaw((0, 0, 0), 0, 0.1, 0), np.eye(3, dtype=np.float32))
    assert nose[0, 2] < 0


@pytest.mark.parametrize(
    "quaternion", [(0, 0, 0, 0), (np.nan, 0, 0, 1), (np.inf, 0, 0, 1), (1e-9, 0, 0, 0)]
)
def test_quaternion_without_direction_is_refused(quaternion: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="no direction"):
        from_quaternion((0, 0, 0), quaternion)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_position_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        from_quaternion((0, bad, 0), (0, 0, 0, 1))


@given(transforms, transforms)
def test_interpolation_meets_both_ends(start: Transform, end: Transform) -> None:
    np.testing.assert_allclose(interpolate(start, end, 0.0), start, atol=1e-7)
    np.testing.assert_allclose(interpolate(start, end, 1.0), end, atol=1e-7)


@given(st.floats(-3.1, 3.1), radians, st.floats(-1, 2))
def test_slerp_turns_at_constant_rate(turn: float, offset: float, fraction: float) -> None:
    pose = interpolate(about_z(offset, 2.0), about_z(offset + turn, 6.0), fraction)
    expected = about_z(offset + fraction * turn, 2.0 + 4.0 * fraction)
    np.testing.assert_allclose(pose, expected, atol=1e-6)


def test_slerp_half_way_and_beyond() -> None:
    start, end = about_z(0.0), about_z(np.deg2rad(60), 1.0)
    np.testing.assert_allclose(interpolate(start, end, 0.5), about_z(np.deg2rad(30), 0.5))
    np.testing.assert_allclose(
        interpolate(start, end, 1.5), about_z(np.deg2rad(90), 1.5), atol=1e-12
    )
    np.testing.assert_allclose(interpolate(start, end, -1.0), about_z(np.deg2rad(-60), -1.0))


def test_slerp_of_tiny_turns_keeps_them() -> None:
    # 1e-6 rad a step is a degree an hour at 10 Hz; arccos alone would be off by a percent here.
    pose = interpolate(about_z(0.0), about_z(1e-6), 0.5)
    assert pose[1, 0] == pytest.approx(5e-7, rel=1e-3)


@given(transforms)
def test_points_move_as_homogeneous_coordinates(transform: Transform) -> None:
    points = np.random.default_rng(0).uniform(-50, 50, (20, 3)).astype(np.float32)
    expected = (transform @ np.c_[points, np.ones(20)].T).T[:, :3]
    moved = transform_points(transform, points)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(moved, expected, atol=2e-3, rtol=0)


def test_bad_rows_stay_bad_alone_and_silent() -> None:
    points = np.ones((6, 3), np.float32)
    points[1, 0], points[2], points[3, 1] = np.nan, np.inf, -np.inf
    points[4] = np.finfo(np.float32).max
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        moved = transform_points(from_roll_pitch_yaw((1, 2, 3), 0.1, 0.2, 0.3), points)
    assert np.isfinite(moved[[0, 5]]).all()
    assert not np.isfinite(moved[1:4]).all(1).any()
    np.testing.assert_array_equal(moved[0], moved[5])


def test_other_layouts_and_types_are_taken() -> None:
    transform = from_roll_pitch_yaw((1, 2, 3), 0.1, 0.2, 0.3)
    points: Any = np.random.default_rng(0).uniform(-50, 50, (8, 5))
    expected = transform_points(transform, points[:, :3].astype(np.float32))
    np.testing.assert_array_equal(transform_points(transform, points[:, :3]), expected)
    assert transform_points(transform, points[:0, :3]).shape == (0, 3)
