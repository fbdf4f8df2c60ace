# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the real node says of itself on /diagnostics, from its start through trouble to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from diagnostic_msgs.msg import DiagnosticStatus
from tests.ros.driver import Driver, cloud, scene
from tests.ros.manager import Manager, value_of

Start = Callable[..., Any]


def keep_asking(
    driver: Driver, manager: Manager, state: str, part: str = "flow", **options: Any
) -> DiagnosticStatus:
    """Send sweeps until a part of the node is said to be in a state."""
    for seed in range(300):
        driver.send(cloud(scene(seed=seed), **options))
        report = manager.heard(part, 0.1)
        if report is not None and report.message.startswith(f"{state}: "):
            return report
    raise AssertionError(f"never {state}: {report and report.message}")


def test_the_states_of_a_node_with_good_and_bad_days(
    start_node: Start, driver: Driver, manager: Manager
) -> None:
    node = start_node(**{"ego_motion.source": "odometry", "ego_motion.timeout": 0.0})
    report = manager.report("flow", "WAITING")
    assert "no sweep on /scene_flow/input/pointcloud for " in report.message
    assert report.level == DiagnosticStatus.WARN
    assert manager.report("input", "WAITING").level == DiagnosticStatus.WARN
    assert "tiny 1" in value_of(manager.report("engine", "OK"), "model")

    driver.wait_for_node()
    report = keep_asking(driver, manager, "STALE")
    assert report.level == DiagnosticStatus.ERROR
    assert "no ego motion: no odometry came on" in report.message
    assert keep_asking(driver, manager, "STALE", "ego motion").level == DiagnosticStatus.ERROR
    assert int(value_of(report, "without ego motion")) > 0

    report = keep_asking(driver, manager, "ERROR", names=("x", "y", "range"))
    assert "no field z; its fields: x, y, range" in report.message

    driver.move(0.0)
    for _ in range(100):  # the odometry's subscription may match after the first few
        driver.move(0.0, dt_ms=100)
        driver.ask(cloud(scene()))
        report = manager.heard("flow", 0.1)
        if report is not None and report.message.startswith("OK: "):
            break
    assert report is not None
    assert report.level == DiagnosticStatus.OK
    counts = [int(value_of(report, key)) for key in ("answered", "not asked for", "unreadable")]
    assert sum(counts) <= int(value_of(report, "received")) <= sum(counts) + 2
    assert float(value_of(report, "stage network (ms)")) > 0
    assert "at most" in value_of(report, "latency (ms)")

    driver.probe.close()
    report = keep_asking(driver, manager, "IDLE")
    # Nobody asks, but whoever looks before a drive sees that odometry has ended.
    assert keep_asking(driver, manager, "STALE", "ego motion").level == DiagnosticStatus.ERROR
    assert report.level == DiagnosticStatus.OK
    assert "nobody listens" in report.message

    assert manager.change("deactivate")
    assert "IDLE: inactive" in manager.report("flow", "IDLE").message
    assert node.stop() == 0


def test_a_slow_pipeline_is_said_as_soon_as_the_limit_is_lowered(
    start_node: Start, driver: Driver, manager: Manager
) -> None:
    start_node(**{"ego_motion.source": "none"})
    driver.wait_for_node()
    assert manager.set("diagnostics.slow_ms", 1.0) == ""
    for seed in range(100):
        driver.ask(cloud(scene(100_000, seed=seed % 3)))
        report = manager.heard("flow", 0.1)
        if report is not None and report.message.startswith("SLOW: "):
            break
    assert report is not None
    assert "ms, above 1" in report.message
    assert report.level == DiagnosticStatus.WARN
