# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the ROS graph knows: why a topic is silent, and who else has the node's name."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy

CLOUD = "sensor_msgs/msg/PointCloud2"


def why_silent(node: Node, topic: str, reliable: bool) -> str:
    """What to do about a `topic` (as the node subscribed to it) on which nothing arrives.

    `reliable`: whether the node's subscription is.
    """
    publishers = node.get_publishers_info_by_topic(topic)
    if not publishers:
        clouds = ", ".join(_cloud_topics(node)) or "none"
        return f"nobody publishes there (point clouds are on: {clouds}); remap {topic}"
    clouds_only = [publisher for publisher in publishers if publisher.topic_type == CLOUD]
    if not clouds_only:
        return f"what is published there is {publishers[0].topic_type}, not {CLOUD}"
    offered = {publisher.qos_profile.reliability for publisher in clouds_only}
    if reliable and ReliabilityPolicy.RELIABLE not in offered:
        return "its publisher offers best_effort only; start with input.reliability:=best_effort"
    names = ", ".join(sorted({publisher.node_name for publisher in clouds_only}))
    return f"{names} has announced it, but sends nothing or is not heard"


def namesakes(node: Node) -> int:
    """How many other nodes have the full name of this one: their topics and services mix."""
    named = node.get_node_names_and_namespaces().count((node.get_name(), node.get_namespace()))
    return max(0, int(named) - 1)


def _cloud_topics(node: Node) -> list[str]:
    """Topics on which other nodes publish point clouds."""
    names = [name for name, types in node.get_topic_names_and_types() if CLOUD in types]
    return sorted(
        name
        for name in names
        if any(
            (publisher.node_name, publisher.node_namespace)
            != (node.get_name(), node.get_namespace())
            for publisher in node.get_publishers_info_by_topic(name)
        )
    )
