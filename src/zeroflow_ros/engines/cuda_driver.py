# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Gpu: what the NVIDIA driver says of a GPU, asked before any object of TensorRT exists.

Without a driver TensorRT ends the process with a segmentation fault instead of a word. Only the
driver's own library is asked here, through ctypes: no CUDA toolkit and no Python package.
"""

from __future__ import annotations

import ctypes
import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from zeroflow_ros.errors import EngineError, NoDriverError

LIBRARY = "libcuda.so.1"
JETSON_RELEASE = Path("/etc/nv_tegra_release")

# CUdevice_attribute and CUresult of cuda.h.
_MULTIPROCESSORS, _CAPABILITY_MAJOR, _CAPABILITY_MINOR = 16, 75, 76
_STUB_LIBRARY, _NO_DEVICE, _INVALID_DEVICE = 34, 100, 101
_NOT_READY, _MISMATCH, _NOT_COMPATIBLE, _UNKNOWN = 802, 803, 804, 999


@dataclass(frozen=True)
class Gpu:
    """`index` as CUDA counts; `driver`: the CUDA version it speaks, 13000 = 13.0."""

    index: int
    name: str
    compute_capability: tuple[int, int]
    multiprocessors: int
    memory_bytes: int
    driver: int


def find_gpu(index: int = 0) -> Gpu:
    """Ask the driver for a GPU. Raises EngineError that says what is missing and how to get it."""
    driver = _Driver()
    driver.call("cuInit", 0)
    count = driver.number("cuDeviceGetCount")
    if not 0 <= index < count:
        raise EngineError(_no_such_gpu(index, count))
    device = driver.number("cuDeviceGet", index)
    name, memory = ctypes.create_string_buffer(256), ctypes.c_size_t()
    driver.call("cuDeviceGetName", name, len(name), device)
    driver.call("cuDeviceTotalMem_v2", ctypes.byref(memory), device)
    major, minor, multiprocessors = (
        driver.number("cuDeviceGetAttribute", attribute, device)
        for attribute in (_CAPABILITY_MAJOR, _CAPABILITY_MINOR, _MULTIPROCESSORS)
    )
    return Gpu(
        index=index,
        name=name.value.decode(errors="replace"),
        compute_capability=(major, minor),
        multiprocessors=multiprocessors,
        memory_bytes=memory.value,
        driver=driver.number("cuDriverGetVersion"),
    )


class _Driver:
    """The driver's functions; those that fail raise EngineError."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise NoDriverError(f"no NVIDIA driver ({error}): {how_to_get_driver()}") from error

    def call(self, function: str, *arguments: object) -> None:
        try:
            status = getattr(self._library, function)(*arguments)
        except AttributeError as error:
            raise EngineError(
                f"{LIBRARY} is not NVIDIA's, or very old (no {function}): {how_to_get_driver()}"
            ) from error
        if status:
            said = f"{function}: {self._name(status)}"
            raise EngineError(f"the NVIDIA driver does not work ({said}): {_cure(status)}")

    def number(self, function: str, *arguments: object) -> int:
        """What a function writes into the integer that its first argument points to."""
        value = ctypes.c_int()
        self.call(function, ctypes.byref(value), *arguments)
        return value.value

    def _name(self, status: int) -> str:
        name = ctypes.c_char_p()
        with suppress(AttributeError):
            self._library.cuGetErrorName(status, ctypes.byref(name))
        return f"{name.value.decode()}, {status}" if name.value else f"error {status}"


def _is_jetson() -> bool:
    """The kernel tells it in containers too, where the file is missing."""
    tegra = JETSON_RELEASE.exists() or "tegra" in platform.release()
    return platform.machine() == "aarch64" and tegra


def _container() -> str:
    return f"in a container: start it with {'--runtime nvidia' if _is_jetson() else '--gpus all'}"


def how_to_get_driver() -> str:
    """What to do where none is found."""
    if _is_jetson():
        return f"JetPack brings it (sudo apt install nvidia-l4t-cuda); {_container()}"
    return (
        "install NVIDIA's driver (on Ubuntu: sudo ubuntu-drivers install) and reboot; "
        f"{_container()}"
    )


def _cure(status: int) -> str:
    if status in (_NO_DEVICE, _INVALID_DEVICE):
        return f"it sees no GPU{_visible()}; {_look()}; {_container()}"
    if status == _UNKNOWN and _is_jetson():
        return "the user must be in the groups 'video' and 'render'; if that is so, reboot"
    return {
        _STUB_LIBRARY: f"this {LIBRARY} is the CUDA toolkit's stub: take the folder 'stubs' out of "
        f"LD_LIBRARY_PATH; {_container()}",
        _NOT_READY: "start the service nvidia-fabricmanager, of the driver's own version",
        _MISMATCH: "the driver's library and kernel module are of different versions, as after an "
        "update: reboot, and start containers anew",
        _NOT_COMPATIBLE: "the package cuda-compat does not serve this GPU: remove it (in a "
        "container: take an image of an older CUDA), or update the driver",
        _UNKNOWN: "sudo modprobe nvidia_uvm, or reboot",
    }.get(status, f"{_look()}; reboot if it is as it should be")


def _look() -> str:
    return "look at 'sudo dmesg'" if _is_jetson() else "look at 'nvidia-smi' and 'sudo dmesg'"


def _no_such_gpu(index: int, count: int) -> str:
    if not count:
        return f"the NVIDIA driver sees no GPU{_visible()}; {_look()}; {_container()}"
    there = "is only GPU 0" if count == 1 else f"are GPUs 0 to {count - 1}"
    return f"GPU {index} was asked for, and there {there}{_visible()}"


def _visible() -> str:
    """The usual reason why GPUs are not seen, where it is set."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return "" if chosen is None else f" (CUDA_VISIBLE_DEVICES is '{chosen}')"
