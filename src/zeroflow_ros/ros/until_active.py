# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`python3 -m zeroflow_ros.ros.until_active /scene_flow`: ends once that lifecycle node is active.

For what is to start only then, as a bag: loading a model takes seconds, building an engine minutes.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

import rclpy
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

_ASK_EVERY_S, _ANSWER_WITHIN_S = 0.2, 1.0


def is_active(node: Node, name: str, stop: threading.Event) -> bool:
    """Ask the lifecycle node `name` until it is active; False when told to stop before."""
    client = node.create_client(GetState, f"{name}/get_state")
    while not stop.wait(_ASK_EVERY_S):
        if not client.service_is_ready():
            continue
        future = client.call_async(GetState.Request())
        rclpy.spin_until_future_complete(node, future, timeout_sec=_ANSWER_WITHIN_S)
        answer = future.result()
        if answer is None:  # lost while the two got acquainted
            client.remove_pending_request(future)
        elif answer.current_state.id == State.PRIMARY_STATE_ACTIVE:
            return True
    return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Wait; returns the exit code: 0 once it is active, 1 after SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="zeroflow_ros.ros.until_active", description=__doc__)
    parser.add_argument("name", help="of the node, with its namespace")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        return 0 if is_active(Node("zeroflow_until_active"), options.name, stop) else 1
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    sys.exit(main())
