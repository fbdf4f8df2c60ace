# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The RViz view, held to what the node publishes and to what RViz of Jazzy knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from zeroflow_ros.colored_cloud import COLORED_FIELDS
from zeroflow_ros.coloring import MAX_SPEED_MPS
from zeroflow_ros.ros.markers import NAMESPACE
from zeroflow_ros.ros.outputs import FlowOutputs
from zeroflow_ros.ros.settings import Settings

VIEW = Path(__file__).parents[2] / "rviz/flow.rviz"
# Of rviz_common and rviz_default_plugins/plugins_description.xml, branch jazzy.
KNOWN = {
    "rviz_common": {"Displays", "Selection", "Tool Properties", "Views", "Time"},
    "rviz_default_plugins": {
        "Grid", "TF", "PointCloud2", "MarkerArray", "Interact", "MoveCamera", "Select",
        "FocusCamera", "Measure", "TopDownOrtho", "ThirdPersonFollower",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def view() -> dict[str, Any]:
    """The whole file."""
    return yaml.safe_load(VIEW.read_text())


@pytest.fixture
def displays(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Displays by the first word of their name."""
    found = view["Visualization Manager"]["Displays"]
    by_name = {display["Name"].split()[0].rstrip(","): display for display in found}
    assert len(by_name) == len(found)
    return by_name


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, int]]:
    """Outputs of the node `scene_flow`: message type, and depth of the publisher's history."""
    topics: dict[str, tuple[str, int]] = {}

    class Node:
        def create_publisher(self, message: type, topic: str, qos: Any, **_: Any) -> None:
            topics[topic.replace("~", "scene_flow")] = (message.__name__, qos.depth)

        def destroy_publisher(self, publisher: None) -> None:
            raise AssertionError("all were made")

    FlowOutputs(Node())
    return topics


def classes(value: Any) -> Iterator[str]:
    """Every plugin that is named anywhere."""
    if isinstance(value, dict):
        yield from (named for key, named in value.items() if key == "Class" and named)
        value = list(value.values())
    for each in value if isinstance(value, list) else []:
        yield from classes(each)


def test_all_plugins_are_those_of_jazzy(view: dict[str, Any]) -> None:
    used = set(classes(view))
    assert len(used) == 16
    for name in used:
        package, _, plugin = name.partition("/")
        assert plugin in KNOWN[package]


def test_what_is_shown(displays: dict[str, dict[str, Any]]) -> None:
    shown = {name: display["Enabled"] for name, display in displays.items()}
    assert shown == {
        "grid": True, "frames": False, "input": True, "flow": True, "speed": False, "arrows": True
    }  # fmt: skip
    assert all(display["Value"] is display["Enabled"] for display in displays.values())
    assert displays["frames"]["Class"].endswith("/TF")
    assert displays["grid"]["Reference Frame"] == "<Fixed Frame>"


def test_topics_are_those_of_the_node(
    displays: dict[str, dict[str, Any]], published: dict[str, tuple[str, int]]
) -> None:
    """Relative, as the node's: a namespace around both holds for both."""
    for name in ("flow", "speed", "arrows"):
        topic = displays[name]["Topic"]["Value"]
        assert published[topic][0] == displays[name]["Class"].rpartition("/")[2]
    assert displays["input"]["Topic"]["Value"] == "points"  # the default of flow.launch.py


def test_every_subscription_fits_every_publisher(displays: dict[str, dict[str, Any]]) -> None:
    topics = [display["Topic"] for display in displays.values() if "Topic" in display]
    assert len(topics) == 4
    for topic in topics:
        assert topic["Reliability Policy"] == "Best Effort"
        assert topic["Durability Policy"] == "Volatile"
        assert topic["History Policy"] == "Keep Last"
        assert 1 <= topic["Depth"] <= 5


def test_colours_are_fields_of_the_cloud_and_have_fixed_bounds(
    displays: dict[str, dict[str, Any]],
) -> None:
    fields = {field.name for field in COLORED_FIELDS}
    assert displays["flow"]["Color Transformer"] == "RGB8"
    assert "rgb" in fields
    speed = displays["speed"]
    assert speed["Color Transformer"] == "Intensity"
    assert speed["Channel Name"] in fields
    assert speed["Autocompute Intensity Bounds"] is False
    assert (speed["Min Intensity"], speed["Max Intensity"]) == (0, Settings().colors_max_speed)
    assert Settings().colors_max_speed == MAX_SPEED_MPS, "as pictures and `run` have it"
    assert displays["arrows"]["Namespaces"] == {NAMESPACE: True}


def test_two_views_that_follow_the_lidar(view: dict[str, Any]) -> None:
    views = view["Visualization Manager"]["Views"]
    assert [saved["Class"].rpartition("/")[2] for saved in views["Saved"]] == [
        "TopDownOrtho", "ThirdPersonFollower"
    ]  # fmt: skip
    assert views["Current"]["Class"] == views["Saved"][0]["Class"]
    for each in (views["Current"], *views["Saved"]):
        assert each["Target Frame"] == "<Fixed Frame>"
