# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""run_node in this process: start, signals at any time of it, and its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

import rclpy
from rclpy.node import Node

from zeroflow_ros.errors import EngineError
from zeroflow_ros.ros.process import run_node

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def this_process(ros_domain: None) -> Iterator[None]:
    """With the signal handlers that it had before, and no context of ROS left."""
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert not rclpy.ok()
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


class Scripted(Node):
    """A node that says what was asked of it; `during` is what `start` does."""

    def __init__(self, during: Callable[[Scripted], int | None]) -> None:
        super().__init__("scripted")
        self._during = during
        self.interrupted = threading.Event()
        self.asked: list[str] = []

    def start(self) -> int | None:
        """See ProcessNode."""
        self.asked.append("start")
        return self._during(self)

    def interrupt(self) -> int:
        """See ProcessNode."""
        self.asked.append("interrupt")
        self.interrupted.set()
        return 7

    def finish(self) -> None:
        """See ProcessNode."""
        assert rclpy.ok()
        self.asked.append("finish")


def run(during: Callable[[Scripted], int | None]) -> tuple[int, list[str]]:
    nodes: list[Scripted] = []

    def create() -> Scripted:
        nodes.append(Scripted(during))
        return nodes[0]

    return run_node("scripted", create), nodes[0].asked


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_node_that_runs(number: signal.Signals) -> None:
    def started(node: Scripted) -> None:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)  # launch sends one, in addition to the terminal's

    assert run(started) == (0, ["start", "interrupt", "finish"])


@pytest.mark.parametrize("code", [0, 1])
def test_a_node_that_has_nothing_left_to_do_ends_by_itself(code: int) -> None:
    assert run(lambda node: code) == (code, ["start", "interrupt", "finish"])


def test_a_signal_breaks_off_what_takes_minutes() -> None:
    def build(node: Scripted) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        assert node.interrupted.wait(60.0)
        return 1

    assert run(build) == (1, ["start", "interrupt", "finish"])


def test_a_start_that_breaks_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    def broken(node: Scripted) -> None:
        raise ValueError("ours")

    assert run(broken)[0] == 1
    assert "not started: ValueError: ours" in capfd.readouterr().err


def test_a_callback_that_breaks_ends_the_node(capfd: pytest.CaptureFixture[str]) -> None:
    def started(node: Scripted) -> None:
        def broken() -> None:
            raise ValueError("ours")

        node.create_timer(0.001, broken)

    assert run(started)[0] == 1
    assert "stopped by ValueError: ours" in capfd.readouterr().err


def test_what_cannot_be_stopped_is_left_to_the_system() -> None:
    script = (
        "import os, signal, threading\n"
        "from tests.ros.test_process import run\n"
        "def build(node):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    threading.Event().wait()\n"
        "run(build)\n"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, cwd=root
    )
    assert done.returncode == 7
    assert done.stderr.splitlines()[-1].endswith("ended in the middle of what it was doing")


def test_an_error_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    def create() -> Any:
        raise EngineError("no engine:\n  none")

    assert run_node("builder", create) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("[builder]: no engine: none")


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    def create() -> Any:
        raise SystemError("ours")

    with pytest.raises(SystemError, match="ours"):
        run_node("builder", create)
    rclpy.try_shutdown()
