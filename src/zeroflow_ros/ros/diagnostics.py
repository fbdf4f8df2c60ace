# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Diagnostics: what the node says of itself on /diagnostics, every second, whatever it is doing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from zeroflow_ros.ros.status import State, Status
from zeroflow_ros.ros.topics import DIAGNOSTICS

if TYPE_CHECKING:
    from rclpy.node import Node

PERIOD_S = 1.0
LEVELS = {
    State.OK: DiagnosticStatus.OK,
    State.IDLE: DiagnosticStatus.OK,
    State.WAITING: DiagnosticStatus.WARN,
    State.SLOW: DiagnosticStatus.WARN,
    State.STALE: DiagnosticStatus.ERROR,
    State.ERROR: DiagnosticStatus.ERROR,
}


class Report:
    """What one part of the node says: a status, and values by name."""

    def __init__(self, part: str, status: Status, values: Mapping[str, object]) -> None:
        self.part, self.status, self.values = part, status, values

    def message(self, node: str) -> DiagnosticStatus:
        """As diagnostic_msgs has it; numbers are rounded to what means something."""
        return DiagnosticStatus(
            level=LEVELS[self.status.state],
            name=f"{node}: {self.part}",
            message=f"{self.status.state.name}: {self.status.why}",
            hardware_id=node,
            values=[KeyValue(key=k, value=_said(v)) for k, v in self.values.items()],
        )


class Diagnostics:
    """Publishes reports from a thread of its own: an executor that loads a model publishes none."""

    def __init__(self, node: Node, reports: Callable[[], list[Report]]) -> None:
        """`reports` is called from that thread, in the middle of whatever others change."""
        self._node, self._reports = node, reports
        self._publisher = node.create_publisher(DiagnosticArray, DIAGNOSTICS.name, 10)
        self._changed, self._stopping = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="diagnostics", daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        """Publish at once, as when the state has changed."""
        self._changed.set()

    def stop(self) -> None:
        """End the thread; the context is still valid."""
        self._stopping = True
        self._changed.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._publish()
            except Exception as error:  # silence would say less than this
                self._node.get_logger().warning(
                    f"no diagnostics: {type(error).__name__}: {error}", throttle_duration_sec=5.0
                )
            self._changed.wait(PERIOD_S)
            self._changed.clear()

    def _publish(self) -> None:
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        name = self._node.get_fully_qualified_name()
        message.status = [report.message(name) for report in self._reports()]
        self._publisher.publish(message)


def _said(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
