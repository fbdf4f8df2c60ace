# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Plans with NVIDIA's own parser and builder, which TensorRT-RTX runs without a GPU.

It has no plugins and takes strongly typed networks only, so what it takes, TensorRT 10 and 11 take.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.engines.build_progress import BuildProgress
from zeroflow_ros.engines.layer_precision import network_precisions
from zeroflow_ros.engines.tensorrt_log import library_log
from zeroflow_ros.engines.tensorrt_plan import Profile, build_plan, parse_model
from zeroflow_ros.errors import EngineError
from zeroflow_ros.model import bundled_models, load_card

onnx = pytest.importorskip("onnx", reason="pip install 'zeroflow_ros[training]'")
trt = pytest.importorskip(
    "tensorrt_rtx_bindings",
    reason="pip install --no-deps tensorrt-rtx-cu13-libs tensorrt-rtx-cu13-bindings",
)
h, T = onnx.helper, onnx.TensorProto

FLOAT_MODELS = {name: path for name, path in bundled_models().items() if "int8" not in name}
FEATURES = 4
SMALL: Profile = {"x": ((1, FEATURES), (100, FEATURES), (5000, FEATURES))}


def graph(*nodes: Any, output: int = T.FLOAT, weights: tuple[Any, ...] = ()) -> bytes:
    """An ONNX model from x, float [N, 4], to y."""
    x = h.make_tensor_value_info("x", T.FLOAT, ["N", FEATURES])
    y = h.make_tensor_value_info("y", output, None)
    made = h.make_graph(list(nodes), "g", [x], [y], list(weights))
    model = h.make_model(made, opset_imports=[h.make_opsetid("", 18)])
    serialized: bytes = model.SerializeToString()
    return serialized


def half_network() -> bytes:
    """Casts at the borders, two layers of FP16 between."""
    square = onnx.numpy_helper.from_array(np.eye(FEATURES, dtype=np.float16), "w")
    return graph(
        h.make_node("Cast", ["x"], ["x16"], to=T.FLOAT16),
        h.make_node("MatMul", ["x16", "w"], ["m"]),
        h.make_node("Relu", ["m"], ["r"]),
        h.make_node("Cast", ["r"], ["y"], to=T.FLOAT),
        weights=(square,),
    )


def float_network() -> bytes:
    return graph(h.make_node("Relu", ["x"], ["y"]))


@pytest.mark.parametrize("name", sorted(FLOAT_MODELS))
def test_every_bundled_model_becomes_a_plan(name: str) -> None:
    path = FLOAT_MODELS[name]
    built = build_plan(trt, path.read_bytes(), str(path), load_card(path).profile)
    weights = sum(len(w.raw_data) for w in onnx.load(path).graph.initializer)
    assert len(built.plan) > weights > 100_000
    wanted, other = ("fp16", "fp32") if "fp16" in name else ("fp32", "fp16")
    assert getattr(built.precisions, wanted) > 100
    assert getattr(built.precisions, other) < (30 if wanted == "fp16" else 1)
    assert built.precisions.unknown == 0


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_zeroflows_own_network_becomes_a_plan(precision: str, tmp_path: Path) -> None:
    """Of the published shape, with fewer channels; its grid is another one than ours."""
    torch = pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
    from zeroflow_training.export import export_network
    from zeroflow_training.students.fastflow3d import FastFlow3DConfig

    torch.manual_seed(0)
    config = FastFlow3DConfig(range_m=12.8, channels=8, widths=(16, 16, 16))
    report = export_network(config.network(), tmp_path / "ff.onnx", "ff", "0", "none")
    path = (report.single if precision == "fp32" else report.half).path
    built = build_plan(trt, path.read_bytes(), str(path), load_card(path).profile)
    assert getattr(built.precisions, precision) > 100
    assert (built.precisions.fp16 > 5 * built.precisions.fp32) == (precision == "fp16")


