# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Transforms and what is made of them, by a stand-in for tf2_ros."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from geometry_msgs.msg import TransformStamped

from zeroflow_ros.errors import MissingRosPackageError
from zeroflow_ros.ros.levelling_source import TfLevelling
from zeroflow_ros.ros.mounting import Mounting
from zeroflow_ros.ros.sensor_frame import SensorFrame
from zeroflow_ros.ros.tf_ego_motion import TfEgoMotion
from zeroflow_ros.ros.transforms import Transforms
from zeroflow_ros.sweep import Sweep

MS = 1_000_000
S = 1000 * MS
NODE: Any = SimpleNamespace(
    create_subscription=lambda *_: None, destroy_subscription=lambda _: True
)


def transform(
    parent: str, child: str, at_ns: int, x: float = 0.0, z: float = 0.0
) -> TransformStamped:
    message = TransformStamped()
    message.header.frame_id, message.child_frame_id = parent, child
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(at_ns, S)
    message.transform.translation.x, message.transform.translation.z = float(x), float(z)
    return message


@pytest.fixture
def tf(tf2_ros: None) -> Transforms:
    transforms = Transforms(NODE, "this test")
    transforms.start()
    return transforms


def drive(tf: Transforms, *at_ns: int) -> None:
    """Odom <- base by 10 m/s, base <- lidar 2 m ahead and 1.5 m up."""
    tf.set_transform_static(transform("base_link", "lidar", 0, x=2, z=1.5), "")
    for stamp in at_ns:
        tf.set_transform(transform("odom", "base_link", stamp, x=10 * (stamp - 100 * S) / S), "")


def while_waiting(
    tf: Transforms, monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], None]
) -> list[float]:
    """What happens while a transform is waited for; returns how long each wait was for, in s."""
    waited, left = [], iter(steps)

    def wait(timeout: float) -> None:
        waited.append(timeout)
        next(left)()

    monkeypatch.setattr(tf._changed, "wait", wait)
    return waited


def test_a_transform_is_interpolated_at_the_stamp(tf: Transforms) -> None:
    drive(tf, 100 * S, 100 * S + 100 * MS)
    pose = tf.lookup("odom", "lidar", 100 * S + 50 * MS, 0.0)
    assert pose is not None
    np.testing.assert_allclose(pose[:3, 3], [2.5, 0, 1.5], atol=1e-9)


def test_one_that_is_late_is_waited_for(tf: Transforms, monkeypatch: pytest.MonkeyPatch) -> None:
    drive(tf, 100 * S)
    waited = while_waiting(
        tf,
        monkeypatch,
        lambda: drive(tf, 100 * S + 40 * MS),
        lambda: drive(tf, 100 * S + 80 * MS),
    )
    pose = tf.lookup("odom", "lidar", 100 * S + 50 * MS, 0.5)
    assert pose is not None
    assert pose[0, 3] == pytest.approx(2.5)
    assert len(waited) == 2
    assert 0 < waited[1] <= waited[0] <= 0.5


def test_stop_ends_the_wait(tf: Transforms, monkeypatch: pytest.MonkeyPatch) -> None:
    drive(tf, 100 * S)
    waited = while_waiting(tf, monkeypatch, tf.stop)
    assert tf.lookup("odom", "lidar", 100 * S + 50 * MS, 60.0) is None
    assert len(waited) == 1


@pytest.mark.parametrize("at_ns", [99 * S, 102 * S, 0, -5 * S])
def test_what_cannot_come_is_not_waited_for(
    tf: Transforms, monkeypatch: pytest.MonkeyPatch, at_ns: int
) -> None:
    waited = while_waiting(tf, monkeypatch)
    assert tf.lookup("odom", "lidar", at_ns, 1.0) is None
    drive(tf, 100 * S, 100 * S + 500 * MS)
    assert tf.lookup("odom", "lidar", at_ns, 1.0) is None
    assert waited == []


def test_it_says_what_tf_lacks(tf: Transforms) -> None:
    def why(at_ns: int) -> str:
        return tf.why_unknown("odom", "lidar", at_ns)

    assert why(100 * S) == "nothing was received on /tf and /tf_static yet"
    tf.set_transform_static(transform("base_link", "/lidar", 0), "")
    assert why(100 * S) == "TF has no frame 'odom' (it has base_link, lidar)"
    tf.set_transform(transform("odom", "other", 100 * S), "")
    assert "TF does not connect 'odom' with 'lidar' (it has base_link, lidar, odom, o" in why(1)
    drive(tf, 100 * S, 101 * S)
    assert why(101 * S + 250 * MS) == "the newest transform is 0.250 s older than the sweep"
    assert why(99 * S) == "the newest transform is 2.000 s newer than the sweep"
    assert why(1_700_000_000 * S).endswith("; are both on the same clock (use_sim_time)?")
    assert why(0) == "the sweep has no stamp; its driver has to set one"


