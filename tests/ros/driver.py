# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Driver: plays lidar and odometry for a real node, and asks for its flow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import rclpy
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2, PointField

from zeroflow_ros.ros.acquaintance import strangers
from zeroflow_ros.ros.probe import FlowProbe, FlowSample

FRAME = "lidar"
NS = 1_000_000_000


class Driver:
    """Plays the lidar and the odometry; every sweep is answered before the next one goes out."""

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node("driver", context=self._context)
        self.clouds = self._node.create_publisher(PointCloud2, "/scene_flow/input/pointcloud", 5)
        self.odometry = self._node.create_publisher(Odometry, "/scene_flow/input/odometry", 50)
        self.probe = FlowProbe()
        self.stamp_ns = 1_700_000_000 * NS

    def wait_for_node(self) -> None:
        """Until an empty cloud, long before the sweeps of the test, comes back."""
        for _ in range(60):
            hello = cloud(np.zeros((0, 3)))
            set_stamp(hello, self.stamp_ns - 100 * NS)
            self.clouds.publish(hello)
            if self.probe.collect(1, 0.5):
                return
        raise AssertionError("the node does not answer")

    def wait_for_input(self) -> None:
        """Until the node is known to take what is sent; nobody listens to it yet."""
        end = time.monotonic() + 30.0
        while not self.clouds.get_subscription_count():
            assert time.monotonic() < end
            self.hear()
        takers = partial(self._node.get_subscriptions_info_by_topic, self.clouds.topic_name)
        assert not strangers(self._node, takers, 30.0)

    def listen(self, type_: type[Any], names: Sequence[str]) -> dict[str, list[Any]]:
        """What will come on topics of the node, by name; see `hear`."""
        received: dict[str, list[Any]] = {name: [] for name in names}
        for name, messages in received.items():
            self._node.create_subscription(type_, f"/scene_flow/{name}", messages.append, 10)
        return received

    def hear(self) -> None:
        """Take what came on the topics that are listened to."""
        executor = SingleThreadedExecutor(context=self._context)
        executor.add_node(self._node)
        for _ in range(20):
            executor.spin_once(timeout_sec=0.01)
        executor.shutdown()

    def send(self, message: PointCloud2, dt_ms: int = 100) -> PointCloud2:
        self.stamp_ns += dt_ms * 1_000_000
        set_stamp(message, self.stamp_ns)
        self.clouds.publish(message)
        return message

    def ask(self, message: PointCloud2, dt_ms: int = 100) -> FlowSample:
        self.send(message, dt_ms)
        for sample in self.probe.samples(100, 30.0):
            if sample.stamp_ns == self.stamp_ns:  # a late answer to a greeting is passed over
                return sample
        raise AssertionError("no flow came back")

    def move(self, x: float, dt_ms: int = 0) -> None:
        message = Odometry()
        message.header.frame_id, message.child_frame_id = "odom", FRAME
        set_stamp(message, self.stamp_ns + dt_ms * 1_000_000)
        message.pose.pose.position.x = x
        message.pose.pose.orientation.w = 1.0
        self.odometry.publish(message)

    def close(self) -> None:
        self.probe.close()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)


def set_stamp(message: Any, stamp_ns: int) -> None:
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, NS)


def cloud(
    points: np.ndarray,
    *,
    names: Sequence[str] = ("x", "y", "z"),
    height: int = 1,
    big_endian: bool = False,
) -> PointCloud2:
    data = points.astype(">f4" if big_endian else "<f4")
    message = PointCloud2(
        height=height,
        width=len(points) // height,
        fields=[
            PointField(name=name, offset=4 * k, datatype=PointField.FLOAT32, count=1)
            for k, name in enumerate(names)
        ],
        is_bigendian=big_endian,
        point_step=4 * data.shape[1],
        row_step=4 * data.shape[1] * (len(points) // height),
    )
    message.data.frombytes(data.tobytes())
    message.header.frame_id = FRAME
    return message


def scene(count: int = 500, columns: int = 3, seed: int = 0) -> np.ndarray:
    """Ground at z = -2 around the sensor, in random order, all of it inside the grid."""
    generator = np.random.default_rng(seed)
    points = generator.uniform(-15, 15, (count, columns)).astype(np.float32)
    points[:, 2] = -2 + 0.01 * points[:, 2]
    return points
