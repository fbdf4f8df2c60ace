# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ego motion of the real node, over real DDS: it comes, goes, and is never assumed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

import rclpy
from geometry_msgs.msg import TransformStamped
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2, PointField

from zeroflow_ros.pointcloud2 import FlowColumns
from zeroflow_ros.ros.probe import FlowProbe

FLOW_M_S = (5.0, -2.5, 0.0)
MS = 1_000_000
SPEED_M_S = 10.0
SOME = 60  # sweeps; the first ones may come before the subscriptions match
StartNode = Callable[..., Any]


class Vehicle:
    """Drives by 1 m a sweep; every sweep is answered before the next one goes out."""

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = node = Node("vehicle", context=self._context)
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._clouds = node.create_publisher(PointCloud2, "/scene_flow/input/pointcloud", 5)
        self._odometry = node.create_publisher(Odometry, "/scene_flow/input/odometry", 50)
        self._tf = node.create_publisher(TransformStamped, "/tf", 50)
        self._tf_static = node.create_publisher(TransformStamped, "/tf_static", latched)
        self._probe = FlowProbe()
        self._start_ns = self._now_ns = 1_700_000_000_000 * MS
        self._greet()

    def sweep(self, *poses: Callable[[], None], frame: str = "lidar") -> FlowColumns:
        """The answer to the next sweep; `poses` are published before it."""
        self._now_ns += 100 * MS
        for publish in poses:
            publish()
        rng = np.random.default_rng(self._now_ns // MS % 1000)
        points = rng.uniform(-15, 15, (500, 3)).astype("<f4")
        points[:, 2] = -2 + 0.01 * points[:, 2]
        self._clouds.publish(self._cloud(points, self._now_ns, frame))
        return self._answer(self._now_ns)

    def sweep_until_valid(self, *poses: Callable[[], None], frame: str = "lidar") -> FlowColumns:
        """The first answer that is valid."""
        answers = (self.sweep(*poses, frame=frame) for _ in range(SOME))
        return next(answer for answer in answers if answer.valid.any())

    def mount(self) -> None:
        """Base <- lidar, on /tf_static."""
        self._tf_static.publish(self._transform("base_link", "lidar", 1.0))

    def transform(self) -> None:
        """Odom <- base at the next sweep, on /tf."""
        self._tf.publish(self._transform("odom", "base_link", self._travelled_m))

    def odometry(self) -> None:
        """The pose of the base at the next sweep."""
        message = Odometry()
        message.header.frame_id, message.child_frame_id = "odom", "base_link"
        self._stamp(message)
        message.pose.pose.position.x = self._travelled_m
        self._odometry.publish(message)

    def close(self) -> None:
        self._probe.close()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    @property
    def _travelled_m(self) -> float:
        return SPEED_M_S * (self._now_ns - self._start_ns) * 1e-9

    def _greet(self) -> None:
        """Until an empty cloud is answered."""
        for _ in range(SOME):
            self._clouds.publish(self._cloud(np.zeros((0, 3), "<f4"), self._now_ns, "lidar"))
            if self._probe.collect(1, 0.5):
                return
        raise AssertionError("the node does not answer")

    def _answer(self, stamp_ns: int) -> FlowColumns:
        for sample in self._probe.samples(100, 30.0):
            if sample.stamp_ns == stamp_ns:  # late answers to greetings are passed over
                return sample.columns()
        raise AssertionError("no flow came back")

    def _stamp(self, message: Any) -> None:
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(self._now_ns, 1000 * MS)

    def _transform(self, parent: str, child: str, x: float) -> TransformStamped:
        message = TransformStamped()
        message.header.frame_id, message.child_frame_id = parent, child
        self._stamp(message)
        message.transform.translation.x = x
        return message

    def _cloud(self, points: np.ndarray, stamp_ns: int, frame: str) -> PointCloud2:
        fields = [
            PointField(name=name, offset=4 * k, datatype=PointField.FLOAT32, count=1)
            for k, name in enumerate("xyz")
        ]
        message = PointCloud2(height=1, width=len(points), fields=fields, point_step=12)
        message.row_step = 12 * len(points)
        message.data.frombytes(points.tobytes())
        message.header.frame_id = frame
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 1000 * MS)
        return message


