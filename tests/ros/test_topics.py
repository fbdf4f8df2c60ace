# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The table of topics is what the running node shows of itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from zeroflow_ros.ros.topics import INPUTS, OUTPUTS, STAGE_TIME, STAGES, Topic, stage_topic

NODE = "scene_flow"
OF_ROS = {"/rosout", "/parameter_events", f"/{NODE}/transition_event"}


def expected(topics: tuple[Topic, ...]) -> dict[str, list[str]]:
    rows = {topic.name: [topic.type] for topic in topics}
    if STAGE_TIME.name in rows:
        rows |= dict.fromkeys(map(stage_topic, STAGES), rows.pop(STAGE_TIME.name))
    return {name.replace("~", f"/{NODE}"): types for name, types in rows.items()}


def seen(ask: Callable[[str, str], Any], wanted: dict[str, list[str]]) -> dict[str, list[str]]:
    """What the graph says of the node, once it has all that is wanted and then keeps for a second.

    What else the node has may be announced last; after 20 s in any case.
    """
    end, found, since = time.monotonic() + 20.0, {}, time.monotonic()
    while time.monotonic() < end:
        try:
            now = {name: types for name, types in ask(NODE, "/") if name not in OF_ROS}
        except RuntimeError:  # rclpy's word for a node that nobody has announced yet
            now = {}
        if now != found:
            found, since = now, time.monotonic()
        if wanted.keys() <= found.keys() and time.monotonic() > since + 1.0:
            break
        time.sleep(0.02)
    return found


def test_running_node_has_the_topics_of_the_table_and_no_others(
    start_node: Callable[..., Any], ros_domain: None
) -> None:
    start_node(**{"ego_motion.source": "odometry"})
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    watcher = Node("watcher", context=context)
    try:
        outputs, inputs = expected(OUTPUTS), expected(INPUTS)
        assert seen(watcher.get_publisher_names_and_types_by_node, outputs) == outputs
        assert seen(watcher.get_subscriber_names_and_types_by_node, inputs) == inputs
    finally:
        watcher.destroy_node()
        context.shutdown()
