# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cuda: one stream of a GPU with its buffers and graphs, through the driver's own interface.

The driver interface comes with any driver, so one package serves each CUDA version, and neither
torch nor the CUDA toolkit is needed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.errors import EngineError


def load_bindings(gpu: Gpu) -> Any:
    """The module `cuda.bindings.driver`. Raises EngineError that says how to get it."""
    try:
        from cuda.bindings import driver
    except ImportError as error:
        newest = gpu.driver // 1000  # any CUDA up to the driver's own will do
        raise EngineError(
            f"TensorRT needs the Python package cuda-bindings ({error}): "
            f"pip install 'cuda-python=={newest}.*'"
        ) from error
    return driver


class Buffer(NamedTuple):
    """The same bytes twice: `host` uint8 [size], which the GPU can read, and on the `device`."""

    host: npt.NDArray[np.uint8]
    device: Any


class Cuda:
    """The GPU's primary context, which TensorRT uses too, and one stream in it.

    Work is queued, in order, and done when `synchronize` returns; until then nobody may touch the
    buffers. One thread at a time, which calls `make_current` first. All that fails raises
    EngineError with CUDA's name for it. `close` gives everything back.
    """

    def __init__(self, bindings: Any, gpu: Gpu) -> None:
        self._driver = bindings
        self._where = gpu.name
        self._device_memory: list[Any] = []
        self._host_memory: list[Any] = []
        self._call("cuInit", 0)
        self._device = self._call("cuDeviceGet", gpu.index)
        self._context = self._call("cuDevicePrimaryCtxRetain", self._device)
        self.stream: Any = None
        try:
            self.make_current()
            flags = int(bindings.CUstream_flags.CU_STREAM_NON_BLOCKING)
            self.stream = self._call("cuStreamCreate", flags)
        except EngineError:
            self.close()
            raise

    def make_current(self) -> None:
        """For the calling thread; cheap."""
        self._call("cuCtxSetCurrent", self._context)

    def memory(self, size: int) -> Any:
        """Address of `size` bytes on the device, not cleared."""
        self._device_memory.append(self._call("cuMemAlloc", max(size, 1)))
        return self._device_memory[-1]

    def memory_info(self) -> tuple[int, int]:
        """Bytes of the whole device: free, and in all."""
        free, total = self._call("cuMemGetInfo")
        return int(free), int(total)

    def buffer(self, size: int) -> Buffer:
        """Pinned bytes on the host, cleared, and as many on the device."""
        size = max(size, 1)
        address = self._call("cuMemHostAlloc", size, 0)
        self._host_memory.append(address)
        host = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(int(address)))
        host[:] = 0
        return Buffer(host, self.memory(size))

    def upload(self, buffer: Buffer, size: int) -> None:
        """Queue the copy of the first `size` bytes to the device."""
        if size:
            source = buffer.host.ctypes.data
            self._call("cuMemcpyHtoDAsync", buffer.device, source, size, self.stream)

    def download(self, buffer: Buffer, size: int) -> None:
        """Queue the copy of the first `size` bytes from the device."""
        if size:
            target = buffer.host.ctypes.data
            self._call("cuMemcpyDtoHAsync", target, buffer.device, size, self.stream)

    def synchronize(self) -> None:
        """Wait until all that was queued is done."""
        self._call("cuStreamSynchronize", self.stream)

    def capture(self, work: Callable[[], None]) -> Any:
        """A graph of what `work` queues, which is not done now; see `launch`."""
        # Other threads may do as they like meanwhile, as in NVIDIA's own trtexec.
        mode = self._driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        self._call("cuStreamBeginCapture", self.stream, mode)
        try:
            work()
        except BaseException:
            with suppress(EngineError):  # that work did not get through is the reason to tell
                self._call("cuGraphDestroy", self._call("cuStreamEndCapture", self.stream))
            raise
        graph = self._call("cuStreamEndCapture", self.stream)
        try:
            return self._call("cuGraphInstantiate", graph, 0)
        finally:
            self._call("cuGraphDestroy", graph)

    def launch(self, graph: Any) -> None:
        """Queue a captured graph, all at once."""
        self._call("cuGraphLaunch", graph, self.stream)

    def discard(self, graph: Any) -> None:
        """Give a captured graph back."""
        self._call("cuGraphExecDestroy", graph)

    def close(self) -> None:
        """Wait for what is queued, then give back memory, stream and context."""
        if self._context is None:
            return
        self._try("cuCtxSetCurrent", self._context)
        if self.stream is not None:
            self._try("cuStreamSynchronize", self.stream)
            self._try("cuStreamDestroy", self.stream)
        for address in self._device_memory:
            self._try("cuMemFree", address)
        for address in self._host_memory:
            self._try("cuMemFreeHost", address)
        self._try("cuDevicePrimaryCtxRelease", self._device)
        self._context = self.stream = None

    def _try(self, function: str, *arguments: Any) -> None:
        """On the way out: what cannot be given back must not keep the rest."""
        with suppress(EngineError):
            self._call(function, *arguments)

    def _call(self, function: str, *arguments: Any) -> Any:
        try:
            status, *values = getattr(self._driver, function)(*arguments)
        except RuntimeError as error:  # the driver is older than the package and lacks a function
            raise EngineError(f"CUDA on {self._where}: {function} failed ({error})") from error
        if int(status):
            name = getattr(status, "name", status)
            raise EngineError(f"CUDA on {self._where}: {function} failed with {name}{_cure(name)}")
        return tuple(values) if len(values) > 1 else values[0] if values else None


def _cure(name: object) -> str:
    if name == "CUDA_ERROR_OUT_OF_MEMORY":
        return ": the GPU's memory is full: end other programs that use it"
    return ""
