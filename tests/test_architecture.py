# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rules of the house, checked on the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "src/zeroflow_ros"
FOLDERS = (
    "src", "training", "tests", "launch", "models", "benchmarks", "docs", "examples", "scripts",
    ".ci",
)  # fmt: skip
HEAD = (
    "# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors",
    "# SPDX-License-Identifier: Apache-2.0",
)
ROS = {
    "builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "launch", "launch_ros",
    "lifecycle_msgs", "nav_msgs", "rcl_interfaces", "rclpy", "rosgraph_msgs", "sensor_msgs",
    "sensor_msgs_py", "std_msgs", "std_srvs", "tf2_msgs", "tf2_ros", "visualization_msgs",
}  # fmt: skip
NEVER = {"torch", "torchvision", "lightning", "pytorch_lightning", "zeroflow_training"}
MAX_LINES = 400


def python_files() -> list[Path]:
    files = [*ROOT.glob("*.py")]
    for folder in FOLDERS:
        files += (ROOT / folder).rglob("*.py")
    return sorted(file for file in files if "__pycache__" not in file.parts)


def imported(file: Path) -> Iterator[tuple[str, int]]:
    """Top-level package of every import in a file, wherever in it, and its line."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0], node.lineno


def violations(forbidden: set[str], allowed_in: str | None = None) -> list[str]:
    """Imports of forbidden packages in the runtime, outside of a folder or file of it."""
    found = []
    for file in sorted(RUNTIME.rglob("*.py")):
        if allowed_in and file.is_relative_to(RUNTIME / allowed_in):
            continue
        hits = [(name, line) for name, line in imported(file) if name in forbidden]
        found += [f"{file.relative_to(ROOT)}:{line} imports {name}" for name, line in hits]
    return found


def test_the_runtime_never_imports_training_code() -> None:
    assert violations(NEVER) == []


def test_only_the_ros_folder_imports_ros() -> None:
    assert violations(ROS, allowed_in="ros") == []
    assert any(name == "rclpy" for f in (RUNTIME / "ros").glob("*.py") for name, _ in imported(f))


def test_only_its_engine_imports_tensorrt() -> None:
    names = {"tensorrt", "tensorrt_rtx", "tensorrt_rtx_bindings"}
    assert violations(names, allowed_in="engines/tensorrt_engine.py") == []


def test_only_the_buffers_import_cuda() -> None:
    assert violations({"cuda"}, allowed_in="engines/cuda_buffers.py") == []
    buffers = RUNTIME / "engines/cuda_buffers.py"
    assert "cuda" in {name for name, _ in imported(buffers)}


def test_the_rules_see_an_import_inside_a_function(tmp_path: Path) -> None:
    file = tmp_path / "sly.py"
    file.write_text("def f():\n    from torch.nn import Module\n    import rclpy.node as n\n")
    assert list(imported(file)) == [("torch", 2), ("rclpy", 3)]


@pytest.mark.parametrize("file", python_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_has_its_head_and_is_no_longer_than_it_may_be(file: Path) -> None:
    lines = file.read_text().splitlines()
    start = 1 if lines and lines[0].startswith("#!") else 0
    assert tuple(lines[start : start + 2]) == HEAD
    assert len(lines) <= MAX_LINES, f"{len(lines)} lines: split it by noun"


def test_every_folder_of_the_packages_is_a_package() -> None:
    """setuptools would leave a folder without __init__.py out of the wheel."""
    for root in (RUNTIME, ROOT / "training/zeroflow_training"):
        folders = {file.parent for file in root.rglob("*.py")}
        missing = [str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").exists()]
        assert missing == []
