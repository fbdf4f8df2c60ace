# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Real nodes over real DDS: each test in a domain of its own, on this machine only."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TIMEOUT_S = 60.0
FLOW_M = (0.5, -0.25, 0.0)
"""What the tiny model says of every point, in metres over the interval."""

_domains = iter(range(1, 10_000))


class Process:
    """A subprocess whose output is read line by line while it runs."""

    def __init__(self, *command: str) -> None:
        """Start `python -m ...` with the environment of this test."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def output(self) -> str:
        """All lines that were waited for so far."""
        return "\n".join(self.lines)

    def wait_for(self, text: str) -> str:
        """The next line with `text` in it; fails with the output when the process ends before."""
        end = time.monotonic() + TIMEOUT_S
        while True:
            line = self._queue.get(timeout=max(0.0, end - time.monotonic()))
            if line is None:
                raise AssertionError(f"ended without a line '{text}':\n{self.output}")
            self.lines.append(line)
            if text in line:
                return line

    def wait(self) -> int:
        """Exit code; all output is in `lines` then."""
        while (line := self._queue.get(timeout=TIMEOUT_S)) is not None:
            self.lines.append(line)
        return self._process.wait(TIMEOUT_S)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; returns the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """End what still runs, and show its output: pytest prints it when the test failed."""
        if self._process.poll() is None:
            self._process.kill()
            self.wait()
        print(self.output)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._queue.put(line.rstrip())
        self._queue.put(None)


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A DDS domain for this test, and a place for its logs."""
    pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")
    from zeroflow_ros.ros.dds import prepare_dds

    monkeypatch.setenv("ROS_DOMAIN_ID", str(_free_domain()))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    # Compiled code is kept: without it, every node would compile for 15 s before it starts.
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RMW_IMPLEMENTATION", raising=False)
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", "")
    prepare_dds()


def _free_domain() -> int:
    """A DDS domain that no test uses now; test processes that run side by side share the 100."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    span = 100 // processes
    return 1 + own * span + (os.getpid() + next(_domains)) % span


@pytest.fixture
def start(ros_domain: None) -> Iterator[Callable[..., Process]]:
    """Start processes that are gone when the test ends."""
    processes: list[Process] = []

    def start(*command: str) -> Process:
        processes.append(Process(*command))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()


@pytest.fixture
def driver(ros_domain: None) -> Iterator[Any]:
    """Plays lidar and odometry, and listens to the flow."""
    from tests.ros.driver import Driver

    driver = Driver()
    yield driver
    driver.close()


@pytest.fixture
def manager(ros_domain: None) -> Iterator[Any]:
    """Changes states and parameters of the node, and reads its diagnostics."""
    from tests.ros.manager import Manager

    manager = Manager()
    yield manager
    manager.close()


@pytest.fixture
def start_node(start: Callable[..., Process], tiny_model: Path) -> Callable[..., Process]:
    """Start the real node on the tiny model, with parameters, and wait until it is ready."""

    def start_node(**parameters: object) -> Process:
        given = {"model": tiny_model, "input.reliability": "reliable", **parameters}
        options = [f"-p{name}:={value}" for name, value in given.items()]
        command = [part for option in options for part in ("-p", option[2:])]
        node = start("zeroflow_ros.ros.scene_flow_node", "--ros-args", *command)
        node.wait_for("ready: ")
        return node

    return start_node


@pytest.fixture
def tf2_ros(ros_domain: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for tf2_ros, here and in the processes of this test."""
    folder = str(Path(__file__).parent / "stand_ins")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setitem(sys.modules, "tf2_ros", None)  # what is imported now is gone afterwards
    del sys.modules["tf2_ros"]
    # The wheels restart Python, so only the environment reaches the processes.
    paths = (folder, os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


@pytest.fixture
def no_tf2_ros(ros_domain: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No tf2_ros, as with ROS from PyPI, here and in the processes of this test."""
    monkeypatch.setitem(sys.modules, "tf2_ros", None)
    (tmp_path / "tf2_ros.py").write_text("raise ImportError('not installed')")
    paths = (str(tmp_path), os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("ROS_DISTRO", "jazzy")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX file with a card that gives every point the displacement FLOW_M."""
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    tiny_model_file(path, FLOW_M)
    return path


def tiny_model_file(path: Path, flow_m: tuple[float, float, float]) -> None:
    """Write a model that says `flow_m` of every point."""
    onnx = pytest.importorskip("onnx", reason="makes a model: pip install 'zeroflow_ros[training]'")
    from onnx import TensorProto, helper, numpy_helper

    from zeroflow_ros.model import CARD_KEY, ModelCard
    from zeroflow_ros.onnx_file import read_onnx, with_metadata
    from zeroflow_ros.pillars import FEATURE_NAMES, FEATURES, PillarGrid

    inputs = [
        helper.make_tensor_value_info("pillar_features", TensorProto.FLOAT, ["P", FEATURES]),
        helper.make_tensor_value_info("pillar_index", TensorProto.INT32, ["P"]),
        helper.make_tensor_value_info("point_pillar", TensorProto.INT32, ["M"]),
        helper.make_tensor_value_info("point_offset", TensorProto.FLOAT, ["M", 3]),
    ]
    output = helper.make_tensor_value_info("displacement", TensorProto.FLOAT, ["M", 3])
    constants = [
        numpy_helper.from_array(np.zeros(3, np.float32), "nothing"),
        numpy_helper.from_array(np.array(flow_m, np.float32), "flow"),
    ]
    nodes = [
        helper.make_node("Mul", ["point_offset", "nothing"], ["zeros"]),
        helper.make_node("Add", ["zeros", "flow"], ["displacement"]),
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, [output], constants)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    card = ModelCard(
        name="tiny",
        version="1",
        grid=PillarGrid(range_m=40.0, cell_m=0.5, z_min_m=-5.0, z_max_m=5.0),
        interval_s=0.1,
        lags=(0, 1),
        features=FEATURE_NAMES,
        ground="keep",
        training_data="none",
        git_commit="",
        graph_sha256=read_onnx(path).graph_sha256,
    )
    path.write_bytes(with_metadata(path.read_bytes(), {CARD_KEY: card.to_json()}))