def test_precisions_are_those_of_the_graph() -> None:
    parsed = parse_model(trt, half_network(), "half.onnx")
    precisions = network_precisions(trt, parsed.network)
    # The cast to FP16, the product and the activation; the cast back says FP32. No constants.
    assert (precisions.fp16, precisions.fp32, precisions.other) == (3, 1, 0)


def test_a_node_that_tensorrt_does_not_have_is_named() -> None:
    model = graph(h.make_node("NonZero", ["x"], ["y"], name="find_points"), output=T.INT64)
    with pytest.raises(EngineError) as caught:
        parse_model(trt, model, "bad.onnx")
    message = str(caught.value)
    assert message.startswith(
        "model bad.onnx: TensorRT cannot run it: node 'find_points', operator NonZero (Assertion"
    )
    assert "\n" not in message


def test_a_file_that_is_no_onnx_is_told() -> None:
    with pytest.raises(EngineError, match=r"^model x: TensorRT cannot read it \(.*Failed to parse"):
        parse_model(trt, b"rubbish", "x")


def test_the_reason_is_of_this_attempt_and_not_of_the_last() -> None:
    with pytest.raises(EngineError):
        parse_model(trt, b"rubbish", "x")
    parse_model(trt, float_network(), "good.onnx")
    assert library_log(trt).reason == "it gave no reason"


def test_sizes_must_be_of_the_inputs() -> None:
    expected = "^model a.onnx: it has the inputs x, but sizes are of points, x$"
    with pytest.raises(EngineError, match=expected):
        build_plan(trt, float_network(), "a.onnx", {**SMALL, "points": SMALL["x"]})


def test_sizes_that_make_no_sense_are_refused_with_the_reason() -> None:
    upside_down = {"x": ((9, FEATURES), (5, FEATURES), (1, FEATURES))}
    with pytest.raises(EngineError, match=r"refuses its sizes \(.*MIN<=OPT<=MAX"):
        build_plan(trt, float_network(), "a.onnx", upside_down)


def test_columns_that_the_network_does_not_have_are_refused_with_the_reason() -> None:
    wide = {"x": ((1, 7), (5, 7), (9, 7))}
    with pytest.raises(EngineError, match=r"^model a.onnx: TensorRT cannot build an engine \(.*x"):
        build_plan(trt, float_network(), "a.onnx", wide)


def test_progress_rises_to_the_end() -> None:
    said: list[tuple[str, float]] = []
    build_plan(trt, half_network(), "a", SMALL, progress=lambda *told: said.append(told))
    fractions = [fraction for _, fraction in said]
    assert len(said) > 5
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < 0.5 < fractions[-1] <= 1
    assert "Building engine" in {phase for phase, _ in said}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_progress_raises_stops_the_build(error: type[BaseException]) -> None:
    calls: list[float] = []

    def stop(phase: str, fraction: float) -> None:
        calls.append(fraction)
        raise error("enough")

    with pytest.raises(error, match="enough"):
        build_plan(trt, half_network(), "a", SMALL, progress=stop)
    assert max(calls) < 0.5


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Raises KeyboardInterrupt also in jobs of the background, which begin without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_stops_the_build(ctrl_c: None, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[float] = []

    def press(phase: str, fraction: float) -> None:
        if not calls:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            interrupted.wait(60)
        calls.append(fraction)

    interrupted = threading.Event()
    stop = BuildProgress.__setattr__

    def noticed(progress: BuildProgress, name: str, value: Any) -> None:
        stop(progress, name, value)
        if isinstance(value, KeyboardInterrupt):
            interrupted.set()

    monkeypatch.setattr(BuildProgress, "__setattr__", noticed)
    with pytest.raises(KeyboardInterrupt):
        build_plan(trt, half_network(), "a", SMALL, progress=press)
    assert len(calls) < 5


def test_the_thread_that_builds_is_prepared() -> None:
    seen: list[str] = []

    def enter() -> None:
        seen.append(threading.current_thread().name)

    def progress(phase: str, fraction: float) -> None:
        seen.append(threading.current_thread().name)

    build_plan(trt, float_network(), "a", SMALL, progress=progress, enter=enter)
    assert len(seen) > 5
    assert set(seen) == {seen[0]} != {threading.current_thread().name}


@pytest.mark.parametrize("content", [b"", b"damaged" * 40])
def test_any_timing_cache_serves(content: bytes) -> None:
    built = build_plan(trt, float_network(), "a", SMALL, timing_cache=content)
    assert len(built.plan) > 1000
    assert built.timing_cache != content
    again = build_plan(trt, float_network(), "a", SMALL, timing_cache=built.timing_cache)
    assert len(again.plan) == len(built.plan)


class Spied:
    """A builder configuration that remembers what it was told."""

    def __init__(self, config: Any, told: list[tuple[Any, ...]]) -> None:
        object.__setattr__(self, "_config", config)
        object.__setattr__(self, "_told", told)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._config, name)
        if not callable(value):
            return value

        def call(*arguments: Any) -> Any:
            self._told.append((name, *arguments))
            return value(*arguments)

        return call

    def __setattr__(self, name: str, value: Any) -> None:
        self._told.append((name, value))
        setattr(self._config, name, value)


