# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Starting the node with something wrong: one line that says what, and a node that can be mended.

What no parameter can mend later ends it, with exit code 1.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from zeroflow_ros.engines.cuda_driver import find_gpu
from zeroflow_ros.errors import EngineError, NoDriverError

NODE = "zeroflow_ros.ros.scene_flow_node"


def fatal_line(process: Any) -> str:
    """The only fatal line of a process that ends with exit code 1 and without a traceback."""
    assert process.wait() == 1, process.output
    assert "Traceback" not in process.output
    lines = [line for line in process.lines if "[FATAL]" in line]
    assert len(lines) == 1, process.output
    return str(lines[0])


def failure_line(process: Any) -> str:
    """Why it could not be configured; it waits, and ends well when told to."""
    line = process.wait_for("configure failed")
    assert "[ERROR]" in line
    assert process.stop() == 0
    for word in ("Traceback", "ready: ", "runs on"):
        assert word not in process.output
    assert process.output.count("[ERROR]") == 1
    return str(line)


def test_missing_model(start: Callable[..., Any]) -> None:
    line = failure_line(start(NODE, "--ros-args", "-p", "model:=/nowhere/student.onnx"))
    assert "/nowhere/student.onnx" in line


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a model", b"\x3a\x02\x0a\x00"])
def test_foreign_model(start: Callable[..., Any], tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.onnx"
    path.write_bytes(content)
    assert str(path) in failure_line(start(NODE, "--ros-args", "-p", f"model:={path}"))


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("ego_motion.source:=gps", "'gps', but must be one of auto, tf, odometry"),
        ("input.reliability:=perhaps", "must be one of best_effort, reliable"),
        ("sensor_in_base:=[1.0, 2.0]", "parameter 'sensor_in_base' is [1.0, 2.0], but needs 6"),
        ("sensor_height:=-1.0", "sensor_height"),
        ("threads:=many", "threads"),
        (
            "backend:=cuda",
            "parameter 'backend' is 'cuda', but must be one of auto, tensorrt, onnxruntime_cuda, "
            "onnxruntime_cpu",
        ),
        ("build_only:=maybe", "build_only"),
        ("gpu:=-1", "gpu"),
    ],
)
def test_illegal_parameter(start: Callable[..., Any], assignment: str, reason: str) -> None:
    assert reason in fatal_line(start(NODE, "--ros-args", "-p", assignment))


def test_missing_parameter_file(start: Callable[..., Any]) -> None:
    assert "nowhere.yaml" in fatal_line(start(NODE, "--ros-args", "--params-file", "nowhere.yaml"))


def test_misspelt_parameter_is_pointed_out(
    start: Callable[..., Any], tiny_model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(f"/**:\n  ros__parameters:\n    model: {tiny_model}\n    sensor_hight: 1.8\n")
    node = start(NODE, "--ros-args", "--params-file", str(file))
    node.wait_for("parameter 'sensor_hight' is not known")
    node.wait_for("ready: ")
    assert node.stop() == 0


def test_shipped_parameter_file_is_accepted(
    start: Callable[..., Any], tiny_model: Path, tmp_path: Path
) -> None:
    shipped = Path(__file__).parents[2] / "config/flow.param.yaml"
    file = tmp_path / "flow.yaml"
    file.write_text(shipped.read_text().replace('model: ""', f"model: {tiny_model}"))
    node = start(NODE, "--ros-args", "--params-file", str(file), "-r", "__ns:=/front")
    line = node.wait_for("ready: ")
    assert "model tiny 1" in line
    assert "/front/scene_flow/input/pointcloud (best_effort)" in line
    assert "fastdds_large_clouds.xml" in line
    assert node.stop() == 0
    assert "not known" not in node.output


def no_driver() -> None:
    try:
        find_gpu()
    except NoDriverError:
        return
    except EngineError:
        pass
    pytest.skip("this machine has an NVIDIA driver")


NO_DRIVER = "no NVIDIA driver (libcuda.so.1: cannot open shared object file"


@pytest.mark.parametrize("backend", ["tensorrt", "onnxruntime_cuda"])
def test_a_backend_that_cannot_be_had_is_replaced_by_no_other(
    start: Callable[..., Any], backend: str
) -> None:
    no_driver()
    assert NO_DRIVER in failure_line(start(NODE, "--ros-args", "-p", f"backend:={backend}"))


@pytest.mark.parametrize("backend", ["tensorrt", "onnxruntime_cuda"])
def test_an_engine_that_cannot_be_built_is_an_exit_code(
    start: Callable[..., Any], backend: str
) -> None:
    no_driver()
    process = start(NODE, "--ros-args", "-p", f"backend:={backend}", "-p", "build_only:=true")
    assert process.wait() == 1
    assert NO_DRIVER in process.output
    assert "nothing is left to do" not in process.output


def test_auto_is_said_in_the_log(start: Callable[..., Any], tiny_model: Path) -> None:
    no_driver()
    node = start(NODE, "--ros-args", "-p", f"model:={tiny_model}")
    line = node.wait_for("runs on ONNX Runtime")
    assert "[WARN]" in line
    assert line.endswith(", CPU (no NVIDIA driver here)")
    node.wait_for("ready: ")
    assert node.stop() == 0
    assert node.output.count("no NVIDIA driver") == 1


@pytest.mark.parametrize("backend", ["auto", "onnxruntime_cpu"])
def test_build_only_ends_by_itself(
    start: Callable[..., Any], tiny_model: Path, backend: str
) -> None:
    options = ("-p", "build_only:=true", "-p", f"backend:={backend}")
    process = start(NODE, "--ros-args", "-p", f"model:={tiny_model}", *options)
    assert process.wait() == 0, process.output
    (line,) = (line for line in process.lines if "build_only: model tiny 1, ONNX Runtime" in line)
    assert line.endswith("; nothing is left to do")
    for word in ("ready: ", "sweeps received", "[FATAL]", "Traceback"):
        assert word not in process.output
