# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bag into DDS as it was recorded, with /clock: what `zeroflow replay` does, callable.

The messages keep their stamps and go out as the bytes they are in the bag. (`replay.py` plays a
lidar of now instead: other stamps, no clock.)
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from zeroflow_ros.bags import BagReader, Topic
from zeroflow_ros.bags.messages import CLOUD
from zeroflow_ros.errors import BagError
from zeroflow_ros.ros.dds import prepare_dds
from zeroflow_ros.ros.playback import Playback

ACQUAINTANCE_S = 3.0
_DEPTH, _LATCHED_DEPTH = 10, 100
_BEST_EFFORT_S = 0.5  # such readers acknowledge nothing; the last message needs a moment


class Choice(NamedTuple):
    """What of a bag is published, and why the rest is not."""

    topics: dict[str, tuple[Topic, Any]]
    left_out: dict[str, str]


def choose(reader: BagReader, wanted: Sequence[str] = ()) -> Choice:
    """The topics whose message types are installed; all, or those `wanted`.

    Raises BagError for one that is not in the bag, and when there is nothing to publish.
    """
    names = [name if name.startswith("/") else f"/{name}" for name in wanted]
    missing = [name for name in names if name not in reader.topics]
    if missing:
        there = ", ".join(sorted(reader.topics))
        raise BagError(f"bag '{reader.path}' has no topic {missing[0]}; its topics: {there}")
    chosen = Choice({}, {})
    for name in names or sorted(reader.topics):
        topic = reader.topics[name]
        try:
            chosen.topics[name] = topic, message_class(topic.type)
        except ImportError:
            package = topic.type.partition("/")[0]
            chosen.left_out[name] = f"no package {package} here; it comes with a ROS installation"
    if not chosen.topics:
        raise BagError(f"nothing of '{reader.path}' can be published: {chosen.left_out or 'empty'}")
    return chosen


def message_class(type_: str) -> Any:
    """Python class of a message type, as "sensor_msgs/msg/PointCloud2". Raises ImportError."""
    found = re.fullmatch(r"(\w+)/msg/(\w+)", type_)
    if found is None:
        raise ImportError(type_)
    try:
        return getattr(import_module(f"{found[1]}.msg"), found[2])
    except AttributeError as error:
        raise ImportError(type_) from error


def play_bag(
    bag: Path,
    *,
    topics: Sequence[str] = (),
    rate: float = 1.0,
    start_s: float = 0.0,
    loop: bool = False,
    wait_s: float = 10.0,
    say: Callable[[str], None] = print,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Publish a bag, again and again if `loop`; a summary. Raises ZeroflowError."""
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    with BagReader(bag) as reader:
        choice = choose(reader, topics)
        prepare_dds()
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        try:
            publishers = BagPublishers(choice)
            for name, reason in choice.left_out.items():
                say(f"not published: {name} ({reason})")
            say(f"publishing {', '.join(choice.topics)} and /clock")
            for line in publishers.wait(wait_s):
                say(line)
            playback = Playback(publishers.tick, rate=rate, start_s=start_s)
            _play(reader, publishers, playback, loop, progress)
            publishers.finish()
        finally:
            rclpy.try_shutdown()
        return {
            "bag": str(bag),
            "published": publishers.counts,
            "left_out": choice.left_out,
            "late_ms": round(playback.late_ms, 1),
            "damage": reader.damage,
        }


def _play(
    reader: BagReader,
    publishers: BagPublishers,
    playback: Playback,
    loop: bool,
    progress: Callable[[int, int], None] | None,
) -> None:
    names = list(publishers.counts)
    total = sum(reader.topics[name].message_count for name in names)
    while True:
        done = 0
        for done, record in enumerate(playback.paced(reader.records(names), publishers.latched), 1):
            publishers.publish(record.topic, bytes(record.data))
            if progress is not None:
                progress(done, total)
        if not done:
            raise BagError(
                f"bag '{reader.path}' has no message of {', '.join(names)} after --start"
            )
        if not loop:
            return


class BagPublishers:
    """A publisher for each topic of a bag, and one for /clock."""

    def __init__(self, choice: Choice) -> None:
        """Reliable, which serves both kinds of reader; latecomers get what holds for good."""
        from rclpy.node import Node
        from rosgraph_msgs.msg import Clock

        self._node = Node("zeroflow_replay")
        self._clock_type, self._clock = Clock, self._node.create_publisher(Clock, "/clock", 1)
        self.latched = {name for name, (topic, _) in choice.topics.items() if _is_latched(topic)}
        self.counts = dict.fromkeys(choice.topics, 0)
        self._publishers = {
            name: self._node.create_publisher(type_, name, _qos(name in self.latched))
            for name, (_, type_) in choice.topics.items()
        }
        clouds = [name for name, (topic, _) in choice.topics.items() if topic.type == CLOUD]
        self._awaited = clouds or list(choice.topics)

    def publish(self, name: str, data: bytes) -> None:
        """Publish a serialized message."""
        self._publishers[name].publish(data)
        self.counts[name] += 1

    def tick(self, now_ns: int) -> None:
        """Say what time it is."""
        message = self._clock_type()
        message.clock.sec, message.clock.nanosec = divmod(now_ns, 1_000_000_000)
        self._clock.publish(message)

    def wait(self, timeout_s: float) -> list[str]:
        """Wait until somebody listens and is known to this node; what there is to say about it."""
        end = time.monotonic() + timeout_s
        while not (heard := [name for name in self._awaited if self._listeners(name)]):
            if time.monotonic() >= end:
                return [f"nobody listens to {' or '.join(self._awaited)} yet; starting anyway"]
            time.sleep(0.02)
        from zeroflow_ros.ros.acquaintance import strangers

        subscribers = partial(self._node.get_subscriptions_info_by_topic, heard[0])
        names = strangers(self._node, subscribers, ACQUAINTANCE_S)
        return [f"{name} does not answer and may miss the first messages" for name in names]

    def finish(self) -> None:
        """Leave only when the last message has arrived."""
        from rclpy.duration import Duration

        for name in self._awaited:
            self._publishers[name].wait_for_all_acked(Duration(seconds=2))
        time.sleep(_BEST_EFFORT_S)
        self._node.destroy_node()

    def _listeners(self, name: str) -> int:
        return int(self._publishers[name].get_subscription_count())


def _is_latched(topic: Topic) -> bool:
    """Whether latecomers get its last messages: as recorded, and static TF in any case."""
    durabilities = {getattr(qos.durability, "name", "") for qos in topic.qos}
    return "TRANSIENT_LOCAL" in durabilities or topic.name.endswith("tf_static")


def _qos(latched: bool) -> Any:
    from rclpy.qos import DurabilityPolicy, QoSProfile

    durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
    return QoSProfile(depth=_LATCHED_DEPTH if latched else _DEPTH, durability=durability)
