# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the doctor says of machine, models and packages."""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zeroflow_ros import jit, model
from zeroflow_ros.doctor import Check, Finding, Level, all_checks, examine, machine, packages
from zeroflow_ros.engines import cuda_driver, tensorrt_engine
from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.errors import EngineError, NoDriverError
from zeroflow_ros.ros.dds import PROFILE


def only(check: Check) -> Finding:
    (finding,) = check()
    return finding


def raising(error: Exception) -> Callable[..., Gpu]:
    def find_gpu(index: int = 0) -> Gpu:
        raise error

    return find_gpu


def test_every_finding_names_what_was_looked_at_in_order() -> None:
    def fine() -> Iterator[Finding]:
        yield Finding(Level.ok, "1.2.3")

    def failing() -> Iterator[Finding]:
        raise RuntimeError("numba needs\nNumPy 2.4 or less")

    assert examine({"a": fine, "b": failing}) == [
        Finding(Level.ok, "1.2.3", "", "a"),
        Finding(
            Level.broken,
            "RuntimeError: numba needs NumPy 2.4 or less",
            "install zeroflow_ros again",
            "b",
        ),
    ]


def test_all_that_was_promised_is_looked_at() -> None:
    assert list(all_checks()) == [
        "Python", "cores", "compiled loops", "bundled models", "ONNX Runtime", "GPU", "TensorRT",
        "engine cache", "KISS-ICP", "Patchwork++", "ROS", "middleware", "socket buffers",
    ]  # fmt: skip


def test_python(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(machine.python).level is Level.ok
    assert sys.executable in only(machine.python).found
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert only(machine.python)[:1] + only(machine.python)[2:3] == (
        Level.broken,
        "install Python 3.10 or newer",
    )


@pytest.mark.parametrize(("count", "level"), [(1, Level.note), (2, Level.ok), (16, Level.ok)])
def test_cores(monkeypatch: pytest.MonkeyPatch, count: int, level: Level) -> None:
    monkeypatch.setattr("zeroflow_ros.cores.usable_cores", lambda: count)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    finding = only(machine.cores)
    assert (finding.level, finding.found) == (level, f"{count} of 16 usable")


def test_buffers_are_held_to_what_the_profile_asks_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (asked,) = (
        int(each.text or 0)
        for each in ET.parse(PROFILE).iter()
        if each.tag.endswith("receiveBufferSize")
    )
    assert asked == machine.WANTED_BUFFER_BYTES
    file = tmp_path / "rmem_max"
    monkeypatch.setattr(machine, "RECEIVE_BUFFER", file)
    assert only(machine.socket_buffers).level is Level.note
    file.write_text("212992\n")
    finding = only(machine.socket_buffers)
    assert (finding.level, finding.found) == (Level.note, "net.core.rmem_max is 212,992 bytes")
    assert "sudo sysctl -w net.core.rmem_max=8388608" in finding.cure
    file.write_text(f"{asked}\n")
    assert only(machine.socket_buffers).level is Level.ok


def test_a_cache_that_cannot_be_written_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file stands where the folder is to be; the tests may run as root, who writes anywhere."""
    (tmp_path / "file").touch()
    monkeypatch.setattr(jit.config, "CACHE_DIR", str(tmp_path / "file" / "cache"))
    finding = only(machine.compiled_loops)
    assert finding.level is Level.note
    assert "NUMBA_CACHE_DIR" in finding.cure
    monkeypatch.setattr(jit.config, "CACHE_DIR", str(tmp_path / "not" / "yet"))
    assert only(machine.compiled_loops) == Finding(Level.ok, f"kept in {tmp_path / 'not' / 'yet'}")

    monkeypatch.setenv("ZEROFLOW_CACHE", str(tmp_path / "file" / "engines"))
    assert only(packages.engine_cache).level is Level.note
    (tmp_path / "engine.plan").touch()
    monkeypatch.setenv("ZEROFLOW_CACHE", str(tmp_path))
    assert only(packages.engine_cache) == Finding(Level.ok, f"{tmp_path}, 1 engine")


def test_bundled_models_hold_and_open() -> None:
    finding = only(packages.bundled_models)
    assert finding.level is Level.ok
    for name in model.bundled_models():
        assert name in finding.found


def test_a_model_whose_weights_changed_is_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    original = model.bundled_models()[model.DEFAULT_MODEL]
    damaged = tmp_path / "damaged.onnx"
    content = bytearray(original.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    models = {"damaged": damaged, model.DEFAULT_MODEL: original}
    monkeypatch.setattr(model, "bundled_models", lambda: models)
    broken, whole = packages.bundled_models()
    assert broken.level is Level.broken
    assert str(damaged) in broken.found
    assert "again" in broken.cure
    assert whole.level is Level.ok
    assert "damaged" not in whole.found


def test_without_its_default_the_package_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "bundled_models", dict)
    finding = only(packages.bundled_models)
    assert finding.level is Level.broken
    assert "zeroflow-rt_int8, the default, is missing" in finding.found


def test_onnx_runtime_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "on CPU" in only(packages.onnx_runtime).found
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert only(packages.onnx_runtime).level is Level.broken


def test_a_machine_without_gpu_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_driver, "find_gpu", raising(NoDriverError("libcuda.so.1: no such")))
    monkeypatch.setattr(cuda_driver, "how_to_get_driver", lambda: "install NVIDIA's driver")
    assert only(packages.gpu) == Finding(
        Level.note, "none: the CPU runs the network", "if there is one: install NVIDIA's driver"
    )
    assert only(packages.tensorrt) == Finding(Level.note, "not looked at: it needs a GPU")


def test_a_driver_that_fails_is_a_note_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_driver, "find_gpu", raising(EngineError("it does not work: reboot")))
    finding = only(packages.gpu)
    assert (finding.level, finding.cure) == (Level.note, "it does not work: reboot")


def test_a_gpu_and_a_tensorrt_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Gpu(0, "Orin", (8, 7), 16, 32 * 2**30, 12060)
    monkeypatch.setattr(cuda_driver, "find_gpu", lambda index=0: found)
    assert only(packages.gpu) == Finding(Level.ok, "Orin, 32 GiB, driver of CUDA 12.6")
    monkeypatch.setattr(tensorrt_engine, "load_library", raising(EngineError("no TensorRT: pip")))
    assert only(packages.tensorrt) == Finding(
        Level.note, "cannot be used on this GPU", "no TensorRT: pip"
    )


@pytest.mark.parametrize(
    ("check", "module", "extra"),
    [
        (packages.kiss_icp, "kiss_icp", "odometry"),
        (packages.patchwork, "pypatchworkpp", "ground"),
    ],
)
def test_what_is_optional_is_a_note(
    monkeypatch: pytest.MonkeyPatch, check: Check, module: str, extra: str
) -> None:
    pytest.importorskip(module, reason=f"pip install 'zeroflow_ros[{extra}]'")
    assert only(check).level is Level.ok
    monkeypatch.setitem(sys.modules, module, None)
    finding = only(check)
    assert finding.level is Level.note
    assert finding.cure == f"pip install 'zeroflow_ros[{extra}]'"
