# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Points as if all were measured at the stamp, whether they come raw or deskewed."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_ros.deskew import Deskewing, Path
from zeroflow_ros.geometry import (
    Points,
    Transform,
    from_roll_pitch_yaw,
    interpolate,
    invert,
    transform_points,
)
from zeroflow_ros.skew_witnesses import was_straight
from zeroflow_ros.sweep import PosedSweep, Sweep

STEP_S = 0.1
MOTION = from_roll_pitch_yaw((1.5, 0.05, 0.0), 0.0, 0.0, 0.03)  # 15 m/s in a bend
# Beside the column they are fired with, two by two; every other one looks over the near walls.
LASERS = np.radians((0.0, 0.0, 4.2, 4.2))
NEAR_M, FAR_M = np.array([6.0, 17.0, 6.0, 17.0]), np.array([-9.0, -25.0, -9.0, -25.0])
COLUMNS = 1000


def pose(time_s: float, motion: Transform = MOTION) -> Transform:
    """World <- sensor; the sensor starts at the origin."""
    whole, rest = divmod(time_s / STEP_S, 1.0)
    at = np.linalg.matrix_power(motion, int(whole))
    return at @ interpolate(np.eye(4), motion, rest)


def column(at: Transform, azimuth: float) -> npt.NDArray[np.float64]:
    """Where the lasers of a column meet walls along the street, world, [4, lasers]."""
    direction = np.arctan2(at[1, 0], at[0, 0]) + azimuth + LASERS
    wall = np.where(np.sin(direction) > 0, NEAR_M, FAR_M)
    along = (wall - at[1, 3]) / np.sin(direction)
    x, y = at[0, 3] + along * np.cos(direction), at[1, 3] + along * np.sin(direction)
    return np.stack([x, y, 0 * x, 1 + 0 * x])


def sweeps(stamp_s: float, motion: Transform = MOTION) -> tuple[Points, Points, Points]:
    """What a spinning lidar measures from its stamp on: raw, at the stamp, and the times."""
    times = np.linspace(0, STEP_S, COLUMNS, endpoint=False)
    now, raw, at_stamp = pose(stamp_s, motion), [], []
    for time in times:
        at = pose(stamp_s + time, motion)
        hit = column(at, 0.01 - 2 * np.pi * time / STEP_S)
        raw.append((invert(at) @ hit)[:3].T)
        at_stamp.append((invert(now) @ hit)[:3].T)
    rows = np.concatenate(raw), np.concatenate(at_stamp), np.repeat(times, len(LASERS))
    seen = np.linalg.norm(rows[0], axis=1) < 60
    return tuple(values[seen].astype(np.float32) for values in rows)  # type: ignore[return-value]


def deskewed(points: Points, times: Points, motion: Transform, step_s: float) -> Points:
    return Path.over(times, motion, step_s).straight(points, times)


def vote(points: Points, times: Points, motion: Transform = MOTION) -> float:
    return was_straight(points, times, Path.over(times, motion, STEP_S).straight)


def test_points_infinitely_high_are_no_witnesses() -> None:
    raw, _, times = sweeps(0.3)
    odd = raw.copy()
    odd[::20, 2], odd[10::20, 2], odd[5::20, :2] = 3e38, np.inf, 3e38
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert vote(odd, times) == pytest.approx(vote(raw, times), rel=0.2)


def posed(
    number: float, points: Points, times: Points | None, motion: Transform = MOTION
) -> PosedSweep:
    extras = {} if times is None else {"time": times}
    stamp_ns = 1_000_000_000 + round(number * 100_000_000)
    return PosedSweep(Sweep(points, stamp_ns, extras=extras), pose(number * STEP_S, motion))


def worst(points: Points, truth: Points) -> float:
    return float(np.linalg.norm(points - truth, axis=1).max())


def test_points_come_to_where_they_were_at_the_stamp() -> None:
    raw, at_stamp, times = sweeps(0.3)
    assert worst(raw, at_stamp) > 1.0
    assert worst(deskewed(raw, times, MOTION, STEP_S), at_stamp) < 0.01


