# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the sensor was: poses by time, KISS-ICP, standstill."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeroflow_ros.ego_motion import EgoMotion, KissIcpOdometry, PoseTrack, Standstill
from zeroflow_ros.geometry import Points, Transform, from_roll_pitch_yaw, invert, transform_points
from zeroflow_ros.sweep import Sweep

START_NS = 1_700_000_000_000_000_000
NO_POINTS = np.empty((0, 3), np.float32)


def at(seconds: float) -> int:
    return START_NS + round(seconds * 1e9)


def on_curve(seconds: float) -> Transform:
    """10 m/s along x, 0.5 rad/s about z."""
    return from_roll_pitch_yaw((10 * seconds, 0, 0), 0, 0, 0.5 * seconds)


def track(*seconds: float, **options: float) -> PoseTrack:
    made = PoseTrack(**options)  # type: ignore[arg-type]
    for second in seconds:
        made.add(at(second), on_curve(second))
    return made


def known(source: EgoMotion, seconds: float) -> Transform:
    pose = source.pose(at(seconds))
    assert pose is not None
    return pose


@given(st.floats(-0.09, 0.49))
def test_track_interpolates_and_extrapolates_constant_velocity(seconds: float) -> None:
    poses = track(0.0, 0.1, 0.2, 0.3, 0.4)
    np.testing.assert_allclose(known(poses, seconds), on_curve(seconds), atol=1e-6)


def test_track_gives_exact_poses_back() -> None:
    poses = track(0.0, 0.1)
    np.testing.assert_array_equal(known(poses, 0.1), on_curve(0.1))
    np.testing.assert_array_equal(known(track(5.0), 5.0), on_curve(5.0))


def test_track_is_silent_where_it_does_not_reach() -> None:
    assert PoseTrack().pose(at(0)) is None
    assert track(0.0).pose(at(0.01)) is None  # one pose says nothing about motion
    poses = track(0.0, 0.1)
    assert poses.pose(at(-0.15)) is not None
    assert poses.pose(at(0.25)) is not None
    assert poses.pose(at(-0.151)) is None
    assert poses.pose(at(0.251)) is None
    assert track(0.0, 0.1, reach_s=0.0).pose(at(0.101)) is None


def test_track_bridges_no_hole() -> None:
    poses = track(0.0, 0.1, 0.7, 0.8)
    assert poses.pose(at(0.05)) is not None
    for inside in (0.11, 0.4, 0.69):
        assert poses.pose(at(inside)) is None
    assert poses.pose(at(0.75)) is not None
    assert track(0.0, 0.5).pose(at(0.25)) is not None
    assert track(0.0, 0.501).pose(at(0.25)) is None


def test_track_does_not_amplify_noise_beyond_its_end() -> None:
    rng = np.random.default_rng(0)
    poses = PoseTrack()
    for k in range(200):  # 200 Hz, a millimetre of noise
        noisy = on_curve(k / 200)
        noisy[:3, 3] += rng.normal(0, 0.001, 3)
        poses.add(at(k / 200), noisy)
    ahead = known(poses, 199 / 200 + 0.08)[:3, 3] - on_curve(199 / 200 + 0.08)[:3, 3]
    assert np.abs(ahead).max() < 0.01


@given(st.permutations(range(5)))
def test_track_sorts_late_poses_in(order: list[int]) -> None:
    poses = track(*(k / 10 for k in order))
    for seconds in (0.05, 0.15, 0.35):
        np.testing.assert_allclose(known(poses, seconds), on_curve(seconds), atol=1e-6)


def test_track_replaces_a_repeated_stamp() -> None:
    poses = track(0.0, 0.1)
    poses.add(at(0.1), np.eye(4))
    np.testing.assert_array_equal(known(poses, 0.1), np.eye(4))
    poses.add(at(0.1), on_curve(0.1))
    np.testing.assert_allclose(known(poses, 0.05), on_curve(0.05), atol=1e-6)


@pytest.mark.parametrize("before", [1, 2, 30])
def test_track_starts_anew_after_a_bag_loop(before: int) -> None:
    poses = track(*(100 + k / 10 for k in range(before)))
    shifted = on_curve(0.0)
    shifted[1, 3] = 7.0
    poses.add(at(0.0), shifted)
    assert poses.pose(at(100.0)) is None
    poses.add(at(0.1), shifted)
    np.testing.assert_allclose(known(poses, 0.05), shifted, atol=1e-12)
    poses.reset()
    assert poses.pose(at(0.05)) is None


def test_track_holds_as_many_poses_as_it_promises() -> None:
    poses = track(*(k / 10 for k in range(10)), capacity=10)
    assert all(poses.pose(at(k / 10)) is not None for k in range(10))
    poses.add(at(1.0), on_curve(1.0))
    assert poses.pose(at(0.1)) is not None
    np.testing.assert_allclose(known(poses, 0.05), on_curve(0.05), atol=1e-6)  # extended backwards
    assert poses.pose(at(-0.06)) is None


def test_track_places_the_sensor_on_the_vehicle() -> None:
    mounting = from_roll_pitch_yaw((1.5, 0, 2), 0, 0, np.pi / 2)
    poses = PoseTrack(mounting)
    for k in range(3):
        poses.add(at(k / 10), on_curve(k / 10))
    poses.observe(Sweep(NO_POINTS, START_NS))
    np.testing.assert_allclose(known(poses, 0.13), on_curve(0.13) @ mounting, atol=1e-6)


def test_standstill_is_declared_not_guessed() -> None:
    still = Standstill()
    still.observe(Sweep(NO_POINTS, START_NS))
    still.reset()
    np.testing.assert_array_equal(known(still, 0), np.eye(4))


