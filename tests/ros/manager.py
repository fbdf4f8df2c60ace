# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Manager: what a lifecycle manager and a person at a terminal do with a node, over DDS."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

TIMEOUT_S = 60.0


class Manager:
    """Changes states and parameters of `/scene_flow`, and reads its diagnostics."""

    def __init__(self, node: str = "/scene_flow") -> None:
        self._context, self._name = Context(), node
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node("manager", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, 10)
        self._reports: dict[str, DiagnosticStatus] = {}

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def change(self, transition: str) -> bool:
        """`configure`, `activate`, ...: whether it succeeded."""
        request = ChangeState.Request()
        request.transition.label = transition
        return bool(self._call(ChangeState, "change_state", request).success)

    def change_by_id(self, transition: int) -> bool:
        """As `change`, by the number that lifecycle_msgs has for it, or by one that it has not."""
        request = ChangeState.Request()
        request.transition.id = transition
        return bool(self._call(ChangeState, "change_state", request).success)

    def state(self) -> str:
        return str(self._call(GetState, "get_state", GetState.Request()).current_state.label)

    def set(self, name: str, value: Any) -> str:
        """Set a parameter; the reason why it was refused, or nothing."""
        parameter = Parameter(name, value=value).to_parameter_msg()
        request = SetParameters.Request(parameters=[parameter])
        (result,) = self._call(SetParameters, "set_parameters", request).results
        return "" if result.successful else str(result.reason)

    def get(self, name: str) -> Any:
        request = GetParameters.Request(names=[name])
        (value,) = self._call(GetParameters, "get_parameters", request).values
        return rclpy.parameter.parameter_value_to_python(value)

    def report(self, part: str, state: str) -> DiagnosticStatus:
        """The next report of a part of the node that is in a state."""

        def heard() -> bool:
            found = self._reports.get(f"{self._name}: {part}")
            return found is not None and found.message.startswith(f"{state}: ")

        self._reports.clear()
        self._wait(heard, lambda: f"no report of {part} is {state}: {self._told()}")
        return self._reports[f"{self._name}: {part}"]

    def heard(self, part: str, seconds: float) -> DiagnosticStatus | None:
        """The newest report of a part of the node, after listening for some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.01)
        return self._reports.get(f"{self._name}: {part}")

    def _told(self) -> str:
        return "; ".join(f"{name} is {r.message}" for name, r in self._reports.items())

    def _hear(self, message: DiagnosticArray) -> None:
        self._reports |= {status.name: status for status in message.status}

    def _call(self, kind: Any, service: str, request: Any) -> Any:
        client = self._node.create_client(kind, f"{self._name}/{service}")
        try:
            self._wait(client.service_is_ready, lambda: f"no service {service}")
            future = client.call_async(request)
            self._wait(future.done, lambda: f"no answer of {service}")
            return future.result()
        finally:
            self._node.destroy_client(client)

    def _wait(self, done: Callable[[], bool], otherwise: Callable[[], str]) -> None:
        end = time.monotonic() + TIMEOUT_S
        while not done():
            assert time.monotonic() < end, otherwise()
            self._executor.spin_once(timeout_sec=0.05)


def value_of(report: DiagnosticStatus, key: str) -> str:
    """One of the values of a report."""
    return next(str(pair.value) for pair in report.values if pair.key == key)
