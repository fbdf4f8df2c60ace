# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""CloudInput in this process: what it says of silence, drops and losses."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

import rclpy
from rclpy.node import Node

from zeroflow_ros.ros.cloud_input import CloudInput
from zeroflow_ros.ros.ledger import Ledger
from zeroflow_ros.ros.settings import Settings


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def source(ros_domain: None, ledger: Ledger) -> Iterator[CloudInput]:
    rclpy.init()
    node = Node("scene_flow")
    source = CloudInput(node, Settings(), ledger, lambda message: None)
    yield source
    source.close()
    node.destroy_node()
    rclpy.shutdown()


def said(source: CloudInput, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """What the next look says, without time stamps."""
    capfd.readouterr()
    source._watch()
    return [line.split("]: ", 1)[1] for line in capfd.readouterr().err.splitlines()]


def test_each_trouble_is_said_as_long_as_it_goes_on(
    source: CloudInput, ledger: Ledger, capfd: pytest.CaptureFixture[str]
) -> None:
    (line,) = said(source, capfd)
    assert line.startswith("no cloud on /scene_flow/input/pointcloud for 5 s: nobody publishes")
    assert line.endswith(source.trouble)  # which diagnostics say
    for _ in range(50):
        ledger.arrive()
    assert said(source, capfd) == []
    assert source.trouble == ""

    for _ in range(50):
        ledger.arrive()
    ledger.drop()
    source._lost(SimpleNamespace(total_count=3))
    drop, loss = said(source, capfd)
    assert drop.startswith("1 of 50 sweeps were dropped for a newer one in 5 s")
    assert loss.startswith("DDS lost 3 clouds on /scene_flow/input/pointcloud: give the lidar")
    assert "`zeroflow doctor` has the commands" in loss
    assert source.values["lost by DDS"] == 3

    ledger.arrive()
    source._lost(SimpleNamespace(total_count=5))
    (loss,) = said(source, capfd)
    assert loss.startswith("DDS lost 2 clouds")