def street(rng: np.random.Generator) -> Points:
    """A street corner: ground, two house fronts, poles and a parked car; world frame."""
    ground = rng.uniform([-30, -12, 0], [40, 12, 0.01], (6000, 3))
    front = rng.uniform([-30, 12, 0], [40, 12.05, 8], (4000, 3))
    side = rng.uniform([35, -20, 0], [35.05, 20, 8], (2500, 3))
    poles = rng.uniform(-0.1, 0.1, (1500, 3)) + rng.choice(
        np.array([[x, -8, 2] for x in (-20, -8, 3, 16, 28)]), 1500
    )
    poles[:, 2] = rng.uniform(0, 5, 1500)
    car = rng.uniform([5, -5.2, 0.3], [9.5, -3.4, 1.5], (800, 3))
    return np.concatenate([ground, front, side, poles, car]).astype(np.float32)


@pytest.fixture
def kiss_icp() -> KissIcpOdometry:
    pytest.importorskip("kiss_icp", reason="pip install 'zeroflow_ros[odometry]'")
    return KissIcpOdometry()


def drive(index: int) -> Transform:
    """8 m/s and 0.2 rad/s, 1.8 m above the ground."""
    return from_roll_pitch_yaw((0.8 * index, 0.01 * index**2, 1.8), 0, 0, 0.02 * index)


def seen_from(pose: Transform, seed: int) -> Points:
    points = transform_points(invert(pose), street(np.random.default_rng(seed)))
    points[::50] = np.nan
    return points


def test_kiss_icp_recovers_a_known_motion(kiss_icp: KissIcpOdometry) -> None:
    for k in range(7):
        kiss_icp.observe(Sweep(seen_from(drive(k), k), at(k / 10)))
    assert kiss_icp.pose(at(0.05)) is None  # only what was observed
    for k in range(4, 7):
        found = invert(known(kiss_icp, (k - 1) / 10)) @ known(kiss_icp, k / 10)
        truth = invert(drive(k - 1)) @ drive(k)
        assert np.linalg.norm(found[:3, 3] - truth[:3, 3]) < 0.06
        assert np.abs(found[:3, :3] - truth[:3, :3]).max() < 0.007


def rings(radii: np.ndarray) -> Points:
    """What a lidar 1.8 m above flat ground sees of it, the same from wherever it looks."""
    azimuth, radius = np.meshgrid(np.linspace(0, 2 * np.pi, 900), radii)
    x, y = radius * np.cos(azimuth), radius * np.sin(azimuth)
    return np.stack([x, y, np.full_like(x, -1.8)], -1).reshape(-1, 3).astype(np.float32)


def test_rings_on_the_ground_do_not_hold_kiss_icp_back(kiss_icp: KissIcpOdometry) -> None:
    for k in range(2):
        pose = from_roll_pitch_yaw((0.22 * k, 0, 1.8), 0, 0, 0)
        houses = street(np.random.default_rng(k))[6000:]
        seen = [transform_points(invert(pose), houses), rings(np.geomspace(3, 30, 40))]
        kiss_icp.observe(Sweep(np.concatenate(seen), at(k / 10)))
    assert abs(known(kiss_icp, 0.1)[0, 3] - 0.22) < 0.05


@pytest.mark.parametrize("later_s", [-50.0, 0.0, 1.5])
def test_kiss_icp_starts_a_new_map_after_a_jump(kiss_icp: KissIcpOdometry, later_s: float) -> None:
    for k in range(3):
        kiss_icp.observe(Sweep(seen_from(drive(k), k), at(k / 10)))
    kiss_icp.observe(Sweep(seen_from(drive(3), 3), at(0.2 + later_s)))
    np.testing.assert_allclose(known(kiss_icp, 0.2 + later_s), np.eye(4), atol=1e-9)
    assert kiss_icp.pose(at(0.1)) is None


@pytest.mark.parametrize(
    "points",
    [
        NO_POINTS,
        np.full((500, 3), np.nan, np.float32),
        np.full((500, 3), 300, np.float32),
        np.full((500, 3), 0.1, np.float32),
        np.full((500, 3), np.inf, np.float32),
        np.eye(3, dtype=np.float32) * 5,
    ],
    ids=["empty", "nan", "far", "near", "inf", "three"],
)
def test_kiss_icp_does_not_guess(kiss_icp: KissIcpOdometry, points: Points) -> None:
    kiss_icp.observe(Sweep(points, at(0)))
    assert kiss_icp.pose(at(0)) is None
    for k in range(1, 4):
        kiss_icp.observe(Sweep(seen_from(drive(k), k), at(k / 10)))
    kiss_icp.observe(Sweep(points, at(0.4)))
    assert kiss_icp.pose(at(0.4)) is None
    kiss_icp.observe(Sweep(seen_from(drive(5), 5), at(0.5)))
    found = invert(known(kiss_icp, 0.3)) @ known(kiss_icp, 0.5)
    truth = invert(drive(3)) @ drive(5)
    assert np.linalg.norm(found[:3, 3] - truth[:3, 3]) < 0.1


def test_kiss_icp_remembers_little(kiss_icp: KissIcpOdometry) -> None:
    points = seen_from(drive(0), 0)[::8]
    for k in range(20):
        kiss_icp.observe(Sweep(points, at(k / 10)))
    assert kiss_icp.pose(at(0.0)) is None
    assert kiss_icp.pose(at(1.0)) is not None
    kiss_icp.reset()
    assert kiss_icp.pose(at(1.9)) is None
