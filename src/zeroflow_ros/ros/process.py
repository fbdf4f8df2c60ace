# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A node as a process: start, signals, a clean end in time, and errors in one line."""

from __future__ import annotations

import os
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

from zeroflow_ros.errors import ZeroflowError

END_WITHIN_S = 1.5


class ProcessNode(Protocol):
    """A Node that is quickly made, then starts, which may take minutes, and has something to do
    before it is destroyed.
    """

    def start(self) -> int | None:
        """From a thread of its own, while the node spins; the exit code if nothing is left."""

    def interrupt(self) -> int:
        """The process is to end soon: stop what takes long; the exit code if it cannot be."""

    def finish(self) -> None:
        """Stop working; the context is still valid."""

    def destroy_node(self) -> None:
        """As every Node has it."""


def run_node(name: str, create: Callable[[], ProcessNode], args: list[str] | None = None) -> int:
    """Create a node, run it until SIGINT or SIGTERM, return the exit code; `args` as `rclpy.init`.

    0; what `start` says; or 1 for an error. Signals only raise a flag: rclpy's own handlers would
    shut the context down under a worker that is publishing. So the main thread waits, another one
    spins, a third one starts the node. What cannot be stopped, as a compiler in the middle of a
    step, is left to the system: a process ends within END_WITHIN_S of a signal.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        node = create()
    # RCLError is a RuntimeError: unreadable parameter files, no HOME for logs.
    except (ZeroflowError, ParameterException, RuntimeError) as error:
        get_logger(name).fatal(" ".join(str(error).split()))
        rclpy.try_shutdown()
        return 1
    spinner, starter = _Spinner(node, stop.set), _Starter(node, stop.set)
    stop.wait()
    ending = threading.Timer(END_WITHIN_S, _end, args=(name, node.interrupt()))
    ending.daemon = True
    ending.start()
    starter.thread.join()
    spinner.stop()
    node.finish()
    node.destroy_node()
    rclpy.try_shutdown()
    ending.cancel()
    return 1 if spinner.failure else starter.code or 0


def _end(name: str, code: int) -> None:
    """What is in work may take minutes, and all that matters is on disk at any time."""
    get_logger(name).warning("ended in the middle of what it was doing")
    os._exit(code)


class _Starter:
    """Starts a node in a thread: a signal need not wait for that."""

    def __init__(self, node: ProcessNode, on_end: Callable[[], None]) -> None:
        self.code: int | None = None
        self._node, self._on_end = node, on_end
        self.thread = threading.Thread(target=self._start, name="start", daemon=True)
        self.thread.start()

    def _start(self) -> None:
        assert isinstance(self._node, Node)
        try:
            self.code = self._node.start()
        except Exception as error:  # the main thread must hear of it, whatever it is
            self._node.get_logger().fatal(f"not started: {type(error).__name__}: {error}")
            self.code = 1
        if self.code is not None:
            self._on_end()


class _Spinner:
    """Spins a node in a thread until told to stop. EventsExecutor hangs, so the plain one."""

    def __init__(self, node: ProcessNode, on_failure: Callable[[], None]) -> None:
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
