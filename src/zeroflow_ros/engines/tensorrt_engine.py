# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TensorRTEngine: the network on an NVIDIA GPU, in the precision that its graph says."""

from __future__ import annotations

import hashlib
import importlib
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.engines import Engine, GpuMemory, Say, Tensors, to_stderr
from zeroflow_ros.engines.build_progress import Progress
from zeroflow_ros.engines.cuda_buffers import Cuda, load_bindings
from zeroflow_ros.engines.cuda_driver import find_gpu
from zeroflow_ros.engines.engine_cache import Built, EngineCache, EngineKey, cache_folder
from zeroflow_ros.engines.engine_check import Difference
from zeroflow_ros.engines.layer_precision import LayerPrecisions, engine_precisions
from zeroflow_ros.engines.plan_runner import PlanRunner
from zeroflow_ros.engines.row_padding import runs
from zeroflow_ros.engines.tensorrt_log import library_log
from zeroflow_ros.engines.tensorrt_plan import (
    BUILD_OPTIONS,
    WORKSPACE_BYTES,
    BuiltPlan,
    Profile,
    build_plan,
)
from zeroflow_ros.errors import EngineError, ModelError

LIBRARIES = ("tensorrt", "tensorrt_rtx", "tensorrt_rtx_bindings")
PATIENCE_S = 0.5  # a sweep takes a hundredth of that
OLDEST = (10, 3)  # of TensorRT itself, in JetPack 6.1; RTX counts from 1

PILLARS = frozenset({"pillar_features", "pillar_index"})
POINTS = frozenset({"point_pillar", "point_offset"})


@dataclass(frozen=True)
class LoadedPlan:
    """An engine that answers any sweep, for one thread at a time; see Engine."""

    runner: PlanRunner
    description: str

    @property
    def outputs(self) -> tuple[str, ...]:
        """See Engine."""
        return self.runner.outputs

    def infer(self, inputs: Tensors) -> dict[str, npt.NDArray[np.generic]]:
        """See Engine; more points than the engine takes go through one part after another."""
        rows, most = len(inputs["point_pillar"]), self.runner.most_rows("point_pillar")
        parts = [self._answers(inputs, part) for part in runs(rows, most)]
        return {name: np.concatenate([part[name] for part in parts]) for name in self.outputs}

    def _answers(self, inputs: Tensors, part: slice) -> dict[str, npt.NDArray[np.generic]]:
        """Of some of the points, whose answers do not depend on each other."""
        chosen = {name: rows[part] if name in POINTS else rows for name, rows in inputs.items()}
        count = part.stop - part.start
        return {name: rows[:count].copy() for name, rows in self.runner.run(chosen).items()}


class TensorRTEngine:
    """One model on one GPU; see Engine. Threads may share it, and wait for each other.

    `precisions` of the layers of the engine in use, as it says itself; `checked`: what `check` said
    of it; `record`: what the cache keeps of its build, see EngineCache.
    """

    def __init__(
        self,
        model: Path,
        profile: Profile,
        check: Callable[[Engine], Difference],
        *,
        cache: Path | None = None,
        gpu: int = 0,
        workspace_bytes: int = WORKSPACE_BYTES,
        progress: Progress | None = None,
        say: Say = to_stderr,
    ) -> None:
        """Load the engine from the `cache` (see cache_folder), or build it, which takes minutes.

        `profile`: smallest, usual and largest shape of each input; more points than that take
        several runs. `check` raises EngineError for an engine that does not say what the model
        says; such a one is never kept. `say` is told, in lines, what takes time and what does not
        go as it should. Raises EngineError for what is missing or fails, ModelError for a file that
        cannot be read.
        """
        found = find_gpu(gpu)  # first: without a driver TensorRT ends the process
        trt = load_library()
        bindings = load_bindings(found)
        onnx = _content(model)
        self.description = f"{library_name(trt)}, {found.name}"
        key = EngineKey(
            onnx_sha256=hashlib.sha256(onnx).hexdigest(),
            library=f"{trt.__name__} {trt.__version__}",
            gpu=found,
            profile=profile,
            options=(*BUILD_OPTIONS, ("workspace_bytes", str(workspace_bytes))),
            model=model.stem,
        )

        def build(timing_cache: bytes) -> Built:
            start = time.monotonic()
            built = build_plan(
                trt,
                onnx,
                str(model),
                profile,
                workspace_bytes=workspace_bytes,
                timing_cache=timing_cache,
                progress=progress,
                enter=cuda.make_current,
            )
            seconds = round(time.monotonic() - start, 1)
            return Built(built.plan, built.timing_cache, _report(trt, built, seconds))

        def load(plan: bytes) -> tuple[LoadedPlan, LayerPrecisions, Difference]:
            runner, precisions = _runner(trt, plan, cuda, say)
            loaded = LoadedPlan(runner, self.description)
            try:
                return loaded, precisions, check(loaded)
            except BaseException:
                runner.close()  # the error holds it for longer than CUDA lives
                raise

        self._cuda = cuda = Cuda(bindings, found)
        try:
            store = EngineCache(cache_folder(cache), say)
            self._plan, self.precisions, self.checked = store.open(key, build, load)
            self.record = store.record(key)
        except BaseException as error:
            _forget_locals(error)
            cuda.close()
            raise
        self._lock = threading.Lock()
        # Without `close` at the end of the process, while CUDA still works.
        self._finalizer = weakref.finalize(self, _close, self._lock, self._plan.runner, cuda)
        self.outputs = self._plan.outputs

    def infer(self, inputs: Tensors) -> dict[str, npt.NDArray[np.generic]]:
        """See Engine. Raises EngineError where TensorRT or CUDA fails."""
        with self._current():
            return self._plan.infer(inputs)

    def gpu_memory(self) -> GpuMemory:
        """See GpuEngine. Raises EngineError, too, where another thread waits in vain."""
        with self._current(timeout_s=PATIENCE_S):
            free, total = self._cuda.memory_info()
        return GpuMemory((total - free) / 1e6, total / 1e6)

    def close(self) -> None:
        """See GpuEngine."""
        self._finalizer()

    @contextmanager
    def _current(self, timeout_s: float = -1) -> Iterator[None]:
        """On the GPU, this thread alone; -1: wait as long as it takes."""
        if not self._lock.acquire(timeout=timeout_s):
            raise EngineError(f"{self.description}: it does not answer")
        try:
            if not self._finalizer.alive:
                raise EngineError(f"{self.description}: this engine is closed")
            self._cuda.make_current()
            yield
        finally:
            self._lock.release()


