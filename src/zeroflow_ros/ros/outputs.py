# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FlowOutputs: what the node says of a sweep, made for those who listen only."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import PointCloud2
from visualization_msgs.msg import MarkerArray

from zeroflow_ros.arrows import flow_arrows
from zeroflow_ros.flow import Flow
from zeroflow_ros.pointcloud2 import FlowColumns
from zeroflow_ros.ros import topics
from zeroflow_ros.ros.markers import arrow_markers
from zeroflow_ros.ros.pointcloud2 import colored_message, flow_message
from zeroflow_ros.ros.settings import Settings
from zeroflow_ros.ros.topics import Topic
from zeroflow_ros.sweep import Sweep


class FlowOutputs:
    """The topics `~/output/flow`, `~/output/flow_colored` and `~/output/markers`.

    Reliable, volatile, depth 1; history, depth and reliability can be overridden as rclpy does it.
    """

    def __init__(self, node: Node) -> None:
        """Create the publishers. Raises RuntimeError for an override that is no QoS."""
        with ExitStack() as made:

            def publisher(message: type[Any], topic: Topic) -> Publisher:
                created = _publisher(node, message, topic.name)
                made.callback(node.destroy_publisher, created)
                return created

            self._flow = publisher(PointCloud2, topics.FLOW)
            self._colored = publisher(PointCloud2, topics.FLOW_COLORED)
            self._markers = publisher(MarkerArray, topics.MARKERS)
            self._all = made.pop_all()

    def wanted(self) -> bool:
        """Whether somebody listens to any of them."""
        return any(map(heard, (self._flow, self._colored, self._markers)))

    def publish(self, message: PointCloud2, sweep: Sweep, flow: Flow, settings: Settings) -> None:
        """Publish the flow of `sweep`, all points of `message`, where somebody listens.

        Raises ValueError when sweep and flow differ in their number of points.
        """
        if heard(self._flow):
            self._flow.publish(flow_message(message, sweep, flow))
        colored, markers = heard(self._colored), heard(self._markers)
        if not (colored or markers):
            return
        columns = FlowColumns.of(sweep, flow)
        if colored:
            self._colored.publish(colored_message(message, columns, settings.colors_max_speed))
        if markers:
            arrows = flow_arrows(
                columns,
                min_speed=settings.markers_min_speed,
                seconds=settings.markers_seconds,
                max_speed=settings.colors_max_speed,
                max_count=settings.markers_max_count,
            )
            self._markers.publish(arrow_markers(message.header, arrows, flow.interval_s))

    def close(self) -> None:
        """Take the topics off the graph."""
        self._all.close()


def heard(publisher: Publisher) -> bool:
    """Whether anybody subscribes to it; a few microseconds."""
    return bool(publisher.get_subscription_count())


def _publisher(node: Node, message: type[Any], topic: str) -> Publisher:
    # A profile of its own: rclpy writes the overrides into it.
    overriding = QoSOverridingOptions.with_default_policies()
    return node.create_publisher(
        message, topic, QoSProfile(depth=1), qos_overriding_options=overriding
    )
