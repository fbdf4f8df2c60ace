# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cuda on a stand-in for the driver: order of work, graphs, failures, and nothing left behind."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.engines.cuda_buffers import Cuda, load_bindings
from zeroflow_ros.engines.cuda_driver import Gpu
from zeroflow_ros.errors import EngineError


def test_bytes_go_to_the_device_and_back_in_order(cuda: Cuda, driver: Any) -> None:
    buffer = cuda.buffer(8)
    buffer.host[:] = np.arange(8)
    cuda.upload(buffer, 6)
    cuda.synchronize()
    buffer.host[:] = 99
    cuda.download(buffer, 6)
    assert buffer.host.tolist() == [99] * 8  # queued only
    cuda.synchronize()
    assert buffer.host.tolist() == [0, 1, 2, 3, 4, 5, 99, 99]


def test_a_graph_is_not_run_by_its_capture_and_then_as_often_as_it_is_launched(cuda: Cuda) -> None:
    buffer = cuda.buffer(1)

    def add_nothing() -> None:
        cuda.upload(buffer, 1)
        cuda.download(buffer, 1)

    cuda.upload(buffer, 1)
    cuda.synchronize()
    graph = cuda.capture(add_nothing)
    for value in (3, 4):
        buffer.host[:] = value
        cuda.launch(graph)
        cuda.synchronize()
        assert buffer.host.tolist() == [value]
    cuda.discard(graph)


def test_work_that_fails_ends_its_capture(cuda: Cuda, driver: Any) -> None:
    with pytest.raises(EngineError, match=r"cuMemAlloc failed with .*CAPTURE_UNSUPPORTED"):
        cuda.capture(lambda: cuda.memory(4) and None)
    assert driver.captured is None
    with pytest.raises(ZeroDivisionError):
        cuda.capture(lambda: 1 // 0 and None)
    assert driver.captured is None
    assert driver.graphs == {}
    buffer = cuda.buffer(4)
    cuda.upload(buffer, 4)
    cuda.synchronize()


def test_a_graph_that_cannot_be_instantiated_is_not_kept(cuda: Cuda, driver: Any) -> None:
    driver.fails["cuGraphInstantiate"] = driver.CUresult.CUDA_ERROR_OUT_OF_MEMORY
    with pytest.raises(EngineError, match="cuGraphInstantiate failed"):
        cuda.capture(lambda: None)
    assert driver.graphs == {}


@pytest.mark.parametrize(
    ("function", "status", "message"),
    [
        (
            "cuMemAlloc",
            "CUDA_ERROR_OUT_OF_MEMORY",
            "CUDA on Stand-in: cuMemAlloc failed with CUDA_ERROR_OUT_OF_MEMORY: the GPU's memory "
            "is full: end other programs that use it",
        ),
        (
            "cuMemHostAlloc",
            "CUDA_ERROR_INVALID_VALUE",
            "CUDA on Stand-in: cuMemHostAlloc failed with CUDA_ERROR_INVALID_VALUE",
        ),
    ],
)
def test_failures_name_function_and_error(
    cuda: Cuda, driver: Any, function: str, status: str, message: str
) -> None:
    driver.fails[function] = driver.CUresult[status]
    with pytest.raises(EngineError) as caught:
        cuda.buffer(16)
    assert str(caught.value) == message


def test_a_driver_that_lacks_a_function_is_told(cuda: Cuda, monkeypatch: Any, driver: Any) -> None:
    def missing(*arguments: Any) -> Any:
        raise RuntimeError('Function "cuMemAlloc_v2" not found')

    monkeypatch.setattr(driver, "cuMemAlloc", missing)
    with pytest.raises(EngineError, match=r'failed \(Function "cuMemAlloc_v2" not found\)'):
        cuda.memory(16)


def test_a_thread_that_makes_the_context_current_may_work(cuda: Cuda) -> None:
    outcomes: list[str] = []

    def work() -> None:
        try:
            cuda.memory(4)
        except EngineError as error:
            outcomes.append(str(error))
        cuda.make_current()
        outcomes.append(str(len(cuda.buffer(4).host)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outcomes == [
        "CUDA on Stand-in: cuMemAlloc failed with CUDA_ERROR_INVALID_CONTEXT", "4",
    ]  # fmt: skip


def test_closing_gives_everything_back_even_on_a_gpu_that_has_failed(driver: Any, gpu: Gpu) -> None:
    cuda = Cuda(driver, gpu)
    cuda.upload(cuda.buffer(4), 4)
    driver.fails["cuStreamSynchronize"] = driver.CUresult.CUDA_ERROR_ILLEGAL_ADDRESS
    with pytest.raises(EngineError, match="CUDA_ERROR_ILLEGAL_ADDRESS"):
        cuda.synchronize()
    cuda.close()
    assert driver.leaks == 0
    calls = len(driver.calls)
    cuda.close()
    assert len(driver.calls) == calls


def test_closing_waits_for_what_is_queued(driver: Any, gpu: Gpu) -> None:
    cuda = Cuda(driver, gpu)
    cuda.upload(cuda.buffer(4), 4)
    cuda.close()
    assert driver.leaks == 0


def test_what_was_retained_goes_when_the_stream_cannot_be_had(driver: Any, gpu: Gpu) -> None:
    driver.fails["cuStreamCreate"] = driver.CUresult.CUDA_ERROR_OUT_OF_MEMORY
    with pytest.raises(EngineError, match="cuStreamCreate failed"):
        Cuda(driver, gpu)
    assert driver.leaks == 0


def test_without_the_package_the_one_that_fits_the_driver_is_named(
    monkeypatch: pytest.MonkeyPatch, gpu: Gpu
) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(EngineError) as caught:
        load_bindings(gpu)
    message = str(caught.value)
    assert message.startswith("TensorRT needs the Python package cuda-bindings (")
    assert message.endswith("): pip install 'cuda-python==12.*'")
