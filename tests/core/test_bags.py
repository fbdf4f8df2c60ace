# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading bags: any storage, topics found or explained, odometry, and the frames of the bag."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from zeroflow_ros.bags import BagReader, BagWriter
from zeroflow_ros.bags.odometry import recorded_odometry, sensor_in_base
from zeroflow_ros.errors import BagError, CloudError, EgoMotionError

CLOUD, ODOMETRY, TRANSFORMS = (
    "sensor_msgs/msg/PointCloud2",
    "nav_msgs/msg/Odometry",
    "tf2_msgs/msg/TFMessage",
)


def expected_points(k: int, count: int = 50) -> np.ndarray:
    return np.random.default_rng(k).uniform(-40, 40, (count, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("storage", "compression"),
    [
        ("mcap", "none"),
        ("mcap", "storage"),
        ("sqlite3", "none"),
        ("sqlite3", "message"),
        ("sqlite3", "file"),
    ],
)
def test_sweeps_of_every_storage(factory, storage, compression):
    path = factory.write(factory.sweeps(4), storage=storage, compression=compression)
    with BagReader(path) as reader:
        sweeps = [sweep for _, sweep in reader.sweeps()]
        assert reader.damage is None
        assert reader.note is None
    assert [sweep.stamp_ns for sweep in sweeps] == [
        1_700_000_000_000_000_000 + k * 100_000_000 for k in range(4)
    ]
    for k, sweep in enumerate(sweeps):
        assert sweep.frame_id == "lidar"
        np.testing.assert_array_equal(sweep.points, expected_points(k)[:, :3])
        np.testing.assert_array_equal(sweep.extras["intensity"], expected_points(k)[:, 3])


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_bare_file_reads_like_its_folder(factory, storage):
    folder = factory.write(factory.sweeps(3), storage=storage)
    suffix = {"mcap": ".mcap", "sqlite3": ".db3"}[storage]
    (file,) = (f for f in folder.iterdir() if f.suffix == suffix)
    alone = factory.folder / f"alone{suffix}"
    file.rename(alone)
    with BagReader(alone) as reader:
        assert reader.find_cloud_topic() == "/points"
        assert len(list(reader.sweeps())) == 3


def test_bag_without_embedded_definitions_is_read_with_jazzys(factory):
    """Recorders before Iron stored no message definitions in sqlite3 bags."""
    import sqlite3

    folder = factory.write(factory.sweeps(2) + factory.drive(2), storage="sqlite3")
    (file,) = folder.glob("*.db3")
    with sqlite3.connect(file) as database:
        database.execute("DELETE FROM message_definitions")
    with BagReader(folder) as reader:
        assert len(list(reader.sweeps())) == 2
        assert len(reader.read_odometry()) == 2


def test_split_bag_is_read_in_order(factory):
    """Without metadata the files are ordered by number: bag_2 before bag_10."""
    parts = [factory.write([entry], f"part{k}") for k, entry in enumerate(factory.sweeps(3))]
    whole = factory.folder / "whole"
    whole.mkdir()
    for part, number in zip(parts, (0, 2, 10), strict=True):
        next(part.glob("*.mcap")).rename(whole / f"whole_{number}.mcap")
    with BagReader(whole) as reader:
        stamps = [sweep.stamp_ns for _, sweep in reader.sweeps()]
        assert reader.topics["/points"].message_count == 3
        assert "reindex" in reader.note
    assert stamps == sorted(stamps)
    assert len(stamps) == 3


def test_the_only_cloud_topic_is_found(factory):
    entries = factory.sweeps(2) + factory.drive(2)
    with BagReader(factory.write(entries, topics=[("/empty", CLOUD)])) as reader:
        assert reader.find_cloud_topic() == "/points"
        assert reader.find_cloud_topic("points") == "/points"


def test_several_cloud_topics_are_listed(factory):
    entries = factory.sweeps(2, "/front") + factory.sweeps(3, "/rear")
    with BagReader(factory.write(entries)) as reader:
        with pytest.raises(
            BagError, match=r"2 point cloud topics.*--topic.*/front \(2\), /rear \(3"
        ):
            reader.find_cloud_topic()
        assert reader.find_cloud_topic("/rear") == "/rear"


@pytest.mark.parametrize("topic", ["/scene_flow/output/flow", "/truth/flow"])
def test_own_output_is_not_taken_for_an_input(factory, topic):
    entries = factory.sweeps(2) + factory.sweeps(2, topic)
    with BagReader(factory.write(entries)) as reader:
        assert reader.find_cloud_topic() == "/points"


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        (None, r"no point clouds.*/odom \(nav_msgs"),
        ("/lidar", r"no topic /lidar; its topics: /odom"),
        ("/odom", r"/odom .* is nav_msgs/msg/Odometry, not sensor_msgs"),
    ],
)
def test_bag_without_clouds_says_what_it_has(factory, topic, message):
    with (
        BagReader(factory.write(factory.drive(2))) as reader,
        pytest.raises(BagError, match=message),
    ):
        reader.find_cloud_topic(topic)


