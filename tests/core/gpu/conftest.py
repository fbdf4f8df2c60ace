# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for CUDA's driver, for machines without a GPU.

It is strict rather than complete. Device memory is memory of this process, full of rubbish until it
is written; queued work is done when its stream is waited for and not before; what CUDA forbids
fails here too. `test_stand_ins.py` holds its signatures to the real ones.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

import pytest

from zeroflow_ros.engines.cuda_buffers import Cuda
from zeroflow_ros.engines.cuda_driver import Gpu

GPU = Gpu(0, "Stand-in", (8, 7), 16, 32 << 30, 12060)
MEMORY_BYTES = 8_000_000_000
RUBBISH = 0xA5  # what memory holds before it is written


class Handle:
    """What the bindings return: not a number, but convertible."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __int__(self) -> int:
        return self.value


class Driver:
    """`cuda.bindings.driver`. `calls`: the names of the functions called, in order."""

    RUBBISH = RUBBISH

    class CUresult(IntEnum):
        CUDA_SUCCESS = 0
        CUDA_ERROR_INVALID_VALUE = 1
        CUDA_ERROR_OUT_OF_MEMORY = 2
        CUDA_ERROR_INVALID_CONTEXT = 201
        CUDA_ERROR_ILLEGAL_ADDRESS = 700
        CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900
        CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901

    class CUstream_flags(IntEnum):  # noqa: N801
        CU_STREAM_NON_BLOCKING = 1

    class CUstreamCaptureMode(IntEnum):
        CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fails: dict[str, Driver.CUresult] = {}
        self.memory: dict[int, Any] = {}
        self.pinned: dict[int, Any] = {}
        self.streams: dict[int, list[Callable[[], None]]] = {}
        self.graphs: dict[int, list[Callable[[], None]]] = {}
        self.captured: list[Callable[[], None]] | None = None
        self.capture_broken = False
        self.retained = 0
        self._current = threading.local()
        self._next = 1000

    # Without a context.

    def cuInit(self, Flags: int) -> Any:  # noqa: N802
        return self._answer("cuInit")

    def cuDeviceGet(self, ordinal: int) -> Any:  # noqa: N802
        return self._answer("cuDeviceGet", Handle(ordinal))

    def cuDevicePrimaryCtxRetain(self, dev: Any) -> Any:  # noqa: N802
        self.retained += 1
        return self._answer("cuDevicePrimaryCtxRetain", Handle(77))

    def cuDevicePrimaryCtxRelease(self, dev: Any) -> Any:  # noqa: N802
        self.retained -= 1
        return self._answer("cuDevicePrimaryCtxRelease")

    def cuCtxSetCurrent(self, ctx: Any) -> Any:  # noqa: N802
        self._current.context = int(ctx)
        return self._answer("cuCtxSetCurrent")

    # In the context that is current in the calling thread.

    def cuMemAlloc(self, bytesize: int) -> Any:  # noqa: N802
        return self._allocated("cuMemAlloc", self.memory, bytesize)

    def cuMemHostAlloc(self, bytesize: int, Flags: int) -> Any:  # noqa: N802
        status, address = self._allocated("cuMemHostAlloc", self.pinned, bytesize)
        return status, int(address) if address else None

    def cuMemGetInfo(self) -> Any:  # noqa: N802
        if not self.current:  # as every test of a call in a context has it
            return self.CUresult.CUDA_ERROR_INVALID_CONTEXT, 0, 0
        in_use = sum(map(len, self.memory.values()))
        return self.CUresult.CUDA_SUCCESS, MEMORY_BYTES - in_use, MEMORY_BYTES

    def cuMemFree(self, dptr: Any) -> Any:  # noqa: N802
        return self._freed("cuMemFree", self.memory, dptr)

    def cuMemFreeHost(self, p: int) -> Any:  # noqa: N802
        return self._freed("cuMemFreeHost", self.pinned, p)

    def cuStreamCreate(self, Flags: int) -> Any:  # noqa: N802
        assert Flags == 1
        return self._made("cuStreamCreate", self.streams, [])

    def cuStreamDestroy(self, hStream: Any) -> Any:  # noqa: N802
        assert not self.streams[int(hStream)], "work may still use what is freed next"
        return self._freed("cuStreamDestroy", self.streams, hStream)

    def cuMemcpyHtoDAsync(  # noqa: N802
        self, dstDevice: Any, srcHost: int, ByteCount: int, hStream: Any
    ) -> Any:
        target = int(dstDevice)
        self.inside(self.memory, target, ByteCount)
        self.inside(self.pinned, srcHost, ByteCount)
        return self._queued(
            "cuMemcpyHtoDAsync", hStream, lambda: ctypes.memmove(target, srcHost, ByteCount)
        )

    def cuMemcpyDtoHAsync(  # noqa: N802
        self, dstHost: int, srcDevice: Any, ByteCount: int, hStream: Any
    ) -> Any:
        source = int(srcDevice)
        self.inside(self.memory, source, ByteCount)
        self.inside(self.pinned, dstHost, ByteCount)
        return self._queued(
            "cuMemcpyDtoHAsync", hStream, lambda: ctypes.memmove(dstHost, source, ByteCount)
        )

    def cuStreamSynchronize(self, hStream: Any) -> Any:  # noqa: N802
        if self.captured is not None:
            return self._break_capture("cuStreamSynchronize")
        work, self.streams[int(hStream)] = self.streams[int(hStream)], []
        for operation in work:
            operation()
        return self._answer("cuStreamSynchronize")

    def cuStreamBeginCapture(self, hStream: Any, mode: Any) -> Any:  # noqa: N802
        assert mode is self.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        assert self.captured is None
        self.captured, self.capture_broken = [], False
        return self._answer("cuStreamBeginCapture")

    def cuStreamEndCapture(self, hStream: Any) -> Any:  # noqa: N802
        work, self.captured = self.captured, None
        assert work is not None
        if self.capture_broken:
            self.calls.append("cuStreamEndCapture")
            return self.CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, None
        return self._made("cuStreamEndCapture", self.graphs, work)

    def cuGraphInstantiate(self, hGraph: Any, flags: int) -> Any:  # noqa: N802
        return self._made("cuGraphInstantiate", self.graphs, self.graphs[int(hGraph)])

    def cuGraphDestroy(self, hGraph: Any) -> Any:  # noqa: N802
        return self._freed("cuGraphDestroy", self.graphs, hGraph)

    def cuGraphExecDestroy(self, hGraphExec: Any) -> Any:  # noqa: N802
        return self._freed("cuGraphExecDestroy", self.graphs, hGraphExec)

    def cuGraphLaunch(self, hGraphExec: Any, hStream: Any) -> Any:  # noqa: N802
        work = self.graphs[int(hGraphExec)]
        return self._queued("cuGraphLaunch", hStream, lambda: [step() for step in work])

    # Of the stand-in.

    @property
    def leaks(self) -> int:
        """What has not been given back."""
        return self.retained + sum(map(len, (self.memory, self.pinned, self.streams, self.graphs)))

    @property
    def current(self) -> int | None:
        """The context of the calling thread."""
        return getattr(self._current, "context", None) if self.retained else None

    def queue(self, stream: int, operation: Callable[[], object]) -> None:
        work = self.streams[stream] if self.captured is None else self.captured
        work.append(lambda: operation() and None)

    def inside(self, blocks: dict[int, Any], address: int, size: int) -> None:
        """All of these bytes must be allocated."""
        assert any(at <= address and address + size <= at + len(b) for at, b in blocks.items())

    def _answer(self, name: str, value: Any = None) -> Any:
        self.calls.append(name)
        status = self.fails.get(name, self.CUresult.CUDA_SUCCESS)
        return (status,) if value is None else (status, None if status else value)

    def _in_context(self, name: str, value: Any = None) -> Any:
        if self.current is None:
            return (self.CUresult.CUDA_ERROR_INVALID_CONTEXT, *([None] if value else []))
        return self._answer(name, value)

    def _made(self, name: str, kept: dict[int, Any], content: Any) -> Any:
        self._next += 1
        status, handle = self._in_context(name, Handle(self._next))
        if not status:
            kept[self._next] = content
        return status, handle

    def _allocated(self, name: str, blocks: dict[int, Any], size: int) -> Any:
        assert size > 0
        if self.captured is not None:
            return (*self._break_capture(name), None)
        block = (ctypes.c_uint8 * size)()
        ctypes.memset(block, RUBBISH, size)
        address = ctypes.addressof(block)
        status, handle = self._in_context(name, Handle(address))
        if not status:
            blocks[address] = block
        return status, handle

    def _freed(self, name: str, kept: dict[int, Any], handle: Any) -> Any:
        answer = self._in_context(name)
        if not answer[0]:
            del kept[int(handle)]
        return answer

    def _queued(self, name: str, stream: Any, operation: Callable[[], object]) -> Any:
        answer = self._in_context(name)
        if not answer[0]:
            self.queue(int(stream), operation)
        return answer

    def _break_capture(self, name: str) -> Any:
        self.calls.append(name)
        self.capture_broken = True
        return (self.CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,)


@pytest.fixture
def driver() -> Iterator[Driver]:
    """CUDA's driver; whatever a test takes of it must be given back."""
    made = Driver()
    yield made
    assert made.leaks == 0


@pytest.fixture
def cuda(driver: Driver) -> Iterator[Cuda]:
    made = Cuda(driver, GPU)
    yield made
    made.close()


@pytest.fixture
def gpu() -> Gpu:
    return GPU
