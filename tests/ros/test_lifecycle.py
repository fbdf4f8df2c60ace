# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The lifecycle of the real node: its transitions, and parameters that may change in between."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from tests.ros.conftest import FLOW_M, tiny_model_file
from tests.ros.driver import Driver, cloud, scene
from tests.ros.manager import Manager, value_of

NODE = "zeroflow_ros.ros.scene_flow_node"
WAITING = ("-p", "autostart:=false", "-p", "ego_motion.source:=none")
# Two seconds are promised; the machine of the tests has other things to do.
END_WITHIN_S = 4.0

Start = Callable[..., Any]


@pytest.fixture
def waiting_node_with(start: Start, tiny_model: Path) -> Start:
    """Start a node that nobody has told to configure, with more options."""
    return lambda *more: start(NODE, "--ros-args", "-p", f"model:={tiny_model}", *WAITING, *more)


@pytest.fixture
def waiting_node(waiting_node_with: Start) -> Any:
    """Nobody has told it to configure."""
    return waiting_node_with()


def flow_of_second_sweep(driver: Driver) -> np.ndarray:
    """Velocity of all points; the first sweep must have none."""
    assert not driver.ask(cloud(scene(seed=1))).columns().valid.any()
    return driver.ask(cloud(scene(seed=2))).columns().velocity


def test_every_transition_does_its_part(
    waiting_node: Any, manager: Manager, driver: Driver
) -> None:
    assert manager.state() == "unconfigured"
    assert "it waits to be configured" in manager.report("flow", "IDLE").message
    assert manager.change("configure")
    assert manager.state() == "inactive"
    assert "first took" in waiting_node.wait_for("configured: model tiny 1")
    engine = manager.report("engine", "OK")
    assert value_of(engine, "model") == "tiny 1"
    assert float(value_of(engine, "first sweep (ms)")) > 0
    assert driver.clouds.get_subscription_count() == 0

    assert manager.change("activate")
    driver.wait_for_node()
    moving = [np.array(FLOW_M) / 0.1] * 500
    np.testing.assert_allclose(flow_of_second_sweep(driver), moving, atol=0.05)

    assert manager.change("deactivate")
    driver.send(cloud(scene(seed=3)))
    assert not driver.probe.collect(1, 0.5)
    assert manager.change("activate")
    driver.wait_for_node()  # which starts a new history
    np.testing.assert_allclose(flow_of_second_sweep(driver), moving, atol=0.05)

    assert manager.change("deactivate")
    assert manager.change("cleanup")
    assert manager.state() == "unconfigured"
    assert manager.change("shutdown")
    assert manager.state() == "finalized"
    assert "start the process again" in manager.report("flow", "IDLE").message
    assert waiting_node.stop() == 0
    assert "Traceback" not in waiting_node.output


def test_impossible_transitions_are_refused_and_harm_nothing(
    waiting_node: Any, manager: Manager
) -> None:
    for transition in ("activate", "deactivate", "cleanup", "no_such"):
        assert not manager.change(transition)
    assert not manager.change_by_id(0)
    assert not manager.change_by_id(99)
    assert "0 is not possible when unconfigured" in waiting_node.wait_for("no such")
    assert manager.change("configure")
    assert not manager.change("configure")
    assert manager.state() == "inactive"
    assert waiting_node.stop() == 0


def test_a_failed_configure_names_the_cause_and_can_be_tried_again(
    start: Start, manager: Manager, driver: Driver, tiny_model: Path
) -> None:
    node = start(
        NODE, "--ros-args", "-p", "model:=/nowhere/a.onnx", "-p", "ego_motion.source:=none"
    )
    line = node.wait_for("configure failed")
    assert "/nowhere/a.onnx" in line
    assert "ros2 lifecycle set /scene_flow configure" in line
    assert manager.state() == "unconfigured"
    assert "/nowhere/a.onnx" in manager.report("flow", "ERROR").message
    assert not manager.change("configure")
    assert manager.set("model", str(tiny_model)) == ""
    assert manager.change("configure")
    assert manager.change("activate")
    driver.wait_for_node()
    assert flow_of_second_sweep(driver).any()
    assert node.stop() == 0


