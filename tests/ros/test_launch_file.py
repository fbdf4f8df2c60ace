# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch file, run against stand-ins: `launch` is not on PyPI."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from zeroflow_ros.ros.settings import definitions

FILE = Path(__file__).parents[2] / "launch/flow.launch.py"


class Recorded(SimpleNamespace):
    """Whatever was constructed: positional and keyword arguments."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(arguments=arguments, keywords=keywords)

    def perform(self, context: dict[str, str]) -> str:
        """As LaunchConfiguration does."""
        return context[self.arguments[0]]


@pytest.fixture
def launch_file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Globals of the launch file."""
    stands_for = {
        "launch": ("LaunchContext", "LaunchDescription"),
        "launch.actions": ("DeclareLaunchArgument", "OpaqueFunction"),
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


def test_arguments_are_declared_and_used(launch_file: dict[str, Any]) -> None:
    *arguments, function = launch_file["generate_launch_description"]().arguments[0]
    declared = {argument.arguments[0] for argument in arguments}
    assert declared == {
        "input_pointcloud", "input_odometry", "output_flow", "model", "backend", "build_only",
        "params_file", "namespace", "use_sim_time", "log_level",
    }  # fmt: skip
    (node,) = function.keywords["function"]({"model": "", "backend": ""})
    used = node.keywords
    names = {theirs for theirs, _ in used["remappings"]}
    assert names == {"~/input/pointcloud", "~/input/odometry", "~/output/flow"}
    assert {ours.arguments[0] for _, ours in used["remappings"]} <= declared
    assert (used["package"], used["executable"]) == ("zeroflow_ros", "scene_flow_node")
    assert used["parameters"][0].arguments == ("params_file",)


def test_shipped_parameters_are_the_default(launch_file: dict[str, Any]) -> None:
    assert FILE.parents[1].joinpath(*launch_file["SHIPPED_PARAMETERS"]).is_file()


@pytest.mark.parametrize("model", ["", "/models/mine.onnx"])
@pytest.mark.parametrize("backend", ["", "tensorrt"])
def test_model_and_backend_override_the_file_only_when_given(
    launch_file: dict[str, Any], model: str, backend: str
) -> None:
    (node,) = launch_file["_nodes"]({"model": model, "backend": backend})
    overrides = node.keywords["parameters"][1]
    given = {name: overrides[name] for name in ("model", "backend") if name in overrides}
    wanted = {"model": model, "backend": backend}
    assert given == {name: value for name, value in wanted.items() if value}


def test_build_only_reaches_the_node_as_a_boolean(launch_file: dict[str, Any]) -> None:
    *arguments, _ = launch_file["generate_launch_description"]().arguments[0]
    defaults = {argument.arguments[0]: argument.keywords["default_value"] for argument in arguments}
    assert (defaults["build_only"], defaults["backend"]) == ("false", "")
    (node,) = launch_file["_nodes"]({"model": "", "backend": ""})
    value = node.keywords["parameters"][1]["build_only"]
    assert value.arguments[0].arguments == ("build_only",)
    assert value.keywords == {"value_type": bool}
    known = {parameter.name: parameter.default for parameter in definitions()}
    assert known["build_only"] is False
    assert set(node.keywords["parameters"][1]) <= {*known, "use_sim_time"}
