# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What waits for a node to be active, as replay.launch.py does before it plays the bag."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

MODULE = "zeroflow_ros.ros.until_active"
TIMEOUT_S = 60.0


class Sleeper:
    """A lifecycle node `/mine/sleeper`; `asked` is set when somebody wants to know its state."""

    def __init__(self) -> None:
        import rclpy
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.lifecycle import LifecycleNode
        from rclpy.signals import SignalHandlerOptions

        self.asked = threading.Event()
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.node = LifecycleNode("sleeper", namespace="mine", context=self._context)
        service = self.node._service_get_state
        answer = service.callback

        def answered(*request: Any) -> Any:
            self.asked.set()
            return answer(*request)

        service.callback = answered
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._ended = False
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    def close(self) -> None:
        import rclpy

        self._ended = True
        self._thread.join()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _spin(self) -> None:
        while not self._ended:
            self._executor.spin_once(timeout_sec=0.05)


@pytest.fixture
def sleeper(ros_domain: None) -> Iterator[Sleeper]:
    """The node, unconfigured."""
    sleeper = Sleeper()
    yield sleeper
    sleeper.close()


def test_it_ends_when_the_node_is_active_and_not_before(
    sleeper: Sleeper, start: Callable[..., Any]
) -> None:
    waiting = start(MODULE, "mine/sleeper")  # as the launch file has it, with a relative namespace
    assert sleeper.asked.wait(TIMEOUT_S)
    sleeper.node.trigger_configure()
    sleeper.asked.clear()
    assert sleeper.asked.wait(TIMEOUT_S)  # inactive is not enough
    sleeper.node.trigger_activate()
    assert waiting.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(
    sleeper: Sleeper, start: Callable[..., Any], number: signal.Signals
) -> None:
    waiting = start(MODULE, "/mine/sleeper")
    assert sleeper.asked.wait(TIMEOUT_S)
    assert waiting.stop(number) == 1
    assert waiting.output == ""
