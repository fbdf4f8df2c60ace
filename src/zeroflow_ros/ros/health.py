# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the doctor looks at of ROS, which may well be missing."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from zeroflow_ros.doctor.finding import Finding, Level
from zeroflow_ros.ros.dds import PROFILE, prepare_dds

MESSAGES = (
    "diagnostic_msgs", "geometry_msgs", "lifecycle_msgs", "nav_msgs", "rcl_interfaces",
    "sensor_msgs", "std_msgs", "visualization_msgs",
)  # fmt: skip
OLDEST_RCLPY_HAS = "add_post_set_parameters_callback"  # Humble's has it not
PROFILE_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"


def distribution(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Whether the node can be started by this Python, and know TF."""
    sourced = _sourced(environment)
    try:
        rclpy = importlib.import_module("rclpy")
        importlib.import_module("rclpy.node")
    except ImportError as error:
        yield _without_rclpy(sourced, environment.get("ROS_DISTRO", "jazzy"), error)
        return
    yield Finding(Level.ok, f"{sourced or 'wheels of pip'}, {Path(rclpy.__file__ or '').parent}")
    if not hasattr(rclpy.node.Node, OLDEST_RCLPY_HAS):
        cure = (
            "the node needs ROS 2 Jazzy or newer; `zeroflow run` needs none, or take the Dockerfile"
        )
        yield Finding(Level.note, "this rclpy is too old for the node", cure)
    missing = [name for name in MESSAGES if not _loads(name)]
    if missing:
        yield Finding(Level.broken, f"no {', '.join(missing)}", _how_to_get(sourced, missing))
    if not _loads("tf2_ros"):
        cure = "sudo apt install ros-$ROS_DISTRO-tf2-ros-py; pip has none"
        yield Finding(Level.note, "no tf2_ros: ego_motion:=tf cannot be had", cure)


def middleware(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Whether it loads, and what it does with large clouds."""
    if not _loads("rclpy"):
        yield Finding(Level.note, "not looked at: no ROS")
        return
    try:
        # Loads the library that RMW_IMPLEMENTATION names.
        importlib.import_module("rclpy.utilities").get_rmw_implementation_identifier()
    except Exception as error:  # of rclpy's compiled part
        chosen = environment.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
        cure = f"unset RMW_IMPLEMENTATION, or install {chosen.replace('_', '-')}"
        yield Finding(Level.broken, f"{chosen} cannot be loaded ({error})", cure)
        return
    ours = dict(environment)
    found = prepare_dds(ours)
    profile = Path(ours.get(PROFILE_VARIABLE) or PROFILE)
    if not profile.is_file():
        cure = f"unset {PROFILE_VARIABLE}, or name a file that exists"
        yield Finding(Level.note, f"{found}, which does not exist", cure)
    elif ours != environment:  # the node's own doing, which reaches nobody else
        cure = f"for the lidar's driver and RViz as well: export {PROFILE_VARIABLE}={PROFILE}"
        yield Finding(Level.ok, found, cure)
    else:
        yield Finding(Level.ok, found)


def _sourced(environment: Mapping[str, str]) -> str:
    """The distribution whose rclpy is in reach; containers set ROS_DISTRO long before that."""
    prefixes = environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    if any(prefix and Path(prefix, "share/rclpy").is_dir() for prefix in prefixes):
        return environment.get("ROS_DISTRO", "")
    return ""


def _without_rclpy(sourced: str, distribution: str, error: ImportError) -> Finding:
    if not sourced:
        cure = f"source /opt/ros/{distribution}/setup.bash; or pip install 'zeroflow_ros[ros]'"
        return Finding(Level.note, "none here; only the node needs it", cure)
    cure = (
        f"{sys.executable} is not the Python of ROS {sourced}: take the system's python3, or a "
        "venv of it (python3 -m venv --system-site-packages)"
    )
    return Finding(Level.broken, f"{sourced} is sourced, but rclpy fails ({error})", cure)


def _how_to_get(sourced: str, packages: list[str]) -> str:
    if not sourced:
        return "pip install 'zeroflow_ros[ros]'"
    names = (f"ros-{sourced}-{package.replace('_', '-')}" for package in packages)
    return f"sudo apt install {' '.join(names)}"


def _loads(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True
