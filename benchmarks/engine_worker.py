# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One engine in a process of its own, which runs when it is told: part of benchmarks/engines.py.

`python engine_worker.py KIND MODEL THREADS INPUTS.npz...` answers each line of stdin with a line of
JSON: "turn" runs all inputs once and says the milliseconds; "end" says what it needed and where its
answers are.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zeroflow_ros.engines import Engine, Tensors
from zeroflow_ros.engines.backends import EngineOptions, load_model
from zeroflow_ros.errors import EngineError

MB = 1e6


class TorchEngine:
    """PyTorch, eager, FP32; `checkpoint` of `zeroflow fit` or published."""

    def __init__(self, checkpoint: Path, threads: int, device: str) -> None:
        import torch

        from zeroflow_training.checkpoint import load_student
        from zeroflow_training.students.fastflow3d_graph import FastFlow3DGraph
        from zeroflow_training.students.published import load_published

        torch.set_num_threads(threads)
        ours = checkpoint.stem.startswith("zeroflow-rt")
        network = load_student(checkpoint, 256) if ours else load_published(checkpoint)
        graph = network if ours else FastFlow3DGraph(network)  # type: ignore[arg-type]
        self._graph = graph.eval().to(device)
        self._device = device
        self.outputs = ("displacement", "moving") if ours else ("displacement",)
        place = torch.cuda.get_device_name() if device == "cuda" else "CPU"
        self.description = f"PyTorch {torch.__version__}, eager, {place}"

    def infer(self, inputs: Tensors) -> dict[str, np.ndarray]:
        """See Engine."""
        import torch

        from zeroflow_training.onnx_graph import tensors

        with torch.inference_mode():
            given = [tensor.to(self._device) for tensor in tensors(inputs)]
            answers = [answer.cpu().numpy() for answer in self._graph(*given)]
        return dict(zip(self.outputs, answers, strict=True))


class OpenVinoEngine:
    """OpenVINO on the CPU, FP32 where the graph says so: left alone it takes BF16 where it can."""

    def __init__(self, model: Path, threads: int) -> None:
        import openvino

        core = openvino.Core()
        options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": str(threads)}
        self._compiled = core.compile_model(str(model), "CPU", options)
        self.outputs = tuple(output.any_name for output in self._compiled.outputs)
        self.description = f"OpenVINO {openvino.__version__.partition('-')[0]}, CPU"

    def infer(self, inputs: Tensors) -> dict[str, np.ndarray]:
        """See Engine."""
        answers = self._compiled(dict(inputs))
        return {name: np.array(answers[name]) for name in self.outputs}


def _backend(name: Any) -> Callable[[Path, int], Engine]:
    return lambda model, threads: load_model(model, name, threads, EngineOptions()).engine


KINDS: Mapping[str, Callable[[Path, int], Engine]] = {
    "torch": lambda model, threads: TorchEngine(model, threads, "cpu"),
    "torch_cuda": lambda model, threads: TorchEngine(model, threads, "cuda"),
    "onnxruntime_cpu": _backend("onnxruntime_cpu"),
    "onnxruntime_cuda": _backend("onnxruntime_cuda"),
    "openvino": OpenVinoEngine,
    "tensorrt": _backend("tensorrt"),
}


def installed(kind: str) -> bool:
    """Whether what `kind` needs is there; GPUs are asked for by whoever starts it."""
    package = {"openvino": "openvino", "torch": "torch"}.get(kind.partition("_")[0])
    return package is None or importlib.util.find_spec(package) is not None


def _gpu_used_mb() -> float | None:
    """Of the whole GPU, by all processes; None without one."""
    try:
        from cuda.bindings import driver

        status, free, total = driver.cuMemGetInfo()
    except (ImportError, RuntimeError):
        return None
    return None if int(status) else (total - free) / MB


def main() -> None:
    kind, model, threads, *files = sys.argv[1:]
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries that greet on stdout
    inputs = [dict(np.load(file)) for file in files]
    before_mb = _peak_mb()
    try:
        engine = KINDS[kind](Path(model), int(threads))
        answers = [engine.infer(each) for each in inputs]
    except EngineError as error:
        print(json.dumps({"error": str(error)}), file=replies, flush=True)
        return
    print(json.dumps({"description": engine.description}), file=replies, flush=True)
    for line in sys.stdin:
        if line.strip() == "turn":
            reply: Any = [_milliseconds(engine, each) for each in inputs]
        else:
            said = Path(files[0]).with_name(f"answers_{os.getpid()}.npy")
            np.save(said, np.concatenate([answer["displacement"] for answer in answers]))
            precisions = str(getattr(engine, "precisions", ""))
            reply = {
                "memory_mb": _peak_mb() - before_mb,
                "gpu_mb": _gpu_used_mb(),
                "answers": str(said),
                "note": precisions,
            }
        print(json.dumps(reply), file=replies, flush=True)


def _milliseconds(engine: Engine, inputs: Tensors) -> float:
    started = time.perf_counter()
    engine.infer(inputs)
    return 1e3 * (time.perf_counter() - started)


def _peak_mb() -> float:
    """Of resident memory; getrusage would tell that of the process which started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kilobytes) * 1024 / MB


if __name__ == "__main__":
    main()
