# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A lidar and its odometry as a process: `python live_publisher.py DRIVE --seconds S --rate HZ`.

Sends a drive (drive.py) in real time: clouds stamped as they go out, odometry at 50 Hz. Each cloud
is announced by a line of JSON before it goes out, and the end by another one with how late they
went. A line on stdin is a Fault, as JSON.
"""

from __future__ import annotations

import argparse
import json
import queue
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import rclpy
from drive import Drive
from live_clouds import ODD_CLOUDS, cloud_message, odometry_message
from nav_msgs.msg import Odometry
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.serialization import serialize_message
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2

from zeroflow_ros.bags.stamps import restamp
from zeroflow_ros.ros.acquaintance import strangers
from zeroflow_ros.ros.dds import prepare_dds

CLOUD_TARGET, ODOMETRY_TARGET = "/scene_flow/input/pointcloud", "/scene_flow/input/odometry"
ODOMETRY_STEP_NS = 19_973_000  # not quite 50 Hz: clocks drift apart, and a run sees every phase
START_DELAY_NS, ODOMETRY_LEAD_NS, WAIT_S = 200_000_000, 200_000_000, 60.0


@dataclass(frozen=True)
class Fault:
    """What goes wrong from now on: `jump_s` of all stamps at once, one `cloud` of ODD_CLOUDS
    instead of the next, and for `lasts_s` no `odometry`, or clouds at another `rate_hz`.
    """

    jump_s: float = 0.0
    cloud: str = ""
    odometry: bool = True
    rate_hz: float = 0.0
    lasts_s: float = 0.0


class Publisher:
    """Absolute deadlines on the monotonic clock: a late sweep makes no later one late."""

    def __init__(self, drive: Drive, rate_hz: float, stop: threading.Event) -> None:
        """Serialize all clouds, so that none costs more than its bytes when it is due."""
        self.late_ms: list[float] = []
        self._drive, self._stop = drive, stop
        self._clouds = [serialize_message(cloud_message(rows)) for rows in drive.clouds]
        self._usual_ns = self._step_ns = round(1e9 / rate_hz)
        self._faults: queue.SimpleQueue[Fault] = queue.SimpleQueue()
        self._fault, self._until_ns = Fault(), 0
        self._offset_ns, self._odd = 0, ""
        self._node = Node("benchmark_publisher")
        self._cloud = self._node.create_publisher(PointCloud2, CLOUD_TARGET, 5)
        self._odometry = self._node.create_publisher(Odometry, ODOMETRY_TARGET, 100)

    def wait_for_node(self) -> bool:
        """Whether the node subscribed and knows this publisher."""
        end = time.monotonic() + WAIT_S
        while not (
            self._cloud.get_subscription_count() and self._odometry.get_subscription_count()
        ):
            if self._stop.wait(0.02) or time.monotonic() > end:
                return False
        subscribers = partial(self._node.get_subscriptions_info_by_topic, CLOUD_TARGET)
        return not strangers(self._node, subscribers, WAIT_S)

    def take(self, fault: Fault) -> None:
        """From another thread."""
        self._faults.put(fault)

    def run(self, seconds: float) -> None:
        """Publish for so long, odometry a little longer."""
        self._origin_ns = time.monotonic_ns() + START_DELAY_NS + ODOMETRY_LEAD_NS
        cloud_ns, odometry_ns = 0, -ODOMETRY_LEAD_NS
        while (due_ns := min(cloud_ns, odometry_ns)) < 1e9 * seconds:
            if self._stop.wait(max(0, self._origin_ns + due_ns - time.monotonic_ns()) * 1e-9):
                return
            self._suffer()
            if odometry_ns <= cloud_ns:
                self._publish_odometry()
                odometry_ns += ODOMETRY_STEP_NS
            else:
                self._publish_cloud(cloud_ns)
                cloud_ns += self._step_ns

    def finish(self) -> None:
        """Leave only when the last message has arrived."""
        self._cloud.wait_for_all_acked(Duration(seconds=2))
        self._stop.wait(1.0)  # best-effort readers acknowledge nothing
        self._node.destroy_node()

    def _now(self) -> tuple[float, int]:
        """Seconds of the drive, and the stamp."""
        return 1e-9 * (time.monotonic_ns() - self._origin_ns), time.time_ns() + self._offset_ns

    def _publish_odometry(self) -> None:
        if self._fault.odometry:
            time_s, stamp_ns = self._now()
            self._odometry.publish(odometry_message(stamp_ns, self._drive.pose(time_s)))

    def _publish_cloud(self, due_ns: int) -> None:
        kind, self._odd = self._odd, ""
        data = self._clouds[self._drive.cloud(1e-9 * due_ns)]
        if kind:
            data = serialize_message(ODD_CLOUDS[kind](self._drive.clouds[0]))
        time_s, stamp_ns = self._now()
        self.late_ms.append(1e3 * time_s - 1e-6 * due_ns)
        print(json.dumps({"stamp_ns": stamp_ns, "odd": kind}), flush=True)
        self._cloud.publish(restamp(data, stamp_ns))

    def _suffer(self) -> None:
        """Begin the faults that came, and end the one whose time is over."""
        if self._until_ns and time.monotonic_ns() > self._until_ns:
            self._fault, self._until_ns, self._step_ns = Fault(), 0, self._usual_ns
        while not self._faults.empty():
            self._fault = fault = self._faults.get()
            self._until_ns = time.monotonic_ns() + round(1e9 * fault.lasts_s)
            self._offset_ns += round(1e9 * fault.jump_s)
            self._odd = fault.cloud
            if fault.rate_hz:
                self._step_ns = round(1e9 / fault.rate_hz)


def _listen(publisher: Publisher) -> None:
    for line in sys.stdin:
        publisher.take(Fault(**json.loads(line)))


def said(fault: Fault) -> str:
    """The line that makes a publisher suffer it."""
    return json.dumps(asdict(fault))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("drive", type=Path)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--rate", type=float, default=10.0)
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    prepare_dds()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    publisher = Publisher(Drive.load(options.drive), options.rate, stop)
    threading.Thread(target=_listen, args=(publisher,), daemon=True).start()
    if not publisher.wait_for_node():
        print("the node does not subscribe to clouds and odometry", file=sys.stderr)
        return 1
    publisher.run(options.seconds)
    publisher.finish()
    rclpy.try_shutdown()
    late_ms = np.array(publisher.late_ms or [0.0])
    ended = {"late_ms_p99": float(np.quantile(late_ms, 0.99)), "late_ms_max": float(late_ms.max())}
    print(json.dumps(ended), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
