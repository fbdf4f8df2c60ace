# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OdometryTrack: what it takes, and what it says where it knows nothing. Needs no ROS."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.ros.odometry import OdometryTrack


def message(seconds: float, x: float = 0.0) -> Any:
    pose = SimpleNamespace(
        position=SimpleNamespace(x=x, y=0.0, z=0.0),
        orientation=SimpleNamespace(x=0.0, y=0.0, z=0.0, w=1.0),
    )
    return SimpleNamespace(
        header=SimpleNamespace(
            stamp=SimpleNamespace(sec=int(seconds), nanosec=round(seconds % 1 * 1e9))
        ),
        child_frame_id="base_link",
        pose=SimpleNamespace(pose=pose),
    )


def test_it_says_why_a_pose_is_unknown() -> None:
    track = OdometryTrack(np.eye(4))
    assert "no odometry was received yet" in track.why_unknown(0)
    track.add(message(10))
    track.add(message(12))
    assert track.pose(11_000_000_000) is None
    assert "gap" in track.why_unknown(11_000_000_000)
    assert "the newest odometry is 0.500 s older" in track.why_unknown(12_500_000_000)


def test_a_late_message_does_not_make_the_newest_older() -> None:
    track = OdometryTrack(np.eye(4))
    for second in (10, 10.4, 10.2):
        track.add(message(second))
    assert "the newest odometry is 0.600 s older" in track.why_unknown(11_000_000_000)


def test_nothing_of_a_refused_message_is_kept() -> None:
    track = OdometryTrack(np.eye(4))
    with pytest.raises(ValueError, match="not finite"):
        track.add(message(10, x=float("nan")))
    assert track.base_frame == ""
    assert "no odometry was received yet" in track.why_unknown(0)
