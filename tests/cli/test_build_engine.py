# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow build-engine`, and `run --backend`, where there is no GPU.

Where TensorRT is: core/gpu/stand_ins/test_loaded_models.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from zeroflow_ros.cli.main import build_app
from zeroflow_ros.engines import cuda_driver
from zeroflow_ros.model import bundled_models


@pytest.fixture(autouse=True)
def no_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also on a machine with one: the loader is asked for a library that is nowhere."""
    monkeypatch.setattr(cuda_driver, "LIBRARY", "libcuda-of-nobody.so.1")
    monkeypatch.setenv("ZEROFLOW_CACHE", str(tmp_path / "cache"))


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(build_app(), list(arguments))


def error_line(result: Any) -> str:
    """The only line that was written at all."""
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("zeroflow: error: ")
    return str(line.removeprefix("zeroflow: error: "))


@pytest.mark.parametrize("model", [[], ["zeroflow-rt-2"]])
def test_without_a_driver_it_is_one_line(model: list[str], tmp_path: Path) -> None:
    line = error_line(invoke("build-engine", *model))
    assert line.startswith("no NVIDIA driver (libcuda-of-nobody.so.1: cannot open shared object")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_model_is_told_with_those_that_there_are() -> None:
    line = error_line(invoke("build-engine", "zeroflow-rx"))
    names = ", ".join(sorted(bundled_models()))
    assert line == f"model zeroflow-rx: no such file, and no bundled model (there are: {names})"


def test_8_bits_are_told_with_what_to_take() -> None:
    line = error_line(invoke("build-engine", "zeroflow-rt_int8"))
    assert line.endswith(f"TensorRT takes what it was made of, {bundled_models()['zeroflow-rt']}")


def test_a_gpu_below_none_is_wrong_usage() -> None:
    assert invoke("build-engine", "--gpu", "-1").exit_code == 2


def test_help_says_what_it_takes_and_how_long() -> None:
    result = invoke("build-engine", "--help")
    assert result.exit_code == 0
    for word in ("MODEL", "--gpu", "--cache", "minutes", "Examples", "zeroflow build-engine"):
        assert word in result.stdout


def test_run_takes_the_backend_that_was_asked_for_or_none(factory: Any) -> None:
    source, target = factory.write(factory.sweeps(3)), factory.folder / "out"
    command = ("run", str(source), str(target), "--ego-motion", "static", "--json")
    for backend in ("tensorrt", "onnxruntime_cuda"):
        line = error_line(invoke(*command, "--backend", backend))
        assert line.startswith("no NVIDIA driver (")
        assert not target.exists()
    result = invoke(*command, "--backend", "onnxruntime_cpu")
    assert (result.exit_code, result.stderr) == (0, "")
    model = json.loads(result.stdout)["model"]
    assert model.startswith("zeroflow-rt_int8 ")
    assert model.endswith(", CPU")
    told = invoke(*command, "--overwrite").stderr.splitlines()
    assert len(told) == 1
    assert told[0].startswith("zeroflow-rt_int8 runs on ONNX Runtime ")
    assert told[0].endswith(", CPU (no NVIDIA driver here)")
    wrong = invoke(*command, "--backend", "cuda")
    assert wrong.exit_code == 2
    assert "onnxruntime_cuda" in wrong.stderr
