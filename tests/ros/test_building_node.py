# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A node that builds its engine for minutes: it says so, answers, ends when told, loses nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from tests.ros.manager import Manager
from tests.ros.test_lifecycle import END_WITHIN_S

Start = Callable[..., Any]


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """The build ends when this file is there."""
    return tmp_path / "go"


@pytest.fixture
def build(start: Start, tiny_model: Path, go: Path, tmp_path: Path) -> Start:
    """Start a node that builds, or finds what another one has built."""

    def build(how: str = "steps", name: str = "scene_flow", **parameters: object) -> Any:
        given = {
            "model": tiny_model,
            "backend": "tensorrt",
            "engine_cache": tmp_path / "cache",
            "ego_motion.source": "none",
            **parameters,
        }
        options = [part for key, value in given.items() for part in ("-p", f"{key}:={value}")]
        command = ("--ros-args", "-r", f"__node:={name}", *options)
        return start("tests.ros.slow_engine_node", str(go), how, *command)

    return build


def test_progress_is_in_diagnostics_and_log_and_services_answer(
    build: Start, manager: Manager, go: Path
) -> None:
    node = build()
    node.wait_for("a build begins")
    report = manager.report("flow", "WAITING")
    while "building the engine, " not in report.message:
        report = manager.report("flow", "WAITING")
    assert "(tactics)" in report.message
    assert "building the engine, " in node.wait_for("configuring")
    assert manager.state() == "configuring"
    assert not manager.change("activate")
    assert "is read by configure" in manager.set("model", "other.onnx")
    go.touch()
    node.wait_for("ready: ")
    assert manager.state() == "active"
    assert node.stop() == 0


@pytest.mark.parametrize("how", ["steps", "stuck"])
@pytest.mark.parametrize("build_only", [False, True])
def test_a_signal_ends_a_build(build: Start, how: str, build_only: bool) -> None:
    node = build(how, build_only=build_only)
    node.wait_for("a build begins")
    start_s = time.monotonic()
    # Whoever asked for an engine only is told that there is none.
    assert node.stop(signal.SIGTERM) == int(build_only)
    assert time.monotonic() - start_s < END_WITHIN_S
    assert ("ended in the middle" in node.output) == (how == "stuck")
    assert "Traceback" not in node.output


@pytest.mark.parametrize("how", ["steps", "stuck"])
def test_a_killed_build_is_made_once_more_and_then_kept(build: Start, go: Path, how: str) -> None:
    killed = build(how)
    killed.wait_for("a build begins")
    assert killed.stop(signal.SIGKILL) == -signal.SIGKILL

    second = build(how)
    second.wait_for("a build begins")
    go.touch()
    second.wait_for("ready: ")
    assert second.stop() == 0

    third = build(how)
    third.wait_for("ready: ")
    assert third.stop() == 0
    assert "a build begins" not in third.output


def test_two_nodes_build_once(build: Start, go: Path) -> None:
    first = build(name="front")
    first.wait_for("a build begins")
    second = build(name="rear")
    second.wait_for("waiting for")
    go.touch()
    for node in (first, second):
        node.wait_for("ready: ")
    for node in (first, second):
        assert node.stop() == 0
    assert "a build begins" not in second.output
