# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OdometryTrack: what it takes, and what it says where it knows nothing. Needs no ROS."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zeroflow_ros.ros.odometry_track import OdometryTrack


def message(seconds: float, x: float = 0.0, child: str = "base_link") -> Any:
    pose = SimpleNamespace(
        position=SimpleNamespace(x=x, y=0.0, z=0.0),
        orientation=SimpleNamespace(x=0.0, y=0.0, z=0.0, w=1.0),
    )
    return SimpleNamespace(
        header=SimpleNamespace(
            frame_id="odom",
            stamp=SimpleNamespace(sec=int(seconds), nanosec=round(seconds % 1 * 1e9)),
        ),
        child_frame_id=child,
        pose=SimpleNamespace(pose=pose),
    )


def test_it_says_why_a_pose_is_unknown() -> None:
    track = OdometryTrack()
    assert "no odometry was received yet" in track.why_unknown(0)
    track.add(message(10))
    track.add(message(12))
    assert track.pose(11_000_000_000) is None
    assert "gap" in track.why_unknown(11_000_000_000)
    assert "the newest odometry is 0.500 s older than the sweep" in track.why_unknown(
        12_500_000_000
    )


def test_a_late_message_does_not_make_the_newest_older() -> None:
    track = OdometryTrack()
    for second in (10, 10.4, 10.2):
        track.add(message(second))
    assert "the newest odometry is 0.600 s older" in track.why_unknown(11_000_000_000)


def test_nothing_of_a_refused_message_is_kept() -> None:
    track = OdometryTrack()
    with pytest.raises(ValueError, match="not finite"):
        track.add(message(10, x=float("nan")))
    assert track.base_frame == ""
    assert "no odometry was received yet" in track.why_unknown(0)


def waits(track: OdometryTrack, monkeypatch: pytest.MonkeyPatch, *what: Any) -> list[float]:
    """What comes while a pose is waited for, one by one, then nothing; and for how long, in s."""
    left, steps = [], iter(what)

    def wait(timeout: float) -> bool:
        left.append(timeout)
        step = next(steps, None)
        if step is None:
            return False
        step() if callable(step) else track.add(step)
        return True

    monkeypatch.setattr(track._changed, "wait", wait)
    return left


def test_a_sweep_waits_for_odometry_that_reaches_its_stamp(monkeypatch: pytest.MonkeyPatch) -> None:
    track = OdometryTrack()
    track.add(message(10.0, x=0))
    waited = waits(track, monkeypatch, message(10.05, x=0.5), message(10.125, x=1.25))
    pose = track.pose(10_100_000_000, timeout_s=0.1)
    assert len(waited) == 2
    assert 0 < waited[1] <= waited[0] <= 0.1
    assert pose is not None
    assert pose[0, 3] == pytest.approx(1.0)


def test_what_little_is_missing_is_extrapolated_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    track = OdometryTrack()
    track.add(message(10.0, x=0))
    waited = waits(track, monkeypatch, message(10.08, x=0.8))  # of one pose, no speed is known
    pose = track.pose(10_100_000_000, timeout_s=0.1)
    assert len(waited) == 1
    assert pose is not None
    assert pose[0, 3] == pytest.approx(1.0)
    track.pose(10_106_000_000, timeout_s=0.0)
    assert len(waited) == 2


def test_after_the_wait_it_extrapolates(monkeypatch: pytest.MonkeyPatch) -> None:
    track = OdometryTrack()
    for second in (10.0, 10.1):
        track.add(message(second, x=10 * second))
    monkeypatch.setattr(track._changed, "wait", lambda timeout: False)
    pose = track.pose(10_200_000_000, timeout_s=0.0)
    assert pose is not None
    assert pose[0, 3] == pytest.approx(102.0)


def test_odometry_that_ended_or_never_came_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    track = OdometryTrack()
    waited = waits(track, monkeypatch)
    assert track.pose(10_000_000_000, timeout_s=1.0) is None
    track.add(message(10.0))
    assert track.pose(11_100_000_000, timeout_s=1.0) is None
    assert waited == []


def test_odometry_of_other_frames_is_refused_until_the_next_start() -> None:
    track = OdometryTrack()
    track.add(message(10.0, child="base_link"))
    with pytest.raises(ValueError, match=r"of 'imu' in 'odom', .* 'base_link' in 'odom': several"):
        track.add(message(10.05, child="imu"))
    track.stop()
    track.start()
    track.add(message(10.1, child="imu"))
    assert track.base_frame == "imu"


def test_stop_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    track = OdometryTrack()
    track.add(message(10.0))
    track.add(message(10.05))
    waited = waits(track, monkeypatch, track.stop)
    assert track.pose(10_100_000_000, timeout_s=1.0) is None
    assert len(waited) == 1
    track.start()
    assert not track.received


def test_a_clock_of_another_epoch_is_named() -> None:
    track = OdometryTrack()
    track.add(message(10.0))
    assert "are both on the same clock (use_sim_time)?" in track.why_unknown(1_700_000_000 * 10**9)