def test_times_before_the_stamp_and_motion_over_a_lost_sweep() -> None:
    points = np.float32([[10, 0, 1], [0, -5, 1], [np.nan, 1, 1]])
    moved = deskewed(points, np.float32([-0.05, 0.05, 0.0]), MOTION @ MOTION, 2 * STEP_S)
    half = interpolate(np.eye(4), MOTION, 0.5)
    np.testing.assert_allclose(moved[:1], transform_points(invert(half), points[:1]), atol=0.02)
    np.testing.assert_allclose(moved[1:2], transform_points(half, points[1:2]), atol=0.02)
    assert np.isnan(moved[2, 0])


def test_a_turn_is_off_by_less_than_a_millimetre() -> None:
    times = np.linspace(0, STEP_S, 101, dtype=np.float32)
    points = np.tile(np.float32([[50, 0, 0]]), (101, 1))
    moved = deskewed(points, times, from_roll_pitch_yaw((0, 0, 0), 0, 0, 0.1), STEP_S)
    truth = 50 * np.stack([np.cos(times), np.sin(times), 0 * times], -1)
    assert 1e-4 < worst(moved, truth) < 5e-4


def test_one_time_and_points_of_doubles() -> None:
    points = np.array([[10.0, 0, 1], [0, -5, 1]])
    at_stamp = deskewed(points, np.zeros(2, np.float32), MOTION, STEP_S)
    np.testing.assert_allclose(at_stamp, points)
    assert at_stamp.dtype == np.float32


def test_the_first_sweep_waits_for_the_second() -> None:
    deskewing = Deskewing()
    (first, first_truth, times), (second, second_truth, more) = sweeps(0.0), sweeps(0.1)
    assert deskewing.add(posed(0, first, times)) == []
    ready = deskewing.add(posed(1, second, more))
    assert [one.sweep.stamp_ns for one in ready] == [1_000_000_000, 1_100_000_000]
    assert worst(ready[0].sweep.points, first_truth) < 0.01
    assert worst(ready[1].sweep.points, second_truth) < 0.01
    third = sweeps(0.2)
    (one,) = deskewing.add(posed(2, third[0], third[2]))
    assert worst(one.sweep.points, third[1]) < 0.01


def test_without_times_points_are_the_very_same() -> None:
    deskewing = Deskewing()
    raw = sweeps(0.0)[0]
    deskewing.add(posed(0, raw, None))
    assert [one.sweep.points is raw for one in deskewing.add(posed(1, raw, None))] == [True, True]


@pytest.mark.parametrize("later_ns", [-50_000_000, 0, 1_500_000_000])
def test_after_a_jump_of_the_clock_a_sweep_waits_again(later_ns: int) -> None:
    deskewing = Deskewing()
    raw, _, times = sweeps(0.0)
    for number in range(3):
        deskewing.add(posed(number, raw, times))
    sweep = Sweep(raw, 1_200_000_000 + later_ns, extras={"t": times})
    assert deskewing.add(PosedSweep(sweep, pose(9.0))) == []
    after = Sweep(raw, sweep.stamp_ns + 900_000_000, extras={"t": times})
    assert len(deskewing.add(PosedSweep(after, pose(9.9)))) == 2
    deskewing.reset()
    assert deskewing.add(PosedSweep(after, pose(9.9))) == []


def test_a_jump_of_the_odometry_bends_nothing() -> None:
    deskewing = Deskewing()
    raw, _, times = sweeps(0.0)
    deskewing.add(posed(0, raw, times))
    elsewhere = PosedSweep(
        posed(1, raw, times).sweep, pose(0.0) @ from_roll_pitch_yaw((12, 0, 0), 0, 0, 0)
    )
    assert all(one.sweep.points is raw for one in deskewing.add(elsewhere))


@pytest.mark.parametrize("speed_mps", [0.5, 5.0, 30.0])
@pytest.mark.parametrize("turn_rad_s", [-1.0, 0.0, 0.3])
def test_each_sweep_votes_for_what_it_is(speed_mps: float, turn_rad_s: float) -> None:
    motion = from_roll_pitch_yaw((speed_mps * STEP_S, 0, 0), 0, 0, turn_rad_s * STEP_S)
    raw, at_stamp, times = sweeps(STEP_S, motion)
    assert vote(raw, times, motion) < -2
    assert vote(at_stamp, times, motion) > 2


