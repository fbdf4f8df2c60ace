# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What pip and colcon make of the package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from setuptools import find_packages

from zeroflow_ros.bags.reader import COLORED_TOPIC, FLOW_TOPIC

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, in a path with a space, that builds may litter."""
    target = tmp_path_factory.mktemp("some where") / "zeroflow_ros"
    ignore = shutil.ignore_patterns(".*", "__pycache__", "build", "install", "log", "*.egg-info")
    shutil.copytree(ROOT, target, ignore=ignore)
    return target


@pytest.fixture(scope="module")
def wheel(tree: Path) -> zipfile.ZipFile:
    """The wheel that `pip install .` would install."""
    out = tree.parent / "wheel"
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(out), str(tree)], check=True, timeout=170)
    (path,) = out.glob("*.whl")
    return zipfile.ZipFile(path)


def test_versions_agree() -> None:
    in_xml = re.search("<version>(.*)</version>", (ROOT / "package.xml").read_text())
    in_toml = re.search('^version = "(.*?)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert in_xml
    assert in_toml
    assert in_xml[1] == in_toml[1]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == in_toml[1]


def test_the_ci_tries_every_python_that_is_supported() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yaml").read_text())
    tried = workflow["jobs"]["python"]["strategy"]["matrix"]["python"]
    oldest = re.search('requires-python = ">=(.*?)"', (ROOT / "pyproject.toml").read_text())
    assert oldest
    assert tried == ["3.10", "3.11", "3.12", "3.13"]
    assert tried[0] == oldest[1]


def test_package_xml_is_valid() -> None:
    """catkin_pkg is what colcon checks with; an invalid file makes it fall back without a word."""
    package = pytest.importorskip("catkin_pkg.package", reason="pip install 'zeroflow_ros[test]'")
    warnings: list[str] = []
    parsed = package.parse_package(str(ROOT / "package.xml"), warnings=warnings)
    assert warnings == []
    assert parsed.get_build_type() == "ament_python"
    assert parsed.package_format == 3
    depends = {depend.name for depend in parsed.exec_depends}
    assert {"rclpy", "sensor_msgs", "sensor_msgs_py", "nav_msgs", "std_msgs"} <= depends


def test_wheel_holds_every_package(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for root in ("src", "training"):
        for package in find_packages(str(ROOT / root)):
            assert f"{package.replace('.', '/')}/__init__.py" in names


def test_wheel_holds_what_is_not_python(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert "zeroflow_ros/ros/fastdds_large_clouds.xml" in names
    models = {f"zeroflow_ros/models/{path.name}" for path in (ROOT / "models").glob("*.onnx")}
    assert models <= names
    data = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    assert {
        "share/ament_index/resource_index/packages/zeroflow_ros",
        "share/zeroflow_ros/package.xml",
        "share/zeroflow_ros/launch/flow.launch.py",
        "share/zeroflow_ros/launch/replay.launch.py",
        "share/zeroflow_ros/rviz/flow.rviz",
        "share/zeroflow_ros/config/flow.param.yaml",
        "share/zeroflow_ros/config/foxglove_flow.json",
        "share/zeroflow_ros/config/fastdds_large_clouds.xml",
    } <= data


def test_node_is_an_executable_where_ros2_run_looks(wheel: zipfile.ZipFile) -> None:
    (entry,) = [
        e for e in wheel.infolist() if e.filename.endswith("lib/zeroflow_ros/scene_flow_node")
    ]
    assert (entry.external_attr >> 16) & 0o777 == 0o755
    assert wheel.read(entry).startswith(b"#!/usr/bin/env python3\n")


def test_commands_that_are_declared_exist(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    text = wheel.read(name).decode()
    targets = re.findall(r"^(\w+) = ([\w.]+):(\w+)$", text, re.MULTILINE)
    assert ("zeroflow", "zeroflow_ros.cli.main", "main") in targets
    for verb, module, function in targets:
        path = f"{module.replace('.', '/')}.py"
        assert path in wheel.namelist(), f"{verb}: {module} does not exist"
        assert re.search(rf"^def {function}\(", wheel.read(path).decode(), re.MULTILINE), verb


def test_colcon_sees_an_ament_python_package_and_builds_it(tree: Path) -> None:
    for module in ("colcon_ros", "colcon_package_information"):
        pytest.importorskip(module, reason="pip install 'zeroflow_ros[test]'")
    listed = colcon(tree, "list")
    assert listed.split("\t")[::2] == ["zeroflow_ros", "(ros.ament_python)\n"]
    out = tree.parent / "colcon"
    colcon(
        tree, "build", "--build-base", f"{out / 'build'}", "--install-base", f"{out / 'install'}"
    )
    installed = out / "install/zeroflow_ros"
    node = installed / "lib/zeroflow_ros/scene_flow_node"
    assert os.access(node, os.X_OK)
    assert (installed / "share/zeroflow_ros/launch/flow.launch.py").is_file()
    assert (installed / "share/zeroflow_ros/rviz/flow.rviz").is_file()
    assert list(installed.glob("lib/python3*/site-packages/zeroflow_ros/ros/scene_flow_node.py"))


def colcon(tree: Path, verb: str, *options: str) -> str:
    """Output of a colcon command on the copy; fails with all that it said."""
    command = [sys.executable, "-m", "colcon", "--log-base", str(tree.parent / "log"), verb]
    # The tests' Python, where colcon looks for one by name.
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    result = subprocess.run(
        [*command, "--base-paths", str(tree), *options],
        text=True, capture_output=True, env=environment, timeout=170,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_foxglove_layout_shows_what_run_writes() -> None:
    layout = json.loads((ROOT / "config/foxglove_flow.json").read_text())
    panel = layout["configById"][layout["layout"]]
    assert (
        panel["topics"][COLORED_TOPIC] | {"colorField": "rgb", "visible": True}
        == (panel["topics"][COLORED_TOPIC])
    )
    assert not panel["topics"][FLOW_TOPIC]["visible"]