@pytest.mark.parametrize(
    ("endpoint", "transition", "state"),
    [
        ("input/pointcloud.subscription", "activate", "inactive"),
        ("output/markers.publisher", "configure", "unconfigured"),
    ],
)
def test_a_transition_that_fails_half_way_leaves_nothing(
    waiting_node_with: Start, manager: Manager, endpoint: str, transition: str, state: str
) -> None:
    node = waiting_node_with("-p", f"qos_overrides./scene_flow/{endpoint}.reliability:=perhaps")
    assert manager.change("configure") == (transition == "activate")
    if transition == "activate":
        assert not manager.change("activate")
    assert "perhaps" in node.wait_for(f"{transition} failed")
    assert manager.state() == state
    assert not manager.change(transition)  # once more, with the same end
    assert "perhaps" in manager.report("flow", "ERROR").message
    assert node.stop() == 0
    assert "Traceback" not in node.output


def test_a_model_that_was_replaced_is_read_anew(
    start: Start, manager: Manager, driver: Driver, tmp_path: Path
) -> None:
    model = tmp_path / "student.onnx"
    tiny_model_file(model, (0.5, 0.0, 0.0))
    node = start(NODE, "--ros-args", "-p", f"model:={model}", "-p", "ego_motion.source:=none")
    node.wait_for("ready: ")
    driver.wait_for_node()
    np.testing.assert_allclose(flow_of_second_sweep(driver)[:, 0], [5.0] * 500, atol=0.05)

    tiny_model_file(model, (0.2, 0.0, 0.0))
    assert driver.ask(cloud(scene(seed=3))).columns().velocity[0, 0] > 4.9  # the one it has
    for transition in ("deactivate", "cleanup", "configure", "activate"):
        assert manager.change(transition)
    driver.wait_for_node()
    np.testing.assert_allclose(flow_of_second_sweep(driver)[:, 0], [2.0] * 500, atol=0.05)

    for transition in ("deactivate", "cleanup"):
        assert manager.change(transition)
    model.write_bytes(model.read_bytes()[:-100])
    assert not manager.change("configure")
    assert str(model) in node.wait_for("configure failed")
    model.unlink()
    assert not manager.change("configure")
    assert str(model) in node.wait_for("configure failed")
    assert node.stop() == 0


def test_parameters_change_when_they_can(
    start_node: Start, manager: Manager, tiny_model: Path
) -> None:
    node = start_node(**{"ego_motion.source": "none"})
    refused = manager.set("model", "other.onnx")
    assert "parameter 'model' is read by configure: deactivate and clean up first" in refused
    assert "read-only" in manager.set("input.depth", 5)
    assert manager.get("model") == str(tiny_model)
    assert manager.set("colors.max_speed", 30.0) == ""
    assert manager.get("colors.max_speed") == 30.0
    assert "colors.max_speed" in manager.set("colors.max_speed", -1.0)
    assert "needs 6 finite numbers" in manager.set("input.crop_box", [1.0, 2.0])
    assert manager.change("deactivate")
    assert "clean up first" in manager.set("model", "other.onnx")
    assert manager.change("cleanup")
    assert manager.set("model", "other.onnx") == ""
    assert node.stop() == 0


def test_points_of_the_own_vehicle_are_cropped_while_it_runs(
    start_node: Start, manager: Manager, driver: Driver
) -> None:
    start_node(**{"ego_motion.source": "none"})
    driver.wait_for_node()
    flow_of_second_sweep(driver)
    assert manager.set("input.crop_box", [5.0, 5.0, 5.0, -5.0, -5.0, -5.0]) == ""
    points = scene(seed=3)
    found = driver.ask(cloud(points)).columns()
    inside = (np.abs(points) <= 5.0).all(1)
    assert 10 < inside.sum() < 200
    np.testing.assert_array_equal(found.valid, ~inside)
    np.testing.assert_array_equal(found.points, points)


@pytest.mark.parametrize("reached", [[], ["configure"], ["configure", "activate"], ["shutdown"]])
def test_a_signal_ends_it_in_every_state(
    waiting_node: Any, manager: Manager, reached: list[str]
) -> None:
    for transition in reached:
        assert manager.change(transition)
    assert (
        manager.state()
        == {
            "": "unconfigured",
            "configure": "inactive",
            "activate": "active",
            "shutdown": "finalized",
        }[reached[-1] if reached else ""]
    )
    start_s = time.monotonic()
    assert waiting_node.stop(signal.SIGTERM) == 0
    assert time.monotonic() - start_s < END_WITHIN_S
    assert "Traceback" not in waiting_node.output