def test_topics_of_the_type_that_is_wanted_come_first(factory):
    bag = factory.write(factory.sweeps(3, "/points") + factory.drive(3))
    clouds, odometry = (
        "/points (sensor_msgs/msg/PointCloud2, 3)",
        "/odom (nav_msgs/msg/Odometry, 3)",
    )
    with BagReader(bag) as reader:
        for find, listed in (
            (reader.find_cloud_topic, f"{clouds}, {odometry}"),
            (reader.find_odometry_topic, f"{odometry}, {clouds}"),
        ):
            with pytest.raises(BagError) as caught:
                find("/nothing")
            assert str(caught.value).endswith(f"has no topic /nothing; its topics: {listed}")


def test_bad_sweep_is_told_or_raised(factory):
    entries = factory.sweeps(3)
    flat = factory.cloud(np.ones((5, 2), np.float32), entries[1].log_ns, names=("x", "y"))
    entries[1] = entries[1]._replace(message=flat)
    reasons: list[str] = []
    with BagReader(factory.write(entries)) as reader:
        assert len(list(reader.sweeps(on_bad=reasons.append))) == 2
        assert reasons == ["cloud has no field z; its fields: x, y"]
        with pytest.raises(CloudError, match=r"recording, /points: cloud has no field z"):
            list(reader.sweeps())


def test_odometry_is_read_in_stamp_order_without_empty_poses(factory):
    entries = factory.drive(3)
    unset = factory.odometry(entries[1].log_ns, xyzw=(0, 0, 0, 0))
    lost = factory.odometry(entries[1].log_ns, xyz=(np.nan, 0, 0))
    entries += [entries[1]._replace(message=unset), entries[1]._replace(message=lost)]
    with BagReader(factory.write(entries)) as reader:
        poses = reader.read_odometry()
    assert [stamp - 1_700_000_000_000_000_000 for stamp, _ in poses] == [
        0,
        100_000_000,
        200_000_000,
    ]
    np.testing.assert_allclose([pose[0, 3] for _, pose in poses], [0, 1, 2])


def test_a_damaged_odometry_message_is_left_out(factory, tmp_path):
    good = [(e.log_ns, factory.store.serialize_cdr(e.message, ODOMETRY)) for e in factory.drive(3)]
    with BagWriter(tmp_path / "odd.mcap") as writer:
        writer.add_topic("/odom", ODOMETRY)
        for k, (log_ns, data) in enumerate(good):
            writer.write("/odom", log_ns, bytes(data)[: 20 if k == 0 else None])
    with BagReader(tmp_path / "odd.mcap") as reader:
        assert [stamp for stamp, _ in reader.read_odometry()] == [good[1][0], good[2][0]]


def test_several_odometry_topics_are_listed(factory):
    other = [e._replace(topic="/gps") for e in factory.drive(2)]
    with BagReader(factory.write(factory.drive(2) + other)) as reader:
        with pytest.raises(BagError, match=r"2 odometry topics.*--odometry-topic.*/gps, /odom"):
            reader.find_odometry_topic()
        assert reader.find_odometry_topic("/gps") == "/gps"


