# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A node that hears nothing says why, as far as the ROS graph knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

import rclpy
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Float64

from zeroflow_ros.ros.graph import why_silent
from zeroflow_ros.ros.topics import CLOUD, ODOMETRY

FULL = "/scene_flow/input/pointcloud"
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


@pytest.fixture
def nodes(ros_domain: None) -> Iterator[tuple[Node, Node]]:
    """The listener, and another node of the same participant: the graph knows both at once."""
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    listener, driver = Node("scene_flow", context=context), Node("driver", context=context)
    yield listener, driver
    listener.destroy_node()
    driver.destroy_node()
    rclpy.try_shutdown(context=context)


def test_nobody_publishes(nodes: tuple[Node, Node]) -> None:
    listener, driver = nodes
    listener.create_publisher(PointCloud2, "~/output/flow", 1)
    why = why_silent(listener, CLOUD, reliable=False)
    assert why.startswith("nobody publishes there (point clouds are on: none; does the lidar's ")
    assert "same ROS_DOMAIN_ID and discovery range?" in why
    driver.create_publisher(PointCloud2, "/lidar/points", 1)
    driver.create_publisher(Float64, "/speed", 1)
    assert why_silent(listener, CLOUD, reliable=False) == (
        "nobody publishes there (point clouds are on: /lidar/points; "
        "-r '~/input/pointcloud:=/lidar/points' takes them)"
    )


def test_odometry_is_elsewhere(nodes: tuple[Node, Node]) -> None:
    listener, driver = nodes
    asked = (listener, ODOMETRY, False)
    assert "(odometry messages are on: none; ego_motion.source kiss_icp needs none)" in why_silent(
        *asked
    )
    driver.create_publisher(Odometry, "/odom", 1)
    assert "-r '~/input/odometry:=/odom' takes them" in why_silent(*asked)


def test_another_type_is_published(nodes: tuple[Node, Node]) -> None:
    listener, driver = nodes
    driver.create_publisher(Float64, FULL, 1)
    assert "is std_msgs/msg/Float64, not" in why_silent(listener, CLOUD, reliable=False)


def test_reliability_does_not_fit(nodes: tuple[Node, Node]) -> None:
    listener, driver = nodes
    driver.create_publisher(PointCloud2, FULL, BEST_EFFORT)
    assert "input.reliability:=best_effort" in why_silent(listener, CLOUD, reliable=True)
    assert "driver has announced it" in why_silent(listener, CLOUD, reliable=False)
    driver.create_publisher(PointCloud2, FULL, 1)
    assert "driver has announced it" in why_silent(listener, CLOUD, reliable=True)


def test_the_node_says_so(start_node: Callable[..., Any]) -> None:
    node = start_node()
    assert f"no cloud on {FULL} for 5 s: nobody publishes there" in node.wait_for("no cloud on")
    assert node.stop() == 0
