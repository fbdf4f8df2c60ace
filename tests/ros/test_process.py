# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""run_node in this process: what a node does before it starts, and signals at any time of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

import rclpy

from zeroflow_ros.errors import EngineError
from zeroflow_ros.ros.process import run_node
from zeroflow_ros.ros.scene_flow_node import INPUT_TOPIC, SceneFlowNode

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def this_process(ros_domain: None) -> Iterator[None]:
    """With the signal handlers that it had before, and no context of ROS left."""
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert not rclpy.ok()
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


class WatchedNode(SceneFlowNode):
    """The real node; once started, it gets a SIGTERM."""

    def __init__(self) -> None:
        self.subscribed: list[str] = []
        super().__init__()

    def create_subscription(self, kind: Any, topic: str, *arguments: Any, **options: Any) -> Any:
        self.subscribed.append(topic)
        return super().create_subscription(kind, topic, *arguments, **options)

    def start(self) -> None:
        super().start()
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize(
    ("build_only", "subscribed"), [("true", []), ("false", ["~/input/odometry", INPUT_TOPIC])]
)
def test_build_only_never_subscribes(
    tiny_model: Path, build_only: str, subscribed: list[str]
) -> None:
    nodes: list[WatchedNode] = []

    def create() -> WatchedNode:
        nodes.append(WatchedNode())
        return nodes[-1]

    options = ("-p", f"model:={tiny_model}", "-p", f"build_only:={build_only}")
    assert run_node("scene_flow", create, ["--ros-args", *options]) == 0
    assert nodes[0].subscribed == subscribed


def fatal(capfd: pytest.CaptureFixture[str]) -> str:
    """The only line that was logged."""
    (line,) = capfd.readouterr().err.splitlines()
    assert "[FATAL]" in line
    return line


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_breaks_off_what_takes_minutes(
    capfd: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    cleaned: list[bool] = []

    def create() -> Any:
        try:
            signal.raise_signal(number)
            raise AssertionError("the build goes on")
        finally:
            signal.raise_signal(number)  # of launch, in addition to the terminal's
            cleaned.append(True)

    assert run_node("builder", create) == 1
    assert cleaned == [True]
    assert fatal(capfd).endswith("[builder]: stopped before it was ready")


@pytest.mark.parametrize("kind", [SystemError, RuntimeError, EngineError])
def test_a_signal_is_known_by_what_libraries_make_of_it(
    capfd: pytest.CaptureFixture[str], kind: type[Exception]
) -> None:
    def create() -> Any:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise kind("returned a result with an exception set") from error

    assert run_node("builder", create) == 1
    assert fatal(capfd).endswith("stopped before it was ready")


def raising(error: Exception) -> Callable[[], Any]:
    def create() -> Any:
        raise error

    return create


def test_an_error_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_node("builder", raising(EngineError("no engine:\n  none"))) == 1
    assert fatal(capfd).endswith("[builder]: no engine: none")


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(SystemError, match="ours"):
        run_node("builder", raising(SystemError("ours")))
    rclpy.try_shutdown()
