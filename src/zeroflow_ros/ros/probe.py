# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FlowProbe: listens to the node's flow as any other consumer does, and measures it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2

from zeroflow_ros.bags.reader import FLOW_TOPIC
from zeroflow_ros.pointcloud2 import FlowColumns, read_flow
from zeroflow_ros.ros.acquaintance import strangers


@dataclass(frozen=True)
class FlowSample:
    """One flow message: its stamp, and when it was published and received (ns since the epoch)."""

    message: PointCloud2
    stamp_ns: int
    published_ns: int
    received_ns: int

    @property
    def latency_ms(self) -> float:
        """From the sweep's stamp to this reception."""
        return 1e-6 * (self.received_ns - self.stamp_ns)

    @property
    def publish_latency_ms(self) -> float:
        """From the sweep's stamp to the publication by the node."""
        return 1e-6 * (self.published_ns - self.stamp_ns)

    def columns(self) -> FlowColumns:
        """Points, velocities and validity of the message."""
        return read_flow(self.message)


class FlowProbe:
    """A subscription of its own context, so that it disturbs no other node of the process.

    Use as a context manager. Times are taken by the middleware on reception: a probe that is busy
    between two samples does not spoil them, as long as `depth` messages suffice.
    """

    def __init__(self, topic: str = FLOW_TOPIC, *, depth: int = 20, reliable: bool = True) -> None:
        """Subscribe. The DDS profile must have been set before (`dds.prepare_dds`)."""
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node("flow_probe", context=self._context)
        self._samples: list[FlowSample] = []
        reliability = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        self._node.create_subscription(
            PointCloud2, topic, self._take, QoSProfile(depth=depth, reliability=reliability)
        )
        self._topic = topic
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def __enter__(self) -> FlowProbe:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def collect(
        self, count: int, timeout_s: float, alive: Callable[[], bool] = lambda: True
    ) -> list[FlowSample]:
        """Up to `count` samples; fewer when the time is over or `alive` says False."""
        return list(self.samples(count, timeout_s, alive))

    def samples(
        self, count: int, timeout_s: float, alive: Callable[[], bool] = lambda: True
    ) -> Iterator[FlowSample]:
        """As `collect`, but each sample as it comes, so that long runs need not be held."""
        end = time.monotonic() + timeout_s
        for _ in range(count):
            while not self._samples:
                left = end - time.monotonic()
                if left <= 0 or not alive():
                    return
                self._executor.spin_once(timeout_sec=min(left, 0.2))
            yield self._samples.pop(0)

    def wait_for_publisher(self, timeout_s: float) -> bool:
        """Whether a publisher of the topic was found in time that knows of this subscription."""
        end = time.monotonic() + timeout_s
        publishers = partial(self._node.get_publishers_info_by_topic, self._topic)
        while not publishers():
            if time.monotonic() > end:
                return False
            self._executor.spin_once(timeout_sec=0.05)
        self._executor.remove_node(self._node)
        try:
            return not strangers(self._node, publishers, end - time.monotonic())
        finally:
            self._executor.add_node(self._node)

    def _take(self, message: PointCloud2, info: Any) -> None:
        stamp = message.header.stamp
        stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec
        sample = FlowSample(message, stamp_ns, info["source_timestamp"], info["received_timestamp"])
        self._samples.append(sample)