def load_library() -> Any:
    """The module of TensorRT. Raises EngineError that says how to get it.

    Only after find_gpu: without a driver, the first use of it may end the process.
    """
    for name in LIBRARIES:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name == name:
                continue
            raise _broken(name, error) from error
        except (ImportError, OSError) as error:
            raise _broken(name, error) from error
        if name == "tensorrt" and _version(module) < OLDEST:
            raise EngineError(
                f"TensorRT {module.__version__} is too old: JetPack 6.1 brings 10.3, the oldest "
                "that will do; elsewhere: pip install --upgrade tensorrt-cu12"
            )
        return module
    raise EngineError(
        "TensorRT is not installed for this Python. JetPack brings it (sudo apt install "
        "python3-libnvinfer), and a virtual environment sees it if it was made with "
        "--system-site-packages; elsewhere: pip install tensorrt-cu12 (or -cu13, by the driver)"
    )


def library_name(trt: Any) -> str:
    """As people call it, with its version."""
    return f"TensorRT{'-RTX' if 'rtx' in trt.__name__ else ''} {trt.__version__}"


def load_plan(trt: Any, plan: bytes) -> Any:
    """The ICudaEngine of a plan. Raises EngineError where TensorRT refuses it."""
    log = library_log(trt)
    log.forget()
    try:
        engine = trt.Runtime(log.sink).deserialize_cuda_engine(plan)
    except TypeError as error:  # pybind11's word for a null pointer
        raise EngineError(f"TensorRT cannot start its runtime ({log.reason})") from error
    if engine is None:
        raise EngineError(f"TensorRT cannot load its plan ({log.reason})")
    return engine


def precisions_of(trt: Any, engine: Any) -> LayerPrecisions:
    """What a built engine says of its layers."""
    inspector = engine.create_engine_inspector()
    return engine_precisions(inspector.get_engine_information(trt.LayerInformationFormat.JSON))


def _runner(trt: Any, plan: bytes, cuda: Cuda, say: Say) -> tuple[PlanRunner, LayerPrecisions]:
    engine = load_plan(trt, plan)
    return PlanRunner(trt, engine, cuda, PILLARS, say), precisions_of(trt, engine)


def _report(trt: Any, built: BuiltPlan, seconds: float) -> dict[str, object]:
    """Kept beside the plan. The engine is loaded only to be asked for what it is made of."""
    made = precisions_of(trt, load_plan(trt, built.plan))
    layers = {"layers_of_graph": asdict(built.precisions), "layers_of_engine": asdict(made)}
    return {"seconds": seconds, **layers}


def _forget_locals(error: BaseException | None) -> None:
    """Of all that an error came through: they keep objects alive that must go before CUDA does."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__


def _close(lock: threading.Lock, runner: PlanRunner, cuda: Cuda) -> None:
    """TensorRT's objects before the memory and the context that they live in."""
    with lock:
        with suppress(EngineError):  # a GPU that has failed takes no orders
            cuda.make_current()
        runner.close()
        cuda.close()


def _content(model: Path) -> bytes:
    try:
        return model.read_bytes()
    except OSError as error:
        raise ModelError(f"model {model}: cannot be read ({error.strerror})") from error


def _version(module: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in module.__version__.split(".")[:2])


def _broken(name: str, error: Exception) -> EngineError:
    return EngineError(f"the Python package {name} is installed, but cannot be loaded: {error}")
