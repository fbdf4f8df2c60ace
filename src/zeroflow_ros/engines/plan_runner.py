# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PlanRunner: an engine of TensorRT on one stream, with a CUDA graph for each size of its inputs.

A graph holds for the shapes and addresses it was captured with, and for an execution context that
nobody has touched since. So every size has its own context; all share the memory for what lies
between layers, since only one runs at a time, and the buffers, which hold the largest sizes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.engines.cuda_buffers import Cuda
from zeroflow_ros.engines.row_padding import fill, padded_rows
from zeroflow_ros.engines.tensorrt_log import library_log
from zeroflow_ros.engines.tensorrt_plan import Shape
from zeroflow_ros.errors import EngineError

MAX_SIZES = 12  # that are kept; a drive needs about six, and each has some MB on the GPU

Array = npt.NDArray[np.generic]


@dataclass
class _Size:
    """All for one size: views of the buffers, and what has been prepared to run."""

    context: Any
    inputs: dict[str, Array]
    outputs: dict[str, Array]
    graph: Any = None
    ran: bool = False


class PlanRunner:
    """`repeated`: inputs whose last row pads them, the others get zeros.

    `engine` must be of one optimisation profile, and of one `cuda`, whose thread rules hold.
    `say` is told, once, when graphs cannot be had; everything runs without them too.
    """

    def __init__(
        self,
        trt: Any,
        engine: Any,
        cuda: Cuda,
        repeated: frozenset[str],
        say: Callable[[str], None],
    ) -> None:
        self._trt, self._engine, self._cuda = trt, engine, cuda
        self._log = library_log(trt)
        self._repeated, self._say = repeated, say
        self._sizes: OrderedDict[Shape, _Size] = OrderedDict()
        self._graphs = True
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        inputs = [n for n in names if engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT]
        self.outputs = tuple(name for name in names if name not in inputs)
        self._types = {n: np.dtype(trt.nptype(engine.get_tensor_dtype(n))) for n in names}
        self._largest = {n: tuple(engine.get_tensor_profile_shape(n, 0)[2]) for n in inputs}
        self._scratch_bytes = engine.device_memory_size_v2
        self._scratch = cuda.memory(self._scratch_bytes)
        _, shapes = self._context(self._largest)
        self._buffers = {name: cuda.buffer(self._bytes(name, shapes[name])) for name in names}

    def most_rows(self, name: str) -> int:
        """How many rows an input may have."""
        return self._largest[name][0]

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs for padded inputs: views that hold until the next run."""
        size = self._size({name: self._padded(name, inputs[name]) for name in self._largest})
        for name, target in size.inputs.items():
            fill(target, inputs[name], repeat_last=name in self._repeated)
        if size.graph is None and size.ran and self._graphs:
            self._capture(size)
        if size.graph is not None:
            self._cuda.launch(size.graph)
        else:
            self._queue(size)
        self._cuda.synchronize()
        size.ran = True
        return size.outputs

    def close(self) -> None:
        """Give back graphs, contexts and engine, before the memory that they use."""
        while self._sizes:
            with suppress(EngineError):  # a GPU that has failed takes no orders
                self._drop_oldest()
        self._engine = None

    def _padded(self, name: str, rows: Array) -> Shape:
        largest, fewest = self._largest[name], int(name in self._repeated)
        if rows.shape[1:] != largest[1:] or not fewest <= len(rows) <= largest[0]:
            raise EngineError(
                f"input '{name}' has the shape {list(rows.shape)}; this engine was built for "
                f"{fewest} to {largest[0]} rows, {list(largest)}"
            )
        return (padded_rows(len(rows), largest[0]), *largest[1:])

    def _size(self, shapes: Mapping[str, Shape]) -> _Size:
        key = tuple(shape[0] for shape in shapes.values())
        if key not in self._sizes:
            if len(self._sizes) == MAX_SIZES:
                self._drop_oldest()
            self._sizes[key] = self._prepared(shapes)
        self._sizes.move_to_end(key)
        return self._sizes[key]

    def _prepared(self, shapes: Mapping[str, Shape]) -> _Size:
        context, shapes = self._context(shapes)
        views = {}
        for name, shape in shapes.items():
            self._must(context.set_tensor_address(name, int(self._buffers[name].device)))
            used = self._buffers[name].host[: self._bytes(name, shape)]
            views[name] = used.view(self._types[name]).reshape(shape)
        inputs = {name: view for name, view in views.items() if name in self._largest}
        return _Size(context, inputs, {name: views[name] for name in self.outputs})

    def _context(self, inputs: Mapping[str, Shape]) -> tuple[Any, dict[str, Shape]]:
        """A context for these shapes of the inputs, and the shapes of all that goes in and out."""
        self._log.forget()
        strategy = self._trt.ExecutionContextAllocationStrategy.USER_MANAGED
        context = self._engine.create_execution_context(strategy)
        self._must(context is not None)
        context.set_device_memory(int(self._scratch), self._scratch_bytes)
        try:
            # The first context has profile 0 anyway; TensorRT wants it said for the others.
            context.set_optimization_profile_async(0, int(self._cuda.stream))
            for name, shape in inputs.items():
                self._must(context.set_input_shape(name, shape))
            self._must(not context.infer_shapes())
        except RuntimeError as error:
            raise EngineError(f"TensorRT cannot run the engine ({self._log.reason})") from error
        names = (*inputs, *self.outputs)
        return context, {name: tuple(context.get_tensor_shape(name)) for name in names}

    def _queue(self, size: _Size) -> None:
        """Inputs to the device, the network, outputs to the host."""
        self._log.forget()
        for name, view in size.inputs.items():
            self._cuda.upload(self._buffers[name], view.nbytes)
        self._must(size.context.execute_async_v3(int(self._cuda.stream)))
        for name, view in size.outputs.items():
            self._cuda.download(self._buffers[name], view.nbytes)

    def _capture(self, size: _Size) -> None:
        """Only after a run: TensorRT finishes what a new shape needs in the first one."""
        try:
            capturable = getattr(size.context, "is_stream_capturable", None)  # TensorRT-RTX asks
            if capturable is not None and not capturable(int(self._cuda.stream)):
                raise EngineError("TensorRT says that this engine cannot be captured")
            size.graph = self._cuda.capture(lambda: self._queue(size))
        except EngineError as error:
            self._graphs = False
            self._say(f"no CUDA graphs, which costs a little time for each sweep: {error}")

    def _drop_oldest(self) -> None:
        _, size = self._sizes.popitem(last=False)
        if size.graph is not None:
            self._cuda.discard(size.graph)

    def _bytes(self, name: str, shape: Shape) -> int:
        return int(np.prod(shape, dtype=np.int64)) * self._types[name].itemsize

    def _must(self, went_well: bool) -> None:
        if not went_well:
            raise EngineError(f"TensorRT cannot run the engine ({self._log.reason})")
