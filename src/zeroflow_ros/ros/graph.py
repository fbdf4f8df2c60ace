# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the ROS graph knows: why a topic is silent, and who else has the node's name."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy

from zeroflow_ros.ros.topics import CLOUD, ODOMETRY, Topic

_NAMES = {CLOUD: "point clouds", ODOMETRY: "odometry messages"}
_WITHOUT = {
    CLOUD: "does the lidar's driver run, with the same ROS_DOMAIN_ID and discovery range?",
    ODOMETRY: "ego_motion.source kiss_icp needs none",
}


def why_silent(node: Node, topic: Topic, reliable: bool) -> str:
    """What to do about a `topic` on which nothing arrives; `reliable`: whether its subscription is.

    It is CLOUD or ODOMETRY, to which the node has subscribed.
    """
    publishers = node.get_publishers_info_by_topic(topic.name)
    if not publishers:
        return f"nobody publishes there ({_elsewhere(node, topic)})"
    fitting = [publisher for publisher in publishers if publisher.topic_type == topic.type]
    if not fitting:
        return f"what is published there is {publishers[0].topic_type}, not {topic.type}"
    offered = {publisher.qos_profile.reliability for publisher in fitting}
    if reliable and ReliabilityPolicy.RELIABLE not in offered:
        return "its publisher offers best_effort only; start with input.reliability:=best_effort"
    names = ", ".join(sorted({publisher.node_name for publisher in fitting}))
    return f"{names} has announced it, but sends nothing or is not heard"


def namesakes(node: Node) -> int:
    """How many other nodes have the full name of this one: their topics and services mix."""
    named = node.get_node_names_and_namespaces().count((node.get_name(), node.get_namespace()))
    return max(0, int(named) - 1)


def _elsewhere(node: Node, topic: Topic) -> str:
    """On which other topics such messages are, and what to do."""
    if names := _topics_of(node, topic.type):
        found = ", ".join(names)
        return f"{_NAMES[topic]} are on: {found}; -r '{topic.name}:={names[0]}' takes them"
    return f"{_NAMES[topic]} are on: none; {_WITHOUT[topic]}"


def _topics_of(node: Node, type_: str) -> list[str]:
    """Topics on which other nodes publish messages of a type."""
    names = [name for name, types in node.get_topic_names_and_types() if type_ in types]
    return sorted(
        name
        for name in names
        if any(
            (publisher.node_name, publisher.node_namespace)
            != (node.get_name(), node.get_namespace())
            for publisher in node.get_publishers_info_by_topic(name)
        )
    )
