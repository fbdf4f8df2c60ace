# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Plans: what TensorRT makes of an ONNX graph for one GPU.

One way for TensorRT 10, 11 and TensorRT-RTX, whose module comes as a value (`trt`). The network is
strongly typed: each layer computes in the type that the graph says, and no flag changes that.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from zeroflow_ros.engines.build_progress import BuildProgress, Progress, progress_monitor
from zeroflow_ros.engines.layer_precision import LayerPrecisions, network_precisions
from zeroflow_ros.engines.tensorrt_log import library_log
from zeroflow_ros.errors import EngineError

Shape = tuple[int, ...]
Profile = Mapping[str, tuple[Shape, Shape, Shape]]  # of each input: smallest, usual, largest shape

WORKSPACE_BYTES = 1 << 30
# What shapes a plan besides graph, profile and workspace; part of its key in the cache.
BUILD_OPTIONS = (("tf32", "off"), ("typing", "strong"), ("verbosity", "detailed"))


class ParsedModel(NamedTuple):
    """A network, and what must live as long as it: the parser owns its weights."""

    network: Any
    parser: Any
    builder: Any


class BuiltPlan(NamedTuple):
    """A plan, what timing taught for the next build, and the precisions that the graph asks for."""

    plan: bytes
    timing_cache: bytes
    precisions: LayerPrecisions


def build_plan(
    trt: Any,
    onnx: bytes,
    where: str,
    profile: Profile,
    *,
    workspace_bytes: int = WORKSPACE_BYTES,
    timing_cache: bytes = b"",
    progress: Progress | None = None,
    enter: Callable[[], object] = lambda: None,
) -> BuiltPlan:
    """Build for the GPU of the current CUDA context; takes seconds to minutes.

    `where` names the model in errors; `enter` makes the context current in the thread that builds,
    another one; `progress` is called in it. Raises EngineError that says what TensorRT refused;
    Ctrl-C, and whatever `progress` raises, stops the build at its next step.
    """
    parsed = parse_model(trt, onnx, where)
    config = _configured(trt, parsed, where, profile, workspace_bytes)
    _set_timing_cache(config, timing_cache)
    watched = BuildProgress(progress or (lambda phase, fraction: None))
    if hasattr(config, "progress_monitor"):
        config.progress_monitor = progress_monitor(trt, watched)
    plan = _watched_build(parsed, config, watched, enter)
    if plan is None:
        raise EngineError(
            f"model {where}: TensorRT cannot build an engine ({library_log(trt).reason})"
        )
    precisions = network_precisions(trt, parsed.network)
    return BuiltPlan(bytes(plan), _timing_cache(config), precisions)


def parse_model(trt: Any, onnx: bytes, where: str) -> ParsedModel:
    """Read an ONNX graph with NVIDIA's parser; needs no GPU with TensorRT-RTX.

    Raises EngineError that names the node and its operator.
    """
    log = library_log(trt)
    log.forget()
    try:
        builder = trt.Builder(log.sink)
    except TypeError as error:  # pybind11's word for a null pointer
        raise EngineError(f"TensorRT cannot start its builder ({log.reason})") from error
    network = builder.create_network(_creation_flags(trt))
    parser = trt.OnnxParser(network, log.sink)
    if not parser.parse(onnx):
        raise EngineError(f"model {where}: {_complaint(parser)}")
    return ParsedModel(network, parser, builder)


def _watched_build(
    parsed: ParsedModel, config: Any, watched: BuildProgress, enter: Callable[[], object]
) -> Any:
    """The plan, or None. This thread only waits, so that it can take Ctrl-C: TensorRT drops what
    is raised in the calls that it makes.
    """

    def build() -> Any:
        enter()
        return parsed.builder.build_serialized_network(parsed.network, config)

    with ThreadPoolExecutor(1, "zeroflow-build") as worker:
        building = worker.submit(build)
        try:
            plan = building.result()
        except BaseException as error:
            watched.stopped_by = error
    if watched.stopped_by is not None:
        raise watched.stopped_by
    return plan


def _creation_flags(trt: Any) -> int:
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    return 0 if flag is None else 1 << int(flag)  # without the flag, there is nothing else


def _complaint(parser: Any) -> str:
    if not parser.num_errors:
        return "TensorRT cannot read it, and does not say why"
    error = parser.get_error(0)
    said = " ".join(error.desc().split())
    if not error.node_operator():
        return f"TensorRT cannot read it ({said})"
    node = f"node '{error.node_name()}', operator {error.node_operator()}"
    return f"TensorRT cannot run it: {node} ({said})"


def _configured(
    trt: Any, parsed: ParsedModel, where: str, profile: Profile, workspace_bytes: int
) -> Any:
    config = parsed.builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, workspace_bytes)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # so that layers tell their types
    config.clear_flag(trt.BuilderFlag.TF32)  # FP32 is to be FP32
    if hasattr(trt.BuilderFlag, "REQUIRE_USER_ALLOCATION"):  # else no CUDA graph with TensorRT-RTX
        config.set_flag(trt.BuilderFlag.REQUIRE_USER_ALLOCATION)
    shapes = parsed.builder.create_optimization_profile()
    for name, (smallest, usual, largest) in _checked(parsed.network, where, profile).items():
        shapes.set_shape(name, smallest, usual, largest)
    if config.add_optimization_profile(shapes) < 0:
        raise EngineError(f"model {where}: TensorRT refuses its sizes ({library_log(trt).reason})")
    return config


def _checked(network: Any, where: str, profile: Profile) -> Profile:
    """`profile`, which must be of the network's inputs: TensorRT takes any name."""
    inputs = {network.get_input(k).name for k in range(network.num_inputs)}
    if inputs != set(profile):
        has, given = (", ".join(sorted(names)) for names in (inputs, profile))
        raise EngineError(f"model {where}: it has the inputs {has}, but sizes are of {given}")
    return profile


def _set_timing_cache(config: Any, content: bytes) -> None:
    """Start from `content`, or anew where TensorRT does not take it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TensorRT-RTX has no use for them
        cache = config.create_timing_cache(content)
        if cache is None or not config.set_timing_cache(cache, False):
            config.set_timing_cache(config.create_timing_cache(b""), False)


def _timing_cache(config: Any) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        cache = config.get_timing_cache()
        return bytes(cache.serialize()) if cache is not None else b""
