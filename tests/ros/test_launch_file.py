# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch file, run against stand-ins: `launch` is not on PyPI.

Under the real one, by hand: scripts/try_ros2_launch.sh.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.ros import launch_stand_ins
from tests.ros.launch_stand_ins import FOLDER, actions, declared, referred

from zeroflow_ros.ros.settings import definitions

TEXTS = ("model", "backend", "ego_motion", "fixed_frame", "base_frame", "reliability")
SWITCHES = ("use_sim_time", "autostart", "build_only")
GIVEN = (*TEXTS, *SWITCHES)


@pytest.fixture
def launch_file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Globals of the launch file."""
    return launch_stand_ins.launch_file("flow.launch.py", monkeypatch)


def node(launch_file: dict[str, Any], **arguments: str) -> dict[str, Any]:
    """What the node is started with."""
    (made,) = launch_file["_flow"](dict.fromkeys(GIVEN, "") | arguments)
    return made.keywords


def test_arguments_are_declared_and_used(launch_file: dict[str, Any]) -> None:
    defaults, used = declared(launch_file), node(launch_file)
    assert set(defaults) == {
        "topic", "input_pointcloud", "input_odometry", "output_flow", *GIVEN, "params_file",
        "namespace", "node_name", "rviz", "rviz_frame", "respawn", "log_level",
    }  # fmt: skip
    assert referred(used) == set(defaults) - {"topic", "rviz", "rviz_frame", *GIVEN}
    assert {theirs for theirs, _ in used["remappings"]} == {
        "~/input/pointcloud", "~/input/odometry", "~/output/flow"
    }  # fmt: skip
    assert (used["package"], used["executable"]) == ("zeroflow_ros", "scene_flow_node")
    assert used["parameters"][0].arguments == ("params_file",)


def test_the_short_name_and_that_of_the_node_reach_the_topics(launch_file: dict[str, Any]) -> None:
    defaults = declared(launch_file)
    order = list(defaults)
    assert referred(defaults["input_pointcloud"]) == {"topic"}
    assert referred(defaults["output_flow"]) == {"node_name"}
    assert order.index("topic") < order.index("input_pointcloud")
    assert order.index("node_name") < order.index("output_flow")


def test_all_topics_are_relative(launch_file: dict[str, Any]) -> None:
    defaults = declared(launch_file)
    topics = [defaults["topic"], defaults["input_odometry"], defaults["output_flow"][0]]
    assert not any(str(topic).startswith("/") for topic in topics)


def test_shipped_parameters_are_the_default(launch_file: dict[str, Any]) -> None:
    assert FOLDER.parent.joinpath(*launch_file["SHIPPED_PARAMETERS"]).is_file()


@pytest.mark.parametrize("given", [(), ("model",), ("use_sim_time", "autostart"), GIVEN])
def test_what_is_given_overrides_the_file_and_nothing_else(
    launch_file: dict[str, Any], given: tuple[str, ...]
) -> None:
    known = {parameter.name: parameter.default for parameter in definitions()}
    known["use_sim_time"] = False
    overrides = node(launch_file, **dict.fromkeys(given, "some"))["parameters"][1]
    parameters = {launch_file["OVERRIDES"][name][0]: name for name in given}
    assert set(overrides) == set(parameters) <= set(known)
    for parameter, name in parameters.items():
        assert referred(overrides[parameter]) == {name}
        assert overrides[parameter].keywords == {"value_type": type(known[parameter])}


def test_rviz_comes_first_only_when_asked_for_and_needs_its_view(
    launch_file: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rviz, flow = actions(launch_file)[-2:]
    assert referred(rviz.keywords["condition"]) == {"rviz"}
    assert "condition" not in flow.keywords
    context = {"zeroflow_ros": str(tmp_path), "use_sim_time": "", "rviz_frame": ""}
    with pytest.raises(RuntimeError, match=r"there is no .*/rviz/flow\.rviz: launch without"):
        rviz.keywords["function"](context)
    view = tmp_path / "rviz/flow.rviz"
    view.parent.mkdir()
    view.touch()
    (made,) = rviz.keywords["function"](context)
    assert made.keywords["arguments"] == ["-d", str(view)]
    assert made.keywords["package"] == "rviz2"
    (made,) = rviz.keywords["function"](context | {"rviz_frame": "velodyne"})
    assert made.keywords["arguments"] == ["-d", str(view), "-f", "velodyne"]


def test_without_rviz_it_says_how_to_get_it_or_do_without(
    launch_file: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(launch_stand_ins.PREFIXES, "rviz2")
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    context = {"zeroflow_ros": str(FOLDER.parent), "use_sim_time": "", "rviz_frame": ""}
    with pytest.raises(RuntimeError, match=r"sudo apt install ros-jazzy-rviz2, or rviz:=false"):
        launch_file["_rviz"](context)


def test_rviz_hears_the_topics_of_the_node(launch_file: dict[str, Any]) -> None:
    context = {"zeroflow_ros": str(FOLDER.parent), "use_sim_time": "", "rviz_frame": ""}
    (made,) = launch_file["_rviz"](context)
    heard = dict(made.keywords["remappings"])
    view = yaml.safe_load(FOLDER.parent.joinpath(*launch_file["SHIPPED_RVIZ"]).read_text())
    displays = view["Visualization Manager"]["Displays"]
    assert set(heard) == {each["Topic"]["Value"] for each in displays if "Topic" in each}
    assert referred(heard.pop("points")) == {"input_pointcloud"}
    for topic, target in heard.items():
        assert referred(target) == {"node_name"}
        assert "".join(target[1:]) == topic.removeprefix("scene_flow")
    assert referred(made.keywords["namespace"]) == {"namespace"}
