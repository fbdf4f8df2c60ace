# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch file, run against stand-ins: `launch` is not on PyPI.

Under the real one, by hand: scripts/try_ros2_launch.sh.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from zeroflow_ros.ros.settings import definitions

FILE = Path(__file__).parents[2] / "launch/flow.launch.py"
TEXTS = ("model", "backend", "ego_motion", "fixed_frame", "base_frame")
SWITCHES = ("use_sim_time", "autostart", "build_only")
GIVEN = (*TEXTS, *SWITCHES)


class Recorded(SimpleNamespace):
    """Whatever was constructed: positional and keyword arguments."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(arguments=arguments, keywords=keywords)

    def perform(self, context: dict[str, str]) -> str:
        """As LaunchConfiguration, FindPackageShare and PathJoinSubstitution do."""
        (first,) = self.arguments
        if isinstance(first, list):
            return "/".join(p if isinstance(p, str) else p.perform(context) for p in first)
        return context[first]


@pytest.fixture
def launch_file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Globals of the launch file."""
    stands_for = {
        "launch": ("LaunchContext", "LaunchDescription"),
        "launch.actions": ("DeclareLaunchArgument", "OpaqueFunction"),
        "launch.conditions": ("IfCondition",),
        "launch.substitutions": ("LaunchConfiguration", "PathJoinSubstitution"),
        "launch_ros": (),
        "launch_ros.actions": ("Node",),
        "launch_ros.parameter_descriptions": ("ParameterValue",),
        "launch_ros.substitutions": ("FindPackageShare",),
    }
    for name, attributes in stands_for.items():
        module = ModuleType(name)
        for attribute in attributes:
            setattr(module, attribute, type(attribute, (Recorded,), {}))
        monkeypatch.setitem(sys.modules, name, module)
    return runpy.run_path(str(FILE))


def node(launch_file: dict[str, Any], **arguments: str) -> dict[str, Any]:
    """What the node is started with."""
    (made,) = launch_file["_flow"](dict.fromkeys(GIVEN, "") | arguments)
    return made.keywords


def declared(launch_file: dict[str, Any]) -> dict[str, Any]:
    """Defaults of the arguments."""
    actions = launch_file["generate_launch_description"]().arguments[0]
    arguments = [action for action in actions if type(action).__name__ == "DeclareLaunchArgument"]
    assert all(argument.keywords["description"] for argument in arguments)
    return {argument.arguments[0]: argument.keywords["default_value"] for argument in arguments}


def referred(value: Any) -> set[str]:
    """The arguments that a value refers to."""
    if isinstance(value, Recorded):
        if type(value).__name__ == "LaunchConfiguration":
            return set(value.arguments)
        return referred([*value.arguments, *value.keywords.values()])
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return set()
    return set().union(*map(referred, value))


def test_arguments_are_declared_and_used(launch_file: dict[str, Any]) -> None:
    defaults, used = declared(launch_file), node(launch_file)
    assert set(defaults) == {
        "topic", "input_pointcloud", "input_odometry", "output_flow", *GIVEN, "params_file",
        "namespace", "node_name", "rviz", "respawn", "log_level",
    }  # fmt: skip
    assert referred(used) == set(defaults) - {"topic", "rviz", *GIVEN}
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
    assert FILE.parents[1].joinpath(*launch_file["SHIPPED_PARAMETERS"]).is_file()


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
    actions = launch_file["generate_launch_description"]().arguments[0]
    rviz, flow = actions[-2:]
    assert referred(rviz.keywords["condition"]) == {"rviz"}
    assert "condition" not in flow.keywords
    context = {"zeroflow_ros": str(tmp_path), "use_sim_time": ""}
    with pytest.raises(RuntimeError, match=r"there is no .*/rviz/flow\.rviz: launch without"):
        rviz.keywords["function"](context)
    view = tmp_path / "rviz/flow.rviz"
    view.parent.mkdir()
    view.touch()
    (made,) = rviz.keywords["function"](context)
    assert made.keywords["arguments"] == ["-d", str(view)]
    assert made.keywords["package"] == "rviz2"