class LibraryOf10:
    """RTX under the names of TensorRT 10.3: it has the flag for strong types, and older options."""

    def __init__(self, told: list[tuple[Any, ...]]) -> None:
        self._told = told

    def __getattr__(self, name: str) -> Any:
        return getattr(trt, name)

    class BuilderFlag:
        TF32 = trt.BuilderFlag.TF32

    class NetworkDefinitionCreationFlag:
        STRONGLY_TYPED = 1

    def Builder(self, sink: Any) -> Any:  # noqa: N802
        real, told = trt.Builder(sink), self._told

        class Builder:
            create_optimization_profile = real.create_optimization_profile

            def create_network(self, flags: int) -> Any:
                told.append(("create_network", flags))
                return real.create_network(0)

            def create_builder_config(self) -> Any:
                return Spied(real.create_builder_config(), told)

            def build_serialized_network(self, network: Any, config: Any) -> Any:
                return real.build_serialized_network(network, config._config)

        return Builder()


def test_what_the_builder_is_told() -> None:
    told: list[tuple[Any, ...]] = []
    build_plan(LibraryOf10(told), half_network(), "a", SMALL, workspace_bytes=1 << 28)
    assert ("create_network", 2) in told  # 1 << STRONGLY_TYPED
    assert ("clear_flag", trt.BuilderFlag.TF32) in told
    assert ("set_memory_pool_limit", trt.MemoryPoolType.WORKSPACE, 1 << 28) in told
    assert ("profiling_verbosity", trt.ProfilingVerbosity.DETAILED) in told
    assert not [entry for entry in told if entry[0] == "set_flag"]


@pytest.fixture
def messages() -> Iterator[list[logging.LogRecord]]:
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger, handler = logging.getLogger("zeroflow_ros.engines.tensorrt_log"), Keep()
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def test_its_words_are_in_the_log_but_not_on_the_screen(
    messages: list[logging.LogRecord], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EngineError):
        parse_model(trt, b"rubbish", "x")
    assert [record.levelno for record in messages] == [logging.ERROR]
    assert "Failed to parse the ONNX model" in messages[0].getMessage()
    assert capfd.readouterr() == ("", "")


def test_a_builder_that_does_not_start_is_told() -> None:
    class Broken(LibraryOf10):
        def Builder(self, sink: Any) -> Any:  # noqa: N802
            sink.log(trt.ILogger.Severity.INTERNAL_ERROR, "CUDA initialization failure: 35")
            raise TypeError("pybind11::init(): factory function returned nullptr")

    expected = r"^TensorRT cannot start its builder \(CUDA initialization failure: 35\)$"
    with pytest.raises(EngineError, match=expected):
        parse_model(Broken([]), b"", "x")
