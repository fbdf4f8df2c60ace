# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A node as a process: start, signals, a clean end, and errors in one line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Protocol

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from zeroflow_ros.errors import ZeroflowError, interrupted


class FinishingNode(Protocol):
    """A Node that is made, which may take minutes, then starts, and has something to do before it
    is destroyed.
    """

    done: bool  # there is nothing to start for

    def start(self) -> None:
        """Publish and subscribe."""

    def finish(self) -> None:
        """Stop working; the context is still valid."""

    def destroy_node(self) -> None:
        """As every Node has it."""


def run_node(name: str, create: Callable[[], FinishingNode], args: list[str] | None = None) -> int:
    """Create a node, run it until SIGINT or SIGTERM, return the exit code.

    0, or 1 for an error or a signal before the node was made. `args` as for `rclpy.init`. Once it
    starts, signals only raise a flag: rclpy's own handlers would shut the context down under a
    worker that is publishing. So the main thread waits, another one spins.
    """
    stop = threading.Event()

    def interrupt() -> None:
        _on_signals(stop.set)  # launch sends a second one, which is not to break the clean-up
        raise KeyboardInterrupt

    try:
        _on_signals(interrupt)
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        node = create()
        _on_signals(stop.set)
        if not node.done:
            node.start()
    # RCLError is a RuntimeError: unreadable parameter files, no HOME for logs.
    except (ZeroflowError, ParameterException, RuntimeError) as error:
        return _failed(name, "stopped before it was ready" if interrupted(error) else str(error))
    except (KeyboardInterrupt, SystemError) as error:
        if not interrupted(error):
            raise
        return _failed(name, "stopped before it was ready")
    failure = None if node.done else _run(node, stop)
    node.destroy_node()
    rclpy.try_shutdown()
    return 1 if failure else 0


def _on_signals(react: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: react())


def _failed(name: str, reason: str) -> int:
    get_logger(name).fatal(" ".join(reason.split()))
    rclpy.try_shutdown()
    return 1


def _run(node: FinishingNode, stop: threading.Event) -> Exception | None:
    """Spin until told to stop; returns what went wrong."""
    spinner = _Spinner(node, on_failure=stop.set)
    stop.wait()
    spinner.stop()
    node.finish()
    return spinner.failure


class _Spinner:
    """Spins a node in a thread until told to stop. EventsExecutor hangs, so the plain one."""

    def __init__(self, node: FinishingNode, on_failure: Callable[[], None]) -> None:
        assert isinstance(node, Node)
        self.failure: Exception | None = None
        self._logger = node.get_logger()
        self._on_failure = on_failure
        self._stopping = False
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, name="executor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        # A task ends the wait for messages; `Executor.shutdown` would pull the wait's ground away.
        self._executor.create_task(lambda: None)
        self._thread.join()
        self._executor.shutdown()

    def _spin(self) -> None:
        try:
            while not self._stopping:
                self._executor.spin_once()
        except Exception as error:  # the main thread must hear of it, whatever it is
            self.failure = error
            self._logger.fatal(f"stopped by {type(error).__name__}: {error}")
            self._on_failure()
