# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Being known to another node, before the first message that must not be lost.

Discovery has two sides: a publisher may see a subscription up to three seconds before the
subscription sees the publisher, and what it sends in between is lost. An answered service call
proves both sides, for all publishers and subscriptions that were created before it: each
participant announces its endpoints in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from rcl_interfaces.srv import GetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

_RETRY_S = 0.5
_UNNAMED = "_UNKNOWN_"


def strangers(node: Node, endpoints: Callable[[], Iterable[Any]], timeout_s: float) -> list[str]:
    """Make `node` known to the nodes that own `endpoints()`; returns those that stay strangers.

    `endpoints` gives TopicEndpointInfo, as `node.get_publishers_info_by_topic` does. Any node with
    parameter services will do, which is the default. `node` must not be spinning.
    """
    end = time.monotonic() + timeout_s
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    try:
        while any(_UNNAMED in endpoint.node_name for endpoint in endpoints()):
            if time.monotonic() > end:
                break
            executor.spin_once(timeout_sec=0.02)  # an endpoint's node is known a little later
        names = {f"{e.node_namespace.rstrip('/')}/{e.node_name}" for e in endpoints()}
        return [name for name in sorted(names) if not _answers(node, executor, name, end)]
    finally:
        executor.remove_node(node)
        executor.shutdown()


def _answers(node: Node, executor: SingleThreadedExecutor, peer: str, end: float) -> bool:
    """Whether a peer answers a service call before `end` (monotonic seconds)."""
    client = node.create_client(GetParameters, f"{peer}/get_parameters")
    try:
        while (left := end - time.monotonic()) > 0:
            if not client.service_is_ready():
                executor.spin_once(timeout_sec=0.02)
                continue
            # A call may be lost like any message, so it is made again.
            future = client.call_async(GetParameters.Request())
            executor.spin_until_future_complete(future, min(left, _RETRY_S))
            if future.done():
                return True
        return False
    finally:
        node.destroy_client(client)
