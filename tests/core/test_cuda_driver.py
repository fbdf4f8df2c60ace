# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the driver says of GPUs: without one, and with libraries that answer as drivers do.

The libraries are compiled here, and found as the driver's own is: by the loader, in a new process.
"""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from zeroflow_ros.engines import cuda_driver
from zeroflow_ros.engines.cuda_driver import LIBRARY, find_gpu
from zeroflow_ros.errors import EngineError

Compile = Callable[[Path, str], Path]

SCRIPT = """
import sys
from zeroflow_ros.engines.cuda_driver import find_gpu
from zeroflow_ros.errors import EngineError
try:
    print(find_gpu(int(sys.argv[1])))
except EngineError as error:
    print(error)
"""


def ask(folder: Path, index: int = 0, **environment: str) -> str:
    """What `find_gpu` says in a new process that finds the library in this folder."""
    values = {k: v for k, v in os.environ.items() if k != "CUDA_VISIBLE_DEVICES"}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(index)],
        env=values | {"LD_LIBRARY_PATH": str(folder)} | environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\n") == 1
    return result.stdout.strip()


def without_driver() -> str:
    """The real error of a machine without a driver."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        with pytest.raises(EngineError) as caught:
            find_gpu()
        return str(caught.value)
    pytest.skip("this machine has a driver")


def test_without_a_driver_it_is_said_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    message = without_driver()
    assert message.startswith("no NVIDIA driver (libcuda.so.1: cannot open shared object file")
    assert "ubuntu-drivers install" in message
    assert "--gpus all" in message
    assert "JetPack" not in message
    assert "\n" not in message


@pytest.mark.parametrize("told_by", ["kernel", "file"])
def test_on_a_jetson_it_is_jetpack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told_by: str
) -> None:
    release = tmp_path / "nv_tegra_release"
    if told_by == "file":
        release.write_text("# R36 (release), REVISION: 4.3")
    monkeypatch.setattr(cuda_driver, "JETSON_RELEASE", release)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    kernel = "5.15.148-tegra" if told_by == "kernel" else "6.6.0-custom"
    monkeypatch.setattr(platform, "release", lambda: kernel)
    message = without_driver()
    assert "JetPack brings it (sudo apt install nvidia-l4t-cuda)" in message
    assert "--runtime nvidia" in message
    assert "--gpus" not in message


def test_an_arm_server_is_no_jetson(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cuda_driver, "JETSON_RELEASE", tmp_path / "none")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(platform, "release", lambda: "6.8.0-1018-nvidia-64k")
    assert "--gpus all" in without_driver()


def test_a_gpu_is_described_by_its_driver(fake_driver: Path) -> None:
    assert ask(fake_driver, 1) == (
        "Gpu(index=1, name='Orin', compute_capability=(8, 7), multiprocessors=41, "
        "memory_bytes=68719476736, driver=12060)"
    )
    assert "index=0, name='NVIDIA RTX A2000'" in ask(fake_driver)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (34, ["error 34", "'stubs' out of LD_LIBRARY_PATH"]),
        (100, ["error 100", "sees no GPU; look at 'nvidia-smi'", "--gpus all"]),
        (802, ["nvidia-fabricmanager"]),
        (803, ["CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, 803", "reboot"]),
        (804, ["cuda-compat", "update the driver"]),
        (999, ["error 999", "modprobe nvidia_uvm"]),
        (46, ["error 46", "look at 'nvidia-smi' and 'sudo dmesg'; reboot"]),
    ],
)
def test_a_driver_that_does_not_start_is_told_with_its_cure(
    fake_driver: Path, status: int, words: list[str]
) -> None:
    message = ask(fake_driver, FAKE_INIT=str(status))
    assert message.startswith("the NVIDIA driver does not work (cuInit: ")
    for word in words:
        assert word in message


def test_a_user_outside_the_groups_of_a_jetson_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(platform, "release", lambda: "5.15.148-tegra")
    assert "groups 'video' and 'render'" in cuda_driver._cure(999)
    assert "nvidia-smi" not in cuda_driver._cure(100)


def test_no_device_shows_what_hides_it(fake_driver: Path) -> None:
    for environment in ({"FAKE_INIT": "100"}, {"FAKE_COUNT": "0"}):
        message = ask(fake_driver, CUDA_VISIBLE_DEVICES="-1", **environment)
        assert "sees no GPU (CUDA_VISIBLE_DEVICES is '-1')" in message
    assert "CUDA_VISIBLE_DEVICES" not in ask(fake_driver, FAKE_COUNT="0")


def test_a_gpu_that_is_not_there_is_told_with_those_that_are(fake_driver: Path) -> None:
    assert ask(fake_driver, 2) == "GPU 2 was asked for, and there are GPUs 0 to 1"
    assert ask(fake_driver, -1).startswith("GPU -1 was asked for")
    message = ask(fake_driver, 1, FAKE_COUNT="1", CUDA_VISIBLE_DEVICES="0")
    assert message == ("GPU 1 was asked for, and there is only GPU 0 (CUDA_VISIBLE_DEVICES is '0')")


def test_any_function_that_fails_is_named(fake_driver: Path) -> None:
    message = ask(fake_driver, FAKE_ATTRIBUTE="999")
    assert message.startswith("the NVIDIA driver does not work (cuDeviceGetAttribute: error 999)")


def test_a_library_that_is_no_driver_is_told(tmp_path: Path, compile_driver: Compile) -> None:
    folder = compile_driver(tmp_path, "int cuInit(unsigned flags) { return 0; }")
    message = ask(folder)
    assert message.startswith("libcuda.so.1 is not NVIDIA's, or very old (no cuDeviceGetCount)")
    (folder / LIBRARY).write_bytes(b"\x7fELF, cut off")
    assert "no NVIDIA driver (" in ask(folder)


def test_a_stub_that_cannot_name_its_errors_is_told_by_number(
    tmp_path: Path, compile_driver: Compile
) -> None:
    folder = compile_driver(tmp_path, "int cuInit(unsigned flags) { return 34; }")
    assert "(cuInit: error 34): this libcuda.so.1 is the CUDA toolkit's stub" in ask(folder)
