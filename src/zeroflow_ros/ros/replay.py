# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bag as a live lidar: `python -m zeroflow_ros.ros.replay BAG`.

Publishes the clouds and the odometry of a bag at their recorded pace, stamped as if taken now.
The messages go out as the bytes they are in the bag; only the stamp is written anew.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from zeroflow_ros.bags import BagReader
from zeroflow_ros.bags.stamps import restamp, stamp_of
from zeroflow_ros.errors import BagError, ZeroflowError
from zeroflow_ros.ros.dds import prepare_dds

ODOMETRY_WAIT_S = 5.0
ACQUAINTANCE_S = 10.0
START_DELAY_NS = 100_000_000


class Cue(NamedTuple):
    """One message of the bag: its stamp, which of the topics it belongs to, and its CDR bytes."""

    stamp_ns: int
    is_cloud: bool
    data: bytes


@dataclass(frozen=True)
class Options:
    """What the command line says; topics are those of the bag, targets those in ROS."""

    bag: Path
    topic: str | None
    odometry_topic: str | None
    no_odometry: bool
    start_ns: int | None
    rate: float
    wait_s: float
    cloud_target: str
    odometry_target: str


def load_cues(options: Options) -> list[Cue]:
    """All clouds and odometry messages, in order of stamp, odometry before the cloud it serves."""
    with BagReader(options.bag) as reader:
        clouds = reader.find_cloud_topic(options.topic)
        odometry = None
        if not options.no_odometry:
            odometry = reader.find_odometry_topic(options.odometry_topic)
        records = reader.records([clouds, odometry] if odometry else [clouds])
        cues = [Cue(stamp_of(r.data), r.topic == clouds, bytes(r.data)) for r in records]
    if not any(cue.is_cloud for cue in cues):
        raise BagError(f"bag '{options.bag}': no cloud of {clouds} can be read")
    return sorted(cues, key=lambda cue: (cue.stamp_ns, cue.is_cloud))


class Player:
    """Publishes cues at their pace; the first cloud is stamped `start_ns`."""

    def __init__(self, options: Options, cues: Sequence[Cue], stop: threading.Event) -> None:
        """Make the node and its publishers (reliable, which serves both kinds of reader)."""
        from nav_msgs.msg import Odometry
        from rclpy.node import Node
        from sensor_msgs.msg import PointCloud2

        self.late_ms = 0.0
        self._options, self._cues, self._stop = options, cues, stop
        self._node = Node("zeroflow_replay")
        self._clouds = self._node.create_publisher(PointCloud2, options.cloud_target, 5)
        self._odometry = self._node.create_publisher(Odometry, options.odometry_target, 100)

    def wait_for_subscribers(self) -> None:
        """Raises ZeroflowError when nobody wants the clouds; odometry is not wanted by everyone."""
        if not self._wait(self._clouds.get_subscription_count, self._options.wait_s):
            raise ZeroflowError(
                f"nobody subscribed to {self._clouds.topic_name} within {self._options.wait_s} s"
            )
        with_odometry = not all(cue.is_cloud for cue in self._cues)
        if with_odometry and not self._wait(self._odometry.get_subscription_count, ODOMETRY_WAIT_S):
            print(f"nobody subscribed to {self._odometry.topic_name}", file=sys.stderr)
        self._get_acquainted()

    def _get_acquainted(self) -> None:
        from zeroflow_ros.ros.acquaintance import strangers

        topic = self._clouds.topic_name
        subscribers = partial(self._node.get_subscriptions_info_by_topic, topic)
        for name in strangers(self._node, subscribers, ACQUAINTANCE_S):
            print(f"{name} does not answer and may miss the first sweeps", file=sys.stderr)

    def play(self) -> None:
        """Publish everything; ends early when told to stop."""
        first_ns = next(cue.stamp_ns for cue in self._cues if cue.is_cloud)
        lead_ns = int((first_ns - self._cues[0].stamp_ns) / self._options.rate)
        # Odometry from before the first cloud has to go out before it, too.
        start_ns = self._options.start_ns
        if start_ns is None:
            start_ns = time.time_ns() + lead_ns + START_DELAY_NS
        print(f"first stamp {start_ns}", flush=True)
        origin = time.monotonic() + max(0, start_ns - lead_ns - time.time_ns()) * 1e-9
        for cue in self._cues:
            data = restamp(cue.data, start_ns + cue.stamp_ns - first_ns)
            pace_ns = (cue.stamp_ns - self._cues[0].stamp_ns) / self._options.rate
            due = origin + 1e-9 * pace_ns
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            self.late_ms = max(self.late_ms, 1e3 * (time.monotonic() - due))
            (self._clouds if cue.is_cloud else self._odometry).publish(data)

    def finish(self) -> None:
        """Leave only when the last message has arrived."""
        from rclpy.duration import Duration

        self._clouds.wait_for_all_acked(Duration(seconds=2))
        self._stop.wait(0.5)  # best-effort readers acknowledge nothing
        self._node.destroy_node()

    def _wait(self, matched: Callable[[], int], timeout_s: float) -> bool:
        end = time.monotonic() + timeout_s
        while not matched() and time.monotonic() < end:
            if self._stop.wait(0.02):
                break
        return bool(matched())


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Options of the command line."""
    parser = argparse.ArgumentParser(prog="zeroflow_ros.ros.replay", description=__doc__)
    parser.add_argument("bag", type=Path)
    parser.add_argument("--topic", help="clouds of the bag; needed when it has several")
    parser.add_argument("--odometry-topic", help="odometry of the bag; needed when it has several")
    parser.add_argument("--no-odometry", action="store_true", help="publish the clouds only")
    parser.add_argument("--start-ns", type=int, help="stamp of the first cloud; default: now")
    parser.add_argument("--rate", type=float, default=1.0, help="pace; stamps are not stretched")
    parser.add_argument("--wait-s", type=float, default=60.0, help="for a subscriber")
    parser.add_argument("--cloud-target", default="/scene_flow/input/pointcloud")
    parser.add_argument("--odometry-target", default="/scene_flow/input/odometry")
    options = Options(**vars(parser.parse_args(arguments)))
    if not options.rate > 0:
        parser.error(f"--rate {options.rate} is not above 0")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay a bag; returns the exit code."""
    options = parse(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        cues = load_cues(options)
        return _play(options, cues, stop)
    except ZeroflowError as error:
        print(f"replay: error: {error}", file=sys.stderr)
        return 1


def _play(options: Options, cues: Sequence[Cue], stop: threading.Event) -> int:
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    prepare_dds()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        player = Player(options, cues, stop)
        player.wait_for_subscribers()
        player.play()
        player.finish()
    finally:
        rclpy.try_shutdown()
    clouds = sum(cue.is_cloud for cue in cues)
    print(
        f"{clouds} clouds and {len(cues) - clouds} odometry messages, "
        f"at most {player.late_ms:.1f} ms late",
        flush=True,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