@pytest.mark.parametrize("turn_rad_s", [-1.0, -0.05, 0.05, 1.0])
def test_a_turn_on_the_spot_tells_nothing(turn_rad_s: float) -> None:
    motion = from_roll_pitch_yaw((0, 0, 0), 0, 0, turn_rad_s * STEP_S)
    raw, at_stamp, times = sweeps(STEP_S, motion)
    assert abs(vote(raw, times, motion)) < 0.5
    assert abs(vote(at_stamp, times, motion)) < 0.5


def test_a_lidar_that_swings_tells_nothing() -> None:
    """Over a flat wall ahead, range goes with direction, raw or not."""
    times = np.linspace(0, STEP_S, 5000, dtype=np.float32)
    azimuth = np.radians(34) * np.sin(2 * np.pi * 7 * times / STEP_S)
    rise = np.radians(30) * np.sin(2 * np.pi * 11 * times / STEP_S)
    points = 12 * np.stack([1 + 0 * azimuth, np.tan(azimuth), np.tan(rise)], -1)
    for first_s in (-STEP_S, 0.0):
        assert vote(points.astype(np.float32), times + np.float32(first_s)) == 0


def test_few_points_and_one_time_tell_nothing() -> None:
    raw, _, times = sweeps(0.0)
    assert vote(raw, 0 * times) == 0
    assert vote(raw[:1], times[:1]) == 0
    assert vote(0.01 * raw, times) == 0  # all on the own vehicle


@pytest.mark.parametrize("speed_mps", [0.5, 15.0])
def test_what_was_deskewed_before_is_known_within_a_few_sweeps(speed_mps: float) -> None:
    motion = from_roll_pitch_yaw((speed_mps * STEP_S, 0, 0), 0, 0, 0)
    deskewing = Deskewing()
    for number in range(4):
        _, at_stamp, times = sweeps(number * STEP_S, motion)
        some = np.random.default_rng(number).permutation(len(times))[:1500]
        ready = deskewing.add(posed(number, at_stamp[some], times[some], motion))
    assert ready[0].sweep.points is not at_stamp
    np.testing.assert_array_equal(ready[0].sweep.points, at_stamp[some])


def test_it_is_remembered_at_a_red_light_and_forgotten_with_the_recording() -> None:
    deskewing = Deskewing()
    for number in range(4):
        _, at_stamp, times = sweeps(number * STEP_S)
        deskewing.add(posed(number, at_stamp, times))
    for number in range(4, 40):  # stands
        standing = PosedSweep(posed(number, at_stamp, times).sweep, pose(0.3))
        (ready,) = deskewing.add(standing)
        assert ready is standing
    slowly = PosedSweep(
        Sweep(at_stamp[:40], 5_000_000_000, extras={"t": times[:40]}),
        pose(0.3) @ from_roll_pitch_yaw((0.05, 0, 0), 0, 0, 0),
    )
    assert deskewing.add(slowly) == [slowly]
    deskewing.reset()
    raw, truth, times = sweeps(0.0)
    deskewing.add(posed(0, raw, times))
    assert worst(deskewing.add(posed(1, *sweeps(0.1)[::2]))[0].sweep.points, truth) < 0.01


def test_without_witnesses_a_cloud_is_raw() -> None:
    """A lidar that looks anywhere at any time, in rows without order."""
    rng, deskewing = np.random.default_rng(3), Deskewing()
    for number in range(30):
        points = rng.uniform(-30, 30, (5000, 3)).astype(np.float32)
        times = rng.uniform(0, STEP_S, 5000).astype(np.float32)
        ready = deskewing.add(posed(number, points, times))
    expected = deskewed(points, times, MOTION, STEP_S)
    np.testing.assert_allclose(ready[-1].sweep.points, expected, atol=1e-4)
