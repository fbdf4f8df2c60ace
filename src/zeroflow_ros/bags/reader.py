# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BagReader: topics, sweeps, odometry and frames of a rosbag2 recording."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from zeroflow_ros import pointcloud2
from zeroflow_ros.bags.frames import FrameTree
from zeroflow_ros.bags.messages import CLOUD, ODOMETRY, TRANSFORMS, typestore_of
from zeroflow_ros.bags.storage import Record, Topic, open_sources, repair_command
from zeroflow_ros.errors import BagError, CloudError, pass_interrupt
from zeroflow_ros.geometry import Transform, from_quaternion
from zeroflow_ros.sweep import Sweep

FLOW_TOPIC = "/scene_flow/output/flow"
"""Where node and `zeroflow run` put flow; never taken for an input cloud by itself."""
COLORED_TOPIC = "/scene_flow/output/flow_colored"
"""The same in colours, for viewers; nor is this one."""
TRUTH_TOPIC = "/truth/flow"
"""Where `zeroflow simulate` writes the exact flow; nor is this one."""
_NO_INPUT = (FLOW_TOPIC, COLORED_TOPIC, TRUTH_TOPIC)


class BagReader:
    """A rosbag2 recording: folder, .mcap or .db3; sqlite3 or MCAP, compressed or not, split or not.

    Use as a context manager. Raises BagError when nothing can be read. A damaged bag is read as far
    as it goes: `damage` then says what was lost, at the latest when an iteration has ended.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the bag at `path`."""
        self.path = Path(path)
        self._sources, self.note = open_sources(self.path)
        self.topics: dict[str, Topic] = {}
        for topic in (topic for source in self._sources for topic in source.topics):
            seen = self.topics.get(topic.name, topic._replace(message_count=0))
            self.topics[topic.name] = topic._replace(
                message_count=seen.message_count + topic.message_count
            )
        self.typestore = typestore_of(self.topics.values())

    def __enter__(self) -> BagReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the files."""
        for source in self._sources:
            source.close()

    @property
    def damage(self) -> str | None:
        """What could not be read and how to repair it, None while the bag reads whole."""
        found = [source.damage for source in self._sources if source.damage]
        if not found:
            return None
        what = "; ".join(f"{damage.file.name}: {damage.reason}" for damage in found)
        cure = repair_command(found[0].file)
        return f"bag '{self.path}' is damaged ({what}); to repair: {cure}, then ros2 bag reindex"

    def topics_of_type(self, type_: str) -> list[Topic]:
        """Topics of one message type, with messages, in order of name."""
        return sorted(t for t in self.topics.values() if t.type == type_ and t.message_count)

    def input_clouds(self) -> list[Topic]:
        """Point clouds that flow can be estimated of: not those that hold flow themselves."""
        return [t for t in self.topics_of_type(CLOUD) if t.name not in _NO_INPUT]

    def find_cloud_topic(self, topic: str | None = None, option: str = "--topic") -> str:
        """The PointCloud2 topic: `topic` checked, or the only one there is.

        Raises BagError with the candidates when there is none or the choice is not clear; `option`
        is how the user can make it.
        """
        if topic is not None:
            return self._check_topic(topic, CLOUD)
        clouds = self.input_clouds()
        if not clouds:
            raise BagError(
                f"bag '{self.path}' has no point clouds ({CLOUD}); its topics: "
                f"{self._listed(CLOUD)}"
            )
        if len(clouds) > 1:
            raise BagError(
                f"bag '{self.path}' has {len(clouds)} point cloud topics, choose one with "
                f"{option}: " + ", ".join(f"{t.name} ({t.message_count})" for t in clouds)
            )
        return clouds[0].name

    def find_odometry_topic(self, topic: str | None = None) -> str | None:
        """The odometry topic: `topic` checked, or the only one there is, or None without any.

        Raises BagError with the candidates when the choice is not clear.
        """
        if topic is not None:
            return self._check_topic(topic, ODOMETRY)
        found = self.topics_of_type(ODOMETRY)
        if len(found) > 1:
            raise BagError(
                f"bag '{self.path}' has {len(found)} odometry topics, choose one with "
                "--odometry-topic, or --ego-motion kiss-icp: " + ", ".join(t.name for t in found)
            )
        return found[0].name if found else None

    def records(self, topics: Collection[str]) -> Iterator[Record]:
        """Serialized messages of these topics in recorded order; ends early at damage."""
        for source in self._sources:
            yield from source.records(topics)

    def decode(self, record: Record) -> Any:
        """Message of a record as a rosbags object. Raises BagError for bytes that do not fit."""
        try:
            return self.typestore.deserialize_cdr(record.data, record.type)
        except Exception as error:  # damaged bytes make the decoder raise anything
            pass_interrupt(error)
            raise BagError(f"a message of {record.topic} does not decode: {error}") from error

    def sweeps(
        self, topic: str | None = None, on_bad: Callable[[str], None] | None = None
    ) -> Iterator[tuple[Any, Sweep]]:
        """Yield (PointCloud2 message, Sweep) lazily in recorded order.

        A sweep that cannot be read goes to `on_bad` as a reason; without it CloudError is raised.
        """
        name = self.find_cloud_topic(topic)
        for record in self.records([name]):
            try:
                message = self.decode(record)
                sweep = pointcloud2.read_cloud(message)
            except (BagError, CloudError) as error:
                if on_bad is None:
                    raise CloudError(f"{self.path}, {name}: {error}") from error
                on_bad(str(error))
                continue
            yield message, sweep

    def read_odometry(self, topic: str | None = None) -> list[tuple[int, Transform]]:
        """All (stamp_ns, pose of the child frame in the odometry frame [4, 4]), in stamp order.

        Messages without orientation, with NaN or with damaged bytes are left out.
        """
        name = self.find_odometry_topic(topic)
        poses: list[tuple[int, Transform]] = []
        for message in self._readable(name) if name else ():
            pose = _transform(message.pose.pose.position, message.pose.pose.orientation)
            if pose is not None:
                stamp = message.header.stamp
                poses.append((stamp.sec * 1_000_000_000 + stamp.nanosec, pose))
        return sorted(poses, key=lambda item: item[0])

    def first_message(self, topic: str) -> Any | None:
        """First message of a topic that decodes, None when there is none."""
        return next(self._readable(topic), None)

    def read_frames(self, static_only: bool = False) -> FrameTree:
        """The TF frames of the bag; with `static_only` from the tf_static topics alone."""
        tree = FrameTree()
        for topic in self.topics_of_type(TRANSFORMS):
            static = topic.name.endswith("tf_static")
            if static_only and not static:
                continue
            for message in self._readable(topic.name):
                for stamped in message.transforms:
                    pose = _transform(stamped.transform.translation, stamped.transform.rotation)
                    if pose is not None:
                        tree.add(stamped.header.frame_id, stamped.child_frame_id, pose)
        return tree

    def _readable(self, topic: str) -> Iterator[Any]:
        """Messages of a topic, without those that do not decode."""
        for record in self.records([topic]):
            try:
                message = self.decode(record)
            except BagError:
                continue
            yield message

    def _check_topic(self, name: str, type_: str) -> str:
        """A topic that the user named, with the leading slash; BagError when it is not there."""
        name = name if name.startswith("/") else f"/{name}"
        topic = self.topics.get(name)
        if topic is None:
            listed = self._listed(type_)
            raise BagError(f"bag '{self.path}' has no topic {name}; its topics: {listed}")
        if topic.type != type_:
            raise BagError(f"topic {name} of '{self.path}' is {topic.type}, not {type_}")
        if not topic.message_count:
            raise BagError(f"topic {name} of '{self.path}' has no messages")
        return name

    def _listed(self, wanted: str) -> str:
        """All topics; those of the type that is wanted come first."""
        topics = sorted(self.topics.values(), key=lambda topic: (topic.type != wanted, topic))
        listed = [f"{t.name} ({t.type}, {t.message_count})" for t in topics]
        return ", ".join(listed) or "none"


def _transform(translation: Any, rotation: Any) -> Transform | None:
    """Transform of a message's translation and quaternion, None when they say nothing."""
    try:
        return from_quaternion(
            (translation.x, translation.y, translation.z),
            (rotation.x, rotation.y, rotation.z, rotation.w),
        )
    except ValueError:
        return None
