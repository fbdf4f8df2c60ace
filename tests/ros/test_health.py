# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of ROS: there, missing, half there, or of another Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from zeroflow_ros.doctor import Level
from zeroflow_ros.ros import health
from zeroflow_ros.ros.dds import PROFILE


@pytest.fixture
def jazzy(tmp_path: Path) -> dict[str, str]:
    """The environment of a shell that has sourced ROS."""
    (tmp_path / "ros/share/rclpy").mkdir(parents=True)
    return {"ROS_DISTRO": "jazzy", "AMENT_PREFIX_PATH": f"/mine:{tmp_path / 'ros'}"}


def test_ros_is_found_and_where(jazzy: dict[str, str]) -> None:
    first, *others = health.distribution({})
    assert first.level is Level.ok
    assert first.found.startswith("wheels of pip, ")
    assert first.found.endswith("/rclpy")
    assert not any(finding.level is Level.broken for finding in others)
    assert next(iter(health.distribution(jazzy))).found.startswith("jazzy, ")


def test_a_ros_that_is_too_old_for_the_node_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from rclpy.node import Node

    monkeypatch.delattr(Node, health.OLDEST_RCLPY_HAS)
    (finding,) = (f for f in health.distribution({}) if "too old" in f.found)
    assert finding.level is Level.note
    assert "needs ROS 2 Jazzy or newer" in finding.cure


def test_without_ros_only_the_node_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rclpy", None)
    (finding,) = health.distribution({})
    assert finding.level is Level.note
    assert "pip install 'zeroflow_ros[ros]'" in finding.cure
    (finding,) = health.middleware({})
    assert (finding.level, finding.found) == (Level.note, "not looked at: no ROS")


def test_a_ros_that_is_not_sourced_yet_is_no_broken_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in containers, which know their distribution before."""
    monkeypatch.setitem(sys.modules, "rclpy", None)
    (finding,) = health.distribution({"ROS_DISTRO": "kilted", "AMENT_PREFIX_PATH": "/opt/venv"})
    assert finding.level is Level.note
    assert finding.cure.startswith("source /opt/ros/kilted/setup.bash")


def test_a_ros_of_another_python_is_broken(
    monkeypatch: pytest.MonkeyPatch, jazzy: dict[str, str]
) -> None:
    monkeypatch.setitem(sys.modules, "rclpy", None)
    (finding,) = health.distribution(jazzy)
    assert finding.level is Level.broken
    assert finding.found.startswith("jazzy is sourced, but rclpy fails (")
    assert f"{sys.executable} is not the Python of ROS jazzy" in finding.cure


def test_messages_that_are_missing_are_named(
    monkeypatch: pytest.MonkeyPatch, jazzy: dict[str, str]
) -> None:
    for name in ("nav_msgs", "visualization_msgs"):
        monkeypatch.setitem(sys.modules, name, None)
    broken = [f for f in health.distribution(jazzy) if f.level is Level.broken]
    assert [f.found for f in broken] == ["no nav_msgs, visualization_msgs"]
    assert broken[0].cure == "sudo apt install ros-jazzy-nav-msgs ros-jazzy-visualization-msgs"


def test_tf_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tf2_ros", None)
    *_, finding = health.distribution({})
    assert finding.level is Level.note
    assert "ego_motion:=tf" in finding.found


def test_the_profile_of_the_node_is_offered_to_the_driver() -> None:
    environment: dict[str, str] = {}
    (finding,) = health.middleware(environment)
    assert finding.level is Level.ok
    assert f"export FASTRTPS_DEFAULT_PROFILES_FILE={PROFILE}" in finding.cure
    assert environment == {}


def test_a_profile_of_the_user_has_to_exist(tmp_path: Path) -> None:
    mine = tmp_path / "mine.xml"
    environment = {"FASTRTPS_DEFAULT_PROFILES_FILE": str(mine)}
    (finding,) = health.middleware(environment)
    assert finding.level is Level.note
    assert f"{mine} (from FASTRTPS_DEFAULT_PROFILES_FILE), which does not exist" in finding.found
    mine.touch()
    (finding,) = health.middleware(environment)
    assert (finding.level, finding.cure) == (Level.ok, "")


def test_a_middleware_that_does_not_load_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> str:
        raise RuntimeError("librmw_zenoh_cpp.so: cannot open shared object file")

    monkeypatch.setattr("rclpy.utilities.get_rmw_implementation_identifier", failing)
    (finding,) = health.middleware({"RMW_IMPLEMENTATION": "rmw_zenoh_cpp"})
    assert finding.level is Level.broken
    assert finding.found.startswith("rmw_zenoh_cpp cannot be loaded (librmw_zenoh_cpp.so")
    assert finding.cure == "unset RMW_IMPLEMENTATION, or install rmw-zenoh-cpp"
