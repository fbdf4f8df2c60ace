# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Backends: which engine runs a model, on what, and of which of its graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from zeroflow_ros.engines import Engine, Say, to_stderr
from zeroflow_ros.engines.build_progress import Progress
from zeroflow_ros.engines.cuda_driver import find_gpu
from zeroflow_ros.engines.engine_check import check_engine
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.errors import EngineError, NoDriverError
from zeroflow_ros.model import FLOAT_MODEL, INT8, ModelCard, find_model, half_model, load_card
from zeroflow_ros.reference_sample import load_sample

Backend = Literal["auto", "tensorrt", "onnxruntime_cuda", "onnxruntime_cpu"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
MakeEngine = Callable[[Path], Engine]
"""An engine of one's own in place of a backend's name: it is given the ONNX file."""


@dataclass(frozen=True)
class EngineOptions:
    """`gpu` as CUDA counts; `cache` for engines (None: see `cache_folder`); `progress` of a build;
    `say` is told in lines what was chosen and what takes time.
    """

    gpu: int = 0
    cache: Path | None = None
    progress: Progress | None = None
    say: Say = to_stderr


class LoadedModel(NamedTuple):
    """A model's card, and the engine that runs `path`, one of its graphs."""

    path: Path
    card: ModelCard
    engine: Engine


def load_model(
    model: str | Path | None = None,
    backend: Backend | MakeEngine = "auto",
    threads: int | None = None,
    options: EngineOptions | None = None,
) -> LoadedModel:
    """Open a model (None: the default) with a backend; `threads` of a CPU, None: all usable cores.

    "auto": TensorRT where it runs, else ONNX Runtime on a GPU, else on the CPU; why it is not the
    one before is said. Any other that cannot be had is an EngineError, and nothing takes its place.
    Without a model, each backend takes the graph that it is fastest with; one's own engine takes
    the float one, and is checked with the model's sample. Raises ModelError for a model that cannot
    be read.
    """
    options = options or EngineOptions()
    if callable(backend):
        return _made(model or FLOAT_MODEL, backend)
    openers = {
        "tensorrt": partial(_tensorrt, model, options),
        "onnxruntime_cuda": partial(_onnxruntime_cuda, model, options),
        "onnxruntime_cpu": partial(_onnxruntime_cpu, model, threads),
    }
    return openers[backend]() if backend != "auto" else _first(openers, options)


def _first(openers: Mapping[str, Callable[[], LoadedModel]], options: EngineOptions) -> LoadedModel:
    """The first that opens; why it is not one before is said."""
    *on_gpu, cpu = openers
    why = ""
    try:
        find_gpu(options.gpu)
    except NoDriverError:
        # As on most machines: no reason to explain how to get one.
        on_gpu, why = [], " (no NVIDIA driver here)"
    except EngineError as error:
        on_gpu = []
        options.say(f"no GPU is used: {error}")
    for name in on_gpu:
        try:
            return openers[name]()
        except EngineError as error:
            options.say(f"backend {name} is passed over: {error}")
    loaded = openers[cpu]()
    options.say(f"{loaded.path.stem} runs on {loaded.engine.description}{why}")
    return loaded


def tensorrt_graph(model: str | Path | None, say: Say = to_stderr) -> Path:
    """The graph of a model that TensorRT is to run: its FP16 form, where that lies beside it.

    `say` is told of one that was made of other weights, which is passed over. Raises EngineError
    for a graph of 8 bits.
    """
    path = _float_model(model, "TensorRT")
    half, card = half_model(path), load_card(path)
    if not half.is_file() or card.precision != "fp32":
        return path
    found = load_card(half)
    if (found.precision, found.float_graph_sha256) == ("fp16", card.graph_sha256):
        return half
    say(f"model {half} is not the FP16 form of {path.name}, and is passed over: export both again")
    return path


def _made(model: str | Path, make: MakeEngine) -> LoadedModel:
    path = find_model(model)
    card, engine = load_card(path), make(path)
    check_engine(engine, card, load_sample(path))
    return LoadedModel(path, card, engine)


def _tensorrt(model: str | Path | None, options: EngineOptions) -> LoadedModel:
    from zeroflow_ros.engines.tensorrt_engine import TensorRTEngine

    path = tensorrt_graph(model, options.say)
    card, sample = load_card(path), load_sample(path)
    engine = TensorRTEngine(
        path,
        card.profile,
        lambda loaded: check_engine(loaded, card, sample),
        cache=options.cache,
        gpu=options.gpu,
        progress=options.progress,
        say=options.say,
    )
    options.say(f"{path.stem} runs on {engine.description} ({engine.precisions})")
    return LoadedModel(path, card, engine)


def _onnxruntime_cuda(model: str | Path | None, options: EngineOptions) -> LoadedModel:
    path = _float_model(model, "ONNX Runtime on a GPU")
    card, gpu = load_card(path), find_gpu(options.gpu)
    engine = OnnxRuntimeEngine(path, gpu=gpu)
    check_engine(engine, card, load_sample(path))
    options.say(f"{path.stem} runs on {engine.description}")
    return LoadedModel(path, card, engine)


def _onnxruntime_cpu(model: str | Path | None, threads: int | None) -> LoadedModel:
    path = find_model(model)
    return LoadedModel(path, load_card(path), OnnxRuntimeEngine(path, threads))


def _float_model(model: str | Path | None, purpose: str) -> Path:
    path = find_model(model or FLOAT_MODEL)
    if load_card(path).precision == "int8":
        raise EngineError(
            f"model {path}: its 8 bits are for CPUs; {purpose} takes what it was made of, "
            f"{_made_of(path)}"
        )
    return path


def _made_of(path: Path) -> str:
    """What an 8-bit model was made of, as far as names tell."""
    original = path.with_name(path.stem.removesuffix(INT8) + path.suffix)
    there = original != path and original.is_file()
    return str(original) if there else "which does not lie beside it"