@pytest.fixture
def drive(start_node: StartNode) -> Iterator[Callable[..., tuple[Any, Vehicle]]]:
    """Start a node, with parameters, and a vehicle for it."""
    vehicles: list[Vehicle] = []

    def drive(**parameters: object) -> tuple[Any, Vehicle]:
        node = start_node(**parameters)
        vehicles.append(Vehicle())
        return node, vehicles[-1]

    yield drive
    for vehicle in vehicles:
        vehicle.close()


Drive = Callable[..., tuple[Any, Vehicle]]


def assert_flow(answer: FlowColumns) -> None:
    """What the model says, and nothing of the vehicle's 10 m/s."""
    assert answer.valid.all()
    np.testing.assert_allclose(answer.velocity, [FLOW_M_S] * 500, atol=0.05)


def test_tf_that_is_missing_and_then_there(tf2_ros: None, drive: Drive) -> None:
    node, vehicle = drive(**{"ego_motion.source": "tf", "levelling.source": "tf"})
    assert "ego motion: tf (odom <- frame of the clouds)" in node.lines[-1]
    for _ in range(3):
        assert not vehicle.sweep().valid.any()
    line = node.wait_for("no ego motion for the sweep")
    assert "tf (odom <- lidar): nothing was received on /tf and /tf_static yet" in line
    vehicle.mount()
    assert_flow(vehicle.sweep_until_valid(vehicle.transform))
    for _ in range(3):
        assert_flow(vehicle.sweep(vehicle.transform))
    assert not vehicle.sweep().valid.any()
    assert not vehicle.sweep(frame="unknown").valid.any()
    node.wait_for("clouds are in 'unknown' now, not in 'lidar': all starts anew")
    assert not vehicle.sweep(vehicle.transform).valid.any()  # the first of its frame
    assert_flow(vehicle.sweep(vehicle.transform))
    assert node.stop() == 0
    assert "Traceback" not in node.output


def test_odometry_that_stops_and_returns(no_tf2_ros: None, drive: Drive) -> None:
    node, vehicle = drive(**{"ego_motion.source": "odometry"})
    vehicle.sweep_until_valid(vehicle.odometry)
    assert_flow(vehicle.sweep(vehicle.odometry))
    node.wait_for("odometry is of 'base_link', clouds are in 'lidar', and neither")
    vehicle.sweep()  # 0.1 s beyond the newest pose, it is extrapolated
    for _ in range(4):
        assert not vehicle.sweep().valid.any()
    vehicle.sweep(vehicle.odometry)
    for _ in range(3):
        assert_flow(vehicle.sweep(vehicle.odometry))
    assert node.stop() == 0
    (unknown,) = re.findall(r"(\d+) without ego motion", node.lines[-1])
    assert int(unknown) >= 4


@pytest.mark.parametrize("source", ["tf", "odometry", "kiss_icp"])
def test_auto_says_what_it_takes(tf2_ros: None, drive: Drive, source: str) -> None:
    if source == "kiss_icp":
        pytest.importorskip("kiss_icp", reason="pip install 'zeroflow_ros[odometry]'")
    node, vehicle = drive()
    assert "auto: none yet (tf (odom <- frame of the clouds), odometry on /scene" in node.lines[-1]
    vehicle.mount()
    publish = {"tf": [vehicle.transform], "odometry": [vehicle.odometry], "kiss_icp": []}[source]
    chosen = {
        "tf": "tf (odom <- lidar)",
        "odometry": "odometry of 'base_link' on /scene_flow/input/odometry, mounted by tf",
        "kiss_icp": "kiss_icp",
    }[source]
    if source == "kiss_icp":
        for _ in range(22):
            vehicle.sweep()
    else:
        assert_flow(vehicle.sweep_until_valid(*publish))
    assert node.wait_for("chosen by auto").endswith(f"ego motion: {chosen}, chosen by auto")
    assert node.stop() == 0
    assert "Traceback" not in node.output