def test_no_odometry_is_none(factory):
    with BagReader(factory.write(factory.sweeps(1))) as reader:
        assert reader.find_odometry_topic() is None
        assert reader.read_odometry() == []


@pytest.mark.parametrize("topic", ["/tf_static", "/robot/tf_static", "/tf"])
def test_mounting_comes_from_the_bags_frames(factory, topic):
    entries = factory.sweeps(2) + factory.drive(2, child="base_link")
    edges = factory.transforms(
        ("base_link", "roof", (1, 0, 1.5)), ("/roof", "lidar", (0, 0.5, 0.2))
    )
    moving = [
        (factory.transforms(("odom", "base_link", (k, 0, 0))), e.log_ns)
        for k, e in enumerate(entries[:2])
    ]
    entries += [type(entries[0])("/tf", TRANSFORMS, m, t) for m, t in moving]
    entries += [type(entries[0])(topic, TRANSFORMS, edges, e.log_ns) for e in entries[:2]]
    with BagReader(factory.write(entries)) as reader:
        mounting = sensor_in_base(reader, "/points", "/odom")
        np.testing.assert_allclose(mounting[:3, 3], [1, 0.5, 1.7])
        np.testing.assert_array_equal(mounting[:3, :3], np.eye(3))
        track = recorded_odometry(reader, "/points", "/odom")
    halfway = track.pose(entries[0].log_ns + 50_000_000)
    np.testing.assert_allclose(halfway[:3, 3], [1.5, 0.5, 1.7], atol=1e-9)


def test_mounting_is_the_identity_in_one_frame(factory):
    with BagReader(factory.write(factory.sweeps(2) + factory.drive(2))) as reader:
        np.testing.assert_array_equal(sensor_in_base(reader, "/points", "/odom"), np.eye(4))


def test_unknown_mounting_is_never_the_identity(factory):
    entries = factory.sweeps(2) + factory.drive(2, child="base_link")
    with (
        BagReader(factory.write(entries)) as reader,
        pytest.raises(EgoMotionError, match=r"'base_link'.*'lidar'.*--ego-motion kiss-icp"),
    ):
        sensor_in_base(reader, "/points", "/odom")


def test_mounting_over_a_moving_frame_is_refused(factory):
    entries = factory.sweeps(2) + factory.drive(2, child="base_link")
    for k, entry in enumerate(entries[:2]):
        turn = factory.transforms(("base_link", "lidar", (0, 0.1 * k, 0)))
        entries.append(type(entry)("/tf", TRANSFORMS, turn, entry.log_ns))
    with (
        BagReader(factory.write(entries)) as reader,
        pytest.raises(EgoMotionError, match="changes during the recording"),
    ):
        sensor_in_base(reader, "/points", "/odom")


def test_odometry_that_names_no_child_frame_is_refused(factory):
    entries = factory.sweeps(2) + factory.drive(2, child="")
    with (
        BagReader(factory.write(entries)) as reader,
        pytest.raises(EgoMotionError, match=r"/odom names no child_frame_id"),
    ):
        sensor_in_base(reader, "/points", "/odom")


def test_own_definitions_of_the_bag_are_used(factory):
    with BagReader(factory.write(factory.sweeps(1))) as reader:
        own, jazzy = reader.typestore, get_typestore(Stores.ROS2_JAZZY)
        assert own.hash_rihs01(CLOUD) == jazzy.hash_rihs01(CLOUD)
        assert own is not jazzy


@pytest.mark.parametrize(
    ("name", "sweeps", "points"),
    [
        ("intersection", 3, 40_000),
        ("street_os1_128", 3, 107_000),
        ("passing_car_vls128", 3, 210_000),
        ("parked_vlp32", 5, 26_000),
        ("parked_vlp16", 4, 15_000),
    ],
)
def test_real_recordings(recordings: Path, name, sweeps, points):
    with BagReader(recordings / name) as reader:
        read = [sweep for _, sweep in reader.sweeps()]
        assert reader.damage is None
    assert len(read) == sweeps
    assert all(abs(len(sweep) - points) < 0.15 * points for sweep in read)
    assert all(np.isfinite(sweep.points).any() for sweep in read)
