# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for TensorRT, on the stand-in for CUDA's driver.

Strict as that one: what TensorRT documents as forbidden or undefined fails here.
"""

from __future__ import annotations

import ctypes
import json
import sys
import types
from enum import Enum, IntEnum
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.engines import backends, tensorrt_engine
from zeroflow_ros.engines.cuda_driver import Gpu


class Library(types.ModuleType):
    """TensorRT 10.3: plans hold the ONNX file, and ONNX Runtime is the GPU that runs it."""

    class ILogger:
        class Severity(IntEnum):
            INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)

    class IProgressMonitor:
        pass

    class TensorIOMode(Enum):
        INPUT, OUTPUT = range(2)

    class LayerType(Enum):
        CONSTANT, GATHER = range(2)

    class LayerInformationFormat(Enum):
        JSON = 1

    class MemoryPoolType(Enum):
        WORKSPACE = 0

    class ProfilingVerbosity(Enum):
        DETAILED = 1

    class BuilderFlag(Enum):
        TF32 = 1

    class ExecutionContextAllocationStrategy(Enum):
        USER_MANAGED = 2

    class NetworkDefinitionCreationFlag(IntEnum):
        STRONGLY_TYPED = 1

    def __init__(self, driver: Any) -> None:
        super().__init__("tensorrt")
        self.__version__ = "10.3.0"
        self.driver = driver
        self.builds = 0
        self.alive = 0  # engines and execution contexts
        self.refuses = ""  # a step that fails, with no more than a word in the log
        self.wrong_by = 0.0  # what is added to all that engines say
        self.sink: Any = None

    def fail(self, step: str) -> bool:
        if self.refuses == step:
            self.sink.log(self.ILogger.Severity.ERROR, f"{step} failed on purpose")
        return self.refuses == step

    def nptype(self, kind: Any) -> Any:
        return kind

    def Builder(self, sink: Any) -> Any:  # noqa: N802
        self.sink = sink
        return Builder(self)

    def OnnxParser(self, network: Any, sink: Any) -> Any:  # noqa: N802
        return types.SimpleNamespace(parse=lambda onnx: network.read(onnx) or True)

    def Runtime(self, sink: Any) -> Any:  # noqa: N802
        self.sink = sink
        return Runtime(self)


class Network:
    """What the parser fills; one layer, of FP16."""

    num_layers = 1

    def read(self, onnx: bytes) -> None:
        self.onnx = onnx
        self.inputs = session_of(onnx).get_inputs()
        self.num_inputs = len(self.inputs)

    def get_input(self, index: int) -> Any:
        return self.inputs[index]

    def get_layer(self, index: int) -> Any:
        half = types.SimpleNamespace(name="HALF")
        return types.SimpleNamespace(
            type=Library.LayerType.GATHER, num_outputs=1, get_output_type=lambda k: half
        )


class Config:
    progress_monitor: Any = None
    profiling_verbosity: Any = None

    def __init__(self) -> None:
        self.profile: dict[str, Any] = {}

    def set_memory_pool_limit(self, pool: Any, pool_size: int) -> None: ...

    def clear_flag(self, flag: Any) -> None: ...

    def add_optimization_profile(self, profile: Any) -> int:
        self.profile = profile.shapes
        return 0

    def create_timing_cache(self, serialized_timing_cache: bytes) -> Any:
        return types.SimpleNamespace(serialize=lambda: serialized_timing_cache + b"+")

    def set_timing_cache(self, cache: Any, ignore_mismatch: bool) -> bool:
        self.cache = cache
        return True

    def get_timing_cache(self) -> Any:
        return self.cache


class Builder:
    def __init__(self, library: Library) -> None:
        self.library = library

    def create_network(self, flags: int) -> Network:
        assert flags == 2
        return Network()

    def create_builder_config(self) -> Config:
        return Config()

    def create_optimization_profile(self) -> Any:
        shapes: dict[str, Any] = {}
        return types.SimpleNamespace(
            shapes=shapes, set_shape=lambda name, *sizes: shapes.update({name: sizes})
        )

    def build_serialized_network(self, network: Network, config: Config) -> Any:
        assert self.library.driver.current is not None, "it would build for any GPU"
        if self.library.fail("build"):
            return None
        self.library.builds += 1
        config.progress_monitor.phase_start("Building engine", None, 2)
        config.progress_monitor.step_complete("Building engine", 0)
        config.progress_monitor.phase_finish("Building engine")
        return json.dumps(config.profile).encode() + b"\n" + network.onnx


class Runtime:
    def __init__(self, library: Library) -> None:
        self.library = library

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> Any:
        assert self.library.driver.current is not None
        if self.library.fail("load"):
            return None
        profile, _, onnx = serialized_engine.partition(b"\n")
        return CudaEngine(self.library, json.loads(profile), onnx)


def session_of(onnx: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])


TYPES = {"tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(int64)": np.int64}


class CudaEngine:
    device_memory_size_v2 = 4096

    def __init__(self, library: Library, profile: dict[str, Any], onnx: bytes) -> None:
        self.library, self.profile = library, profile
        self.session = session_of(onnx)
        self.inputs = {value.name: value for value in self.session.get_inputs()}
        self.results = {value.name: value for value in self.session.get_outputs()}
        self.tensors = {**self.inputs, **self.results}
        self.num_io_tensors = len(self.tensors)
        library.alive += 1

    def __del__(self) -> None:
        assert self.library.driver.current is not None, "destroyed without its CUDA context"
        self.library.alive -= 1

    def get_tensor_name(self, index: int) -> str:
        return list(self.tensors)[index]

    def get_tensor_mode(self, name: str) -> Any:
        mode = self.library.TensorIOMode
        return mode.INPUT if name in self.inputs else mode.OUTPUT

    def get_tensor_dtype(self, name: str) -> Any:
        return TYPES[self.tensors[name].type]

    def get_tensor_profile_shape(self, name: str, profile_index: int) -> list[Any]:
        assert profile_index == 0
        return self.profile[name]

    def create_execution_context(self, strategy: Any) -> Any:
        assert strategy is self.library.ExecutionContextAllocationStrategy.USER_MANAGED
        return None if self.library.fail("context") else ExecutionContext(self)

    def create_engine_inspector(self) -> Any:
        layer = {"LayerType": "kgen", "Outputs": [{"Format/Datatype": "Half"}]}
        text = json.dumps({"Layers": [layer] * 2})
        return types.SimpleNamespace(get_engine_information=lambda kind: text)


class ExecutionContext:
    """Refuses what TensorRT documents as undefined, such as changes below a captured graph."""

    def __init__(self, engine: CudaEngine) -> None:
        self.engine, self.library = engine, engine.library
        self.driver = engine.library.driver
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.addresses: dict[str, int] = {}
        self.memory: tuple[int, int] | None = None
        self.profile: int | None = None
        self.settled = self.captured = False
        self.library.alive += 1

    def __del__(self) -> None:
        assert self.driver.current is not None, "destroyed without its CUDA context"
        self.library.alive -= 1

    def set_device_memory(self, memory: int, size: int) -> None:
        assert size >= self.engine.device_memory_size_v2
        self.driver.inside(self.driver.memory, memory, size)
        self.memory = memory, size

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool:
        assert stream_handle in self.driver.streams
        self.profile = profile_index
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        assert not self.captured
        smallest, _, largest = self.engine.profile[name]
        self.settled = False
        self.shapes[name] = shape
        fits = len(shape) == len(largest) and all(
            low <= size <= high for low, size, high in zip(smallest, shape, largest, strict=True)
        )
        return fits and not self.library.fail("shape")

    def set_tensor_address(self, name: str, memory: int) -> bool:
        assert not self.captured
        self.addresses[name] = memory
        return True

    def infer_shapes(self) -> list[str]:
        if self.library.fail("infer_shapes"):
            raise RuntimeError("shape inference failed")
        return [name for name in self.engine.inputs if name not in self.shapes]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        if name in self.shapes:
            return self.shapes[name]
        sizes = {
            symbol: size
            for key, value in self.engine.inputs.items()
            for symbol, size in zip(value.shape, self.shapes[key], strict=True)
        }
        return tuple(sizes.get(size, size) for size in self.engine.results[name].shape)

    def execute_async_v3(self, stream_handle: int) -> bool:
        ready = (
            self.profile == 0 and self.memory and set(self.addresses) == set(self.engine.tensors)
        )
        if not ready or self.library.fail("execute"):
            return False
        if self.driver.captured is not None:
            self.captured = True
            if not self.settled or self.library.fail("capture"):
                self.driver.capture_broken = True
                return False
        self.settled = True
        # Queued work and graphs hold what they need, and nothing of this context.
        shapes, addresses, memory = dict(self.shapes), dict(self.addresses), self.memory
        assert memory is not None
        driver, session, results = self.driver, self.engine.session, list(self.engine.results)
        library = self.library
        kinds = {name: np.dtype(self.engine.get_tensor_dtype(name)) for name in addresses}

        def array(name: str, shape: tuple[int, ...]) -> Any:
            size = int(np.prod(shape)) * kinds[name].itemsize
            driver.inside(driver.memory, addresses[name], size)
            block = (ctypes.c_uint8 * size).from_address(addresses[name])
            return np.frombuffer(block, kinds[name]).reshape(shape)

        def compute() -> None:
            inputs = {name: array(name, shape) for name, shape in shapes.items()}
            ctypes.memset(memory[0], driver.RUBBISH, memory[1])
            for name, values in zip(results, session.run(results, inputs), strict=True):
                array(name, values.shape)[:] = values + library.wrong_by

        self.driver.queue(stream_handle, compute)
        return True


@pytest.fixture
def library(driver: Any, gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A machine with a GPU, its driver, cuda-bindings and TensorRT, all of them stand-ins."""
    made = Library(driver)
    monkeypatch.setitem(sys.modules, "tensorrt", made)
    bindings = types.ModuleType("cuda.bindings")
    bindings.driver = driver  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cuda.bindings", bindings)
    for module in (backends, tensorrt_engine):
        monkeypatch.setattr(module, "find_gpu", lambda index: gpu)
    return made


@pytest.fixture
def stand_ins() -> Any:
    """The classes above, by name."""
    return sys.modules[Library.__module__]
