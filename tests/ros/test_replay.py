# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bag as a live lidar, into the real node."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from zeroflow_ros.bags.stamps import restamp, stamp_of
from zeroflow_ros.errors import BagError
from zeroflow_ros.ros.replay import load_cues, parse

REPLAY = "zeroflow_ros.ros.replay"
STAMPS_NS = [1_600_000_000_000_000_000 + step for step in (0, 100_000_000, 205_000_000)]
TYPES = get_typestore(Stores.ROS2_JAZZY)


def odometry(stamp_ns: int, x: float) -> Any:
    t = TYPES.types
    pose = t["geometry_msgs/msg/Pose"](
        t["geometry_msgs/msg/Point"](x, 0.0, 0.0),
        t["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0),
    )
    zero = t["geometry_msgs/msg/Vector3"](0.0, 0.0, 0.0)
    return t["nav_msgs/msg/Odometry"](
        header(stamp_ns),
        "lidar",
        t["geometry_msgs/msg/PoseWithCovariance"](pose, np.zeros(36)),
        t["geometry_msgs/msg/TwistWithCovariance"](
            t["geometry_msgs/msg/Twist"](zero, zero), np.zeros(36)
        ),
    )


def header(stamp_ns: int) -> Any:
    time = TYPES.types["builtin_interfaces/msg/Time"](*divmod(stamp_ns, 1_000_000_000))
    return TYPES.types["std_msgs/msg/Header"](time, "lidar")


def points(k: int) -> np.ndarray:
    """Ground around the sensor."""
    values = np.random.default_rng(k).uniform(-15, 15, (300, 3)).astype(np.float32)
    values[:, 2] = -2
    return values


def cloud(stamp_ns: int, k: int) -> Any:
    field = TYPES.types["sensor_msgs/msg/PointField"]
    return TYPES.types["sensor_msgs/msg/PointCloud2"](
        header(stamp_ns), 1, 300, [field(name, 4 * i, 7, 1) for i, name in enumerate("xyz")],
        False, 12, 3600, points(k).view(np.uint8).reshape(-1), True,
    )  # fmt: skip


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Three sweeps; the odometry of each was recorded after it."""
    path = tmp_path / "bag"
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        kinds = ("sensor_msgs/msg/PointCloud2", "nav_msgs/msg/Odometry")
        clouds, poses = (
            writer.add_connection(topic, kind, typestore=TYPES)
            for topic, kind in zip(("/points", "/odom"), kinds, strict=True)
        )
        for k, stamp_ns in enumerate(STAMPS_NS):
            data = TYPES.serialize_cdr(cloud(stamp_ns, k), kinds[0])
            writer.write(clouds, stamp_ns, data)
            data = TYPES.serialize_cdr(odometry(stamp_ns, 0.0), kinds[1])
            writer.write(poses, stamp_ns + 1, data)
    return path


def test_cues_are_in_order_of_stamp_with_odometry_first(bag: Path) -> None:
    cues = load_cues(parse([str(bag)]))
    assert [cue.stamp_ns for cue in cues] == [s for stamp in STAMPS_NS for s in (stamp, stamp)]
    assert [cue.is_cloud for cue in cues] == [False, True] * 3
    assert [cue.is_cloud for cue in load_cues(parse([str(bag), "--no-odometry"]))] == [True] * 3


@pytest.mark.parametrize("little_endian", [True, False])
def test_restamp_changes_the_stamp_and_nothing_else(little_endian: bool) -> None:
    message = cloud(STAMPS_NS[0], 0)
    kind = "sensor_msgs/msg/PointCloud2"
    data = bytes(TYPES.serialize_cdr(message, kind, little_endian=little_endian))
    assert stamp_of(data) == STAMPS_NS[0]
    later = TYPES.deserialize_cdr(restamp(data, 12_000_000_034), kind)
    assert (later.header.stamp.sec, later.header.stamp.nanosec) == (12, 34)
    assert later.header.frame_id == "lidar"
    np.testing.assert_array_equal(later.data, message.data)


def test_a_message_without_room_for_a_stamp_is_refused() -> None:
    with pytest.raises(BagError, match="8 bytes"):
        stamp_of(bytes(8))


def test_bag_runs_through_the_node_at_the_pace_asked_for(
    bag: Path, start: Callable[..., Any], start_node: Callable[..., Any]
) -> None:
    pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")
    from zeroflow_ros.ros.probe import FlowProbe

    node = start_node()
    with FlowProbe() as probe:
        assert probe.wait_for_publisher(30.0)
        # A tenth of the pace: the node keeps only the newest sweep, so that a machine that stands
        # still for two sweeps would rightly lose one of them.
        replay = start(REPLAY, str(bag), "--rate", "0.1")
        first_ns = int(replay.wait_for("first stamp").split()[-1])
        samples = probe.collect(3, 30.0)
    assert replay.wait() == 0
    assert "3 clouds and 3 odometry messages" in replay.lines[-1]
    assert [s.stamp_ns - first_ns for s in samples] == [s - STAMPS_NS[0] for s in STAMPS_NS]
    assert samples[2].published_ns - first_ns > 9.9 * (STAMPS_NS[2] - STAMPS_NS[0])
    for k, sample in enumerate(samples):
        assert sample.stamp_ns <= sample.published_ns <= sample.received_ns
        assert 0 < sample.publish_latency_ms <= sample.latency_ms
        found = sample.columns()
        np.testing.assert_array_equal(found.points, points(k))
        assert found.valid.all() == (k > 0)
    np.testing.assert_allclose(samples[2].columns().velocity[:, 0], 0.5 / 0.105, rtol=1e-3)
    assert node.stop() == 0
    assert "3 sweeps received, 3 answered (2 estimated" in node.lines[-1]


def test_start_stamp_can_be_given(bag: Path, start: Callable[..., Any]) -> None:
    pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")
    from zeroflow_ros.ros.probe import FlowProbe

    with FlowProbe("/lidar") as probe:
        start(REPLAY, str(bag), "--cloud-target", "/lidar", "--no-odometry",
              "--start-ns", "5000000000", "--rate", "4")  # fmt: skip
        samples = probe.collect(3, 30.0)
    assert [s.stamp_ns for s in samples] == [5_000_000_000, 5_100_000_000, 5_205_000_000]


def test_replay_says_what_is_wrong(bag: Path, tmp_path: Path, start: Callable[..., Any]) -> None:
    pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")
    alone = start(REPLAY, str(bag), "--wait-s", "0.2")
    assert alone.wait() == 1
    assert "nobody subscribed to /scene_flow/input/pointcloud" in alone.lines[-1]
    missing = start(REPLAY, str(tmp_path / "nothing"))
    assert missing.wait() == 1
    assert str(tmp_path / "nothing") in missing.lines[-1]
    assert "Traceback" not in missing.output
