# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""DebugListener: what the node says of itself on ~/debug/* and /diagnostics, and when asked."""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from live_node import NODE
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import Float64

DEBUG = f"{NODE}/debug/"
LOOK_EVERY_S = 0.5


class DebugListener:
    """`times`: milliseconds by topic below ~/debug; `states`: how often diagnostics said which."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}
        self.states: Counter[str] = Counter()
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node("benchmark_listener", context=self._context)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._diagnosed, 10)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._node.create_timer(LOOK_EVERY_S, self._subscribe_to_new)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def __enter__(self) -> DebugListener:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def ask(self, type_: Any, service: str, request: Any, timeout_s: float = 20.0) -> Any:
        """The answer of a service of the node; None where there is none, or no answer in time."""
        client = self._node.create_client(type_, f"{NODE}/{service}")
        try:
            if not client.wait_for_service(timeout_sec=5.0):
                return None
            answered = threading.Event()
            future = client.call_async(request)
            future.add_done_callback(lambda _: answered.set())
            return future.result() if answered.wait(timeout_s) else None
        finally:
            self._node.destroy_client(client)

    def _spin(self) -> None:
        while not self._stop.is_set():
            self._executor.spin_once(timeout_sec=0.2)

    def _subscribe_to_new(self) -> None:
        """There is a topic for each stage, and which stages there are is the node's business."""
        for topic, types in self._node.get_topic_names_and_types():
            name = topic.removeprefix(DEBUG)
            if name != topic and name not in self.times and "std_msgs/msg/Float64" in types:
                self.times[name] = []
                take = partial(self._timed, self.times[name])
                self._node.create_subscription(Float64, topic, take, 100)

    @staticmethod
    def _timed(times: list[float], message: Float64) -> None:
        times.append(message.data)

    def _diagnosed(self, message: DiagnosticArray) -> None:
        for status in message.status:
            state, colon, _ = status.message.partition(":")
            if status.name.startswith(NODE) and colon:
                self.states[state] += 1