def test_a_bag_that_loops_starts_tf_anew_and_what_is_static_stays(tf: Transforms) -> None:
    """By itself, tf2 would refuse what is more than 10 s older than what it has."""
    drive(tf, 150 * S)
    tf.set_transform(transform("odom", "base_link", 100 * S, x=7), "")
    pose = tf.lookup("odom", "lidar", 100 * S, 0.0)
    assert pose is not None
    assert pose[0, 3] == pytest.approx(9.0)
    tf.forget()
    assert tf.newest("odom", "lidar") is None
    assert tf.newest("base_link", "lidar") is not None


def test_without_tf2_the_error_says_how_to_get_it(no_tf2_ros: None) -> None:
    expected = (
        "ego_motion.source = tf needs the ROS package 'tf2_ros': "
        "sudo apt install ros-jazzy-tf2-ros-py"
    )
    with pytest.raises(MissingRosPackageError, match=f"^{expected}$"):
        Transforms(NODE, "ego_motion.source = tf")


def sensor(frame: str = "lidar") -> SensorFrame:
    seen = SensorFrame(lambda text: None)
    seen.observe(Sweep(np.zeros((0, 3), np.float32), 0, frame))
    return seen


def test_ego_motion_of_tf_says_which_parameter_to_look_at(tf: Transforms) -> None:
    motion = TfEgoMotion(tf, "odom", sensor("/lidar"), 0.0)
    assert motion.pose(100 * S) is None
    assert "yet; set ego_motion.fixed_frame, or another" in motion.why_unknown(100 * S)
    drive(tf, 100 * S)
    assert motion.description == "tf (odom <- lidar)"
    assert motion.pose(100 * S) is not None
    assert "0.050 s older than the sweep; ego_motion.timeout is 0.0 s" in motion.why_unknown(
        100 * S + 50 * MS
    )
    nameless = TfEgoMotion(tf, "odom", sensor(""), 0.0)
    assert nameless.pose(100 * S) is None
    assert "no cloud has named its frame" in nameless.why_unknown(100 * S)


def test_a_change_of_frame_is_said() -> None:
    said: list[str] = []
    frame = SensorFrame(said.append)
    for name in ("front", "/front", "rear"):
        frame.observe(Sweep(np.zeros((0, 3), np.float32), 0, name))
    (line,) = said
    assert line.startswith("clouds are in 'rear' now, not in 'front': all starts anew. If that")


def test_the_mounting_is_given_or_of_tf_or_assumed_aloud(tf: Transforms) -> None:
    given = np.eye(4)
    given[2, 3] = 3.0
    found = Mounting(given, tf).find("base_link", "lidar", 0)
    np.testing.assert_array_equal(found, given)
    np.testing.assert_array_equal(Mounting(None, tf).find("lidar", "lidar", 0), np.eye(4))

    mounting = Mounting(None, tf)
    assert mounting.find("base_link", "lidar", 100 * S) is None
    drive(tf)
    found = mounting.find("base_link", "lidar", 101 * S)
    assert found is not None
    np.testing.assert_allclose(found[:3, 3], [2, 0, 1.5])
    assert mounting.told_by == "tf"

    for at_ns in range(102 * S, 104 * S + 1, 500 * MS):
        assert mounting.find("base_link", "rear", at_ns) is None
    np.testing.assert_array_equal(mounting.find("base_link", "rear", 104 * S + 1), np.eye(4))
    assert mounting.told_by == "nobody"
    # What comes now is too late: it would look like a jump of the vehicle.
    tf.set_transform_static(transform("base_link", "rear", 0, x=-4), "")
    np.testing.assert_array_equal(mounting.find("base_link", "rear", 105 * S), np.eye(4))

    without_tf = Mounting(None, None)
    np.testing.assert_array_equal(without_tf.find("base_link", "lidar", 0), np.eye(4))
    assert without_tf.told_by == "nobody"


def test_levelling_of_tf_is_the_ground_until_tf_is_known(tf: Transforms) -> None:
    rng = np.random.default_rng(0)
    ground = rng.uniform(-15, 15, (3000, 3)).astype(np.float32)
    ground[:, 2] = -2
    levelling = TfLevelling(tf, sensor(), "base_link", 0.3)
    assert levelling.level(ground)[2, 3] == pytest.approx(2, abs=0.01)
    assert levelling.description == (
        "tf: not used yet (nothing was received on /tf and /tf_static yet); "
        "until then ground: height 2.00 m, tilt 0.0 deg, from 1 sweep"
    )
    drive(tf)
    assert levelling.description.startswith("tf: not used yet (no sweep since); until then gr")
    level = levelling.level(ground)
    np.testing.assert_allclose(level[:3, 3], [0, 0, 1.8])
    assert levelling.description == "tf (base_link <- lidar): height 1.80 m, tilt 0.0 deg"
