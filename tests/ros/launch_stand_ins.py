# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launch files, run against stand-ins: `launch` is not on PyPI."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "launch"
STANDS_FOR = {
    "ament_index_python": (),
    "ament_index_python.packages": (),
    "launch": ("LaunchContext", "LaunchDescription"),
    "launch.action": ("Action",),
    "launch.actions": (
        "DeclareLaunchArgument", "ExecuteProcess", "IncludeLaunchDescription", "LogInfo",
        "OpaqueFunction", "RegisterEventHandler", "SetLaunchConfiguration", "Shutdown",
    ),
    "launch.conditions": ("IfCondition",),
    "launch.event_handlers": ("OnProcessExit",),
    "launch.events": (),
    "launch.events.process": ("ProcessExited",),
    "launch.launch_description_sources": ("PythonLaunchDescriptionSource",),
    "launch.substitutions": ("LaunchConfiguration", "LaunchLogDir", "PathJoinSubstitution"),
    "launch_ros": (),
    "launch_ros.actions": ("Node",),
    "launch_ros.parameter_descriptions": ("ParameterValue",),
    "launch_ros.substitutions": ("FindPackageShare",),
}  # fmt: skip

PREFIXES = {"rviz2": "/opt/ros/jazzy"}
"""Installed ROS packages and where they are."""


class Recorded(SimpleNamespace):
    """Whatever was constructed: positional and keyword arguments."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(arguments=arguments, keywords=keywords)

    def perform(self, context: dict[str, str]) -> str:
        """As LaunchConfiguration, FindPackageShare, LaunchLogDir and PathJoinSubstitution do."""
        (first,) = self.arguments or ("the log's folder",)
        if isinstance(first, list):
            return "/".join(p if isinstance(p, str) else p.perform(context) for p in first)
        return context[first]


def launch_file(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Globals of a launch file."""
    for module_name, attributes in STANDS_FOR.items():
        module = ModuleType(module_name)
        for attribute in attributes:
            setattr(module, attribute, type(attribute, (Recorded,), {}))
        monkeypatch.setitem(sys.modules, module_name, module)
    packages: Any = sys.modules["ament_index_python.packages"]
    packages.PackageNotFoundError, packages.get_package_prefix = KeyError, PREFIXES.__getitem__
    return runpy.run_path(str(FOLDER / name))


def actions(launch: dict[str, Any], kind: str | None = None) -> list[Any]:
    """What the launch file does, in order; only actions of a kind, if one is given."""
    found = launch["generate_launch_description"]().arguments[0]
    return [action for action in found if kind in (None, type(action).__name__)]


def declared(launch: dict[str, Any]) -> dict[str, Any]:
    """Defaults of the arguments; None for one that has to be given."""
    arguments = actions(launch, "DeclareLaunchArgument")
    assert all(argument.keywords["description"] for argument in arguments)
    return {each.arguments[0]: each.keywords.get("default_value") for each in arguments}


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
