# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Shared fixtures: synthetic recordings, and the real ones where they are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

CLOUD = "sensor_msgs/msg/PointCloud2"
ODOMETRY = "nav_msgs/msg/Odometry"
TRANSFORMS = "tf2_msgs/msg/TFMessage"
START_NS = 1_700_000_000_000_000_000
STEP_NS = 100_000_000


class Entry(NamedTuple):
    """One message to write: `log_ns` defaults to the order of the list."""

    topic: str
    type: str
    message: Any
    log_ns: int


class RecordingFactory:
    """Writes small rosbag2 recordings with the `rosbags` package, into one temporary folder."""

    def __init__(self, folder: Path) -> None:
        from rosbags.typesys import Stores, get_typestore

        self.folder = folder
        self.store = get_typestore(Stores.ROS2_JAZZY)

    def make(self, type_: str, **values: Any) -> Any:
        return self.store.types[type_](**values)

    def header(self, stamp_ns: int, frame: str) -> Any:
        stamp = self.make(
            "builtin_interfaces/msg/Time", sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9
        )
        return self.make("std_msgs/msg/Header", stamp=stamp, frame_id=frame)

    def cloud(
        self,
        points: np.ndarray,
        stamp_ns: int = START_NS,
        frame: str = "lidar",
        names: Sequence[str] = ("x", "y", "z", "intensity"),
    ) -> Any:
        """float32 fields `names`, one column of `points` each."""
        rows = np.zeros((len(points), len(names)), np.float32)
        rows[:, : points.shape[1]] = points[:, : len(names)]
        fields = [
            self.make("sensor_msgs/msg/PointField", name=n, offset=4 * k, datatype=7, count=1)
            for k, n in enumerate(names)
        ]
        return self.make(
            CLOUD,
            header=self.header(stamp_ns, frame),
            height=1,
            width=len(points),
            fields=fields,
            is_bigendian=False,
            point_step=4 * len(names),
            row_step=4 * len(names) * len(points),
            data=rows.view(np.uint8).reshape(-1),
            is_dense=True,
        )

    def vector(self, xyz: Sequence[float], kind: str = "Vector3") -> Any:
        x, y, z = map(float, xyz)
        return self.make(f"geometry_msgs/msg/{kind}", x=x, y=y, z=z)

    def quaternion(self, xyzw: Sequence[float]) -> Any:
        x, y, z, w = map(float, xyzw)
        return self.make("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w)

    def odometry(
        self,
        stamp_ns: int,
        xyz: Sequence[float] = (0, 0, 0),
        xyzw: Sequence[float] = (0, 0, 0, 1),
        child: str = "lidar",
    ) -> Any:
        pose = self.make(
            "geometry_msgs/msg/Pose",
            position=self.vector(xyz, "Point"),
            orientation=self.quaternion(xyzw),
        )
        twist = self.make(
            "geometry_msgs/msg/Twist", linear=self.vector((0, 0, 0)), angular=self.vector((0, 0, 0))
        )
        zeros = np.zeros(36)
        return self.make(
            ODOMETRY,
            header=self.header(stamp_ns, "odom"),
            child_frame_id=child,
            pose=self.make("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=zeros),
            twist=self.make("geometry_msgs/msg/TwistWithCovariance", twist=twist, covariance=zeros),
        )

    def transforms(self, *edges: tuple[str, str, Sequence[float]], stamp_ns: int = START_NS) -> Any:
        """Unrotated transforms (parent, child, translation)."""
        stamped = [
            self.make(
                "geometry_msgs/msg/TransformStamped",
                header=self.header(stamp_ns, parent),
                child_frame_id=child,
                transform=self.make(
                    "geometry_msgs/msg/Transform",
                    translation=self.vector(xyz),
                    rotation=self.quaternion((0, 0, 0, 1)),
                ),
            )
            for parent, child, xyz in edges
        ]
        return self.make(TRANSFORMS, transforms=stamped)

    def sweeps(self, count: int = 3, topic: str = "/points", points: int = 50) -> list[Entry]:
        """Clouds 0.1 s apart; sweep k is random but the same in every test."""
        entries = []
        for k in range(count):
            rows = np.random.default_rng(k).uniform(-40, 40, (points, 4)).astype(np.float32)
            stamp_ns = START_NS + k * STEP_NS
            entries.append(Entry(topic, CLOUD, self.cloud(rows, stamp_ns), stamp_ns))
        return entries

    def drive(self, count: int = 3, speed: float = 10.0, child: str = "lidar") -> list[Entry]:
        """Odometry along x at `speed`, at the stamps of `sweeps`."""
        stamps = [START_NS + k * STEP_NS for k in range(count)]
        return [
            Entry("/odom", ODOMETRY, self.odometry(s, (speed * k / 10, 0, 0), child=child), s)
            for k, s in enumerate(stamps)
        ]

    def write(
        self,
        entries: Sequence[Entry],
        name: str = "recording",
        *,
        storage: str = "mcap",
        compression: str = "none",
        topics: Sequence[tuple[str, str]] = (),
    ) -> Path:
        """Write a bag folder; `topics` are announced although they may have no messages."""
        from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

        path = self.folder / name
        writer = Writer(path, version=9, storage_plugin=StoragePlugin[storage.upper()])
        writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
        with writer:
            connections = {
                topic: writer.add_connection(topic, type_, typestore=self.store)
                for topic, type_ in dict.fromkeys([*topics, *((e.topic, e.type) for e in entries)])
            }
            for entry in sorted(entries, key=lambda entry: entry.log_ns):
                data = self.store.serialize_cdr(entry.message, entry.type)
                writer.write(connections[entry.topic], entry.log_ns, data)
        return path


@pytest.fixture
def factory(tmp_path: Path) -> RecordingFactory:
    """Makes synthetic recordings in the test's temporary folder."""
    return RecordingFactory(tmp_path)


def shared(name: str, what: str) -> Path:
    """A folder of what is shared beside the checkout and never committed; skips without it."""
    folder = Path(__file__).resolve().parents[2] / "shared" / name
    if not folder.is_dir():
        pytest.skip(f"{what} are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of the real recordings."""
    return shared("recordings", "real recordings")


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of what the published ZeroFlow network said, with fixed random weights."""
    return shared("reference", "reference outputs of ZeroFlow")
