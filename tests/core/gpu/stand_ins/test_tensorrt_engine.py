# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TensorRTEngine on stand-ins for GPU and TensorRT: the same answers as ONNX Runtime, for any size.

What the stand-ins cannot show, `../test_real_gpu.py` does where there is a GPU.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.engines import plan_runner, row_padding
from zeroflow_ros.engines.engine_check import Difference
from zeroflow_ros.engines.layer_precision import LayerPrecisions
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.engines.tensorrt_engine import TensorRTEngine
from zeroflow_ros.errors import EngineError, ModelError

onnx = pytest.importorskip("onnx", reason="pip install 'zeroflow_ros[training]'")

CELLS, MOST_POINTS = 64, 40
PROFILE = {
    "pillar_features": ((1, 2), (16, 2), (CELLS, 2)),
    "pillar_index": ((1,), (16,), (CELLS,)),
    "point_pillar": ((1,), (16,), (MOST_POINTS,)),
    "point_offset": ((1, 3), (16, 3), (MOST_POINTS, 3)),
}

Open = Callable[..., TensorRTEngine]


def tiny_network() -> bytes:
    """Pillars scattered to a grid and gathered by points, as in ours: moving is the sum of a
    pillar's features, displacement that plus the offset.
    """
    h, T = onnx.helper, onnx.TensorProto
    grid = onnx.numpy_helper.from_array(np.zeros((CELLS, 2), np.float32), "grid")
    axis = onnx.numpy_helper.from_array(np.array([1]), "axis")
    nodes = [
        h.make_node("Cast", ["pillar_index"], ["long"], to=T.INT64),
        h.make_node("Unsqueeze", ["long", "axis"], ["places"]),
        h.make_node("ScatterND", ["grid", "places", "pillar_features"], ["full"]),
        h.make_node("Gather", ["full", "point_pillar"], ["own"], axis=0),
        h.make_node("ReduceSum", ["own", "axis"], ["sum"], keepdims=1),
        h.make_node("Add", ["point_offset", "sum"], ["displacement"]),
        h.make_node("Squeeze", ["sum", "axis"], ["moving"]),
    ]
    inputs = [
        h.make_tensor_value_info("pillar_features", T.FLOAT, ["pillars", 2]),
        h.make_tensor_value_info("pillar_index", T.INT32, ["pillars"]),
        h.make_tensor_value_info("point_pillar", T.INT32, ["points"]),
        h.make_tensor_value_info("point_offset", T.FLOAT, ["points", 3]),
    ]
    outputs = [
        h.make_tensor_value_info("displacement", T.FLOAT, ["points", 3]),
        h.make_tensor_value_info("moving", T.FLOAT, ["points"]),
    ]
    graph = h.make_graph(nodes, "g", inputs, outputs, [grid, axis])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 18)], ir_version=8)
    serialized: bytes = model.SerializeToString()
    return serialized


def tiny_inputs(pillars: int, points: int, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    index = random.permutation(CELLS)[:pillars].astype(np.int32)
    return {
        "pillar_features": random.normal(size=(pillars, 2)).astype(np.float32),
        "pillar_index": index,
        "point_pillar": random.choice(index, points).astype(np.int32),
        "point_offset": random.normal(size=(points, 3)).astype(np.float32),
    }


def same(found: dict[str, Any], expected: dict[str, Any], atol: float = 1e-6) -> None:
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_allclose(found[name], values, rtol=0, atol=atol, err_msg=name)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_network())
    return path


@pytest.fixture
def said() -> list[str]:
    """What an engine says to people."""
    return []


def agreed(_: object) -> Difference:
    """What a check says of an engine that it found right."""
    return Difference(1.5, 0.5, None)


@pytest.fixture
def open_tiny(
    library: Any, tiny: Path, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Opens engines of `tiny`, and closes them; rows are padded to multiples of 8."""
    monkeypatch.setattr(row_padding, "STEP", 8)
    opened: list[TensorRTEngine] = []

    def open_engine(profile: Any = PROFILE, check: Any = agreed, **options: Any) -> TensorRTEngine:
        cache = tmp_path / "cache"
        engine = TensorRTEngine(tiny, profile, check, cache=cache, say=said.append, **options)
        opened.append(engine)
        return engine

    yield open_engine
    for engine in opened:
        engine.close()


@pytest.mark.parametrize(
    ("pillars", "points"),
    [(1, 1), (8, 8), (9, 17), (CELLS, MOST_POINTS), (5, 0), (7, MOST_POINTS + 1), (7, 100)],
)
def test_answers_are_those_of_onnx_runtime(
    open_tiny: Open, tiny: Path, pillars: int, points: int
) -> None:
    engine, reference = open_tiny(), OnnxRuntimeEngine(tiny)
    assert engine.outputs == reference.outputs == ("displacement", "moving")
    for seed in range(4):  # plain, captured, twice from the graph
        inputs = tiny_inputs(pillars, points, seed)
        same(engine.infer(inputs), reference.infer(inputs))


def launches(driver: Any, work: Callable[[], object]) -> list[str]:
    """What was asked of the driver to run the network."""
    before = len(driver.calls)
    work()
    wanted = {"cuMemcpyHtoDAsync", "cuGraphInstantiate", "cuGraphLaunch", "cuGraphExecDestroy"}
    return [name for name in driver.calls[before:] if name in wanted]


def test_a_size_is_captured_on_its_second_run(open_tiny: Open, driver: Any) -> None:
    engine, copies = open_tiny(), ["cuMemcpyHtoDAsync"] * 4

    def work() -> list[str]:
        return launches(driver, lambda: engine.infer(tiny_inputs(3, 20)))

    assert work() == copies
    assert work() == [*copies, "cuGraphInstantiate", "cuGraphLaunch"]
    assert work() == ["cuGraphLaunch"]
    # 24 points as before, 8 pillars as before: the same size.
    assert launches(driver, lambda: engine.infer(tiny_inputs(8, 17))) == ["cuGraphLaunch"]
    assert launches(driver, lambda: engine.infer(tiny_inputs(9, 17))) == copies


def test_the_size_that_was_not_used_for_longest_goes(
    open_tiny: Open, tiny: Path, driver: Any, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_runner, "MAX_SIZES", 2)
    engine, reference = open_tiny(), OnnxRuntimeEngine(tiny)

    def infer(pillars: int) -> list[str]:
        inputs = tiny_inputs(pillars, 20)
        return launches(driver, lambda: same(engine.infer(inputs), reference.infer(inputs)))

    infer(8), infer(8)
    infer(16), infer(16)
    assert infer(8) == ["cuGraphLaunch"]  # and so is newer than 16
    assert infer(24)[0] == "cuGraphExecDestroy"
    assert infer(8) == ["cuGraphLaunch"]
    assert "cuGraphLaunch" not in infer(16)  # prepared anew
    assert library.alive == 3  # with the engine


def test_without_graphs_it_runs_all_the_same_and_says_so_once(
    open_tiny: Open, tiny: Path, driver: Any, library: Any, said: list[str]
) -> None:
    engine, reference = open_tiny(), OnnxRuntimeEngine(tiny)
    said.clear()
    library.refuses = "capture"
    for pillars in (3, 3, 3, 9, 9):
        inputs = tiny_inputs(pillars, 20, pillars)
        same(engine.infer(inputs), reference.infer(inputs))
    assert "cuGraphLaunch" not in driver.calls
    assert driver.calls.count("cuStreamBeginCapture") == 1
    assert said == [
        "no CUDA graphs, which costs a little time for each sweep: TensorRT cannot run the engine "
        "(capture failed on purpose)"
    ]


def test_tensorrt_rtx_is_asked_whether_it_can_be_captured(
    open_tiny: Open, driver: Any, said: list[str], stand_ins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = stand_ins.ExecutionContext
    monkeypatch.setattr(context, "is_stream_capturable", lambda self, stream: False, raising=False)
    engine = open_tiny()
    for _ in range(3):
        engine.infer(tiny_inputs(3, 20))
    assert "cuStreamBeginCapture" not in driver.calls
    assert said[-1].endswith("TensorRT says that this engine cannot be captured")


@pytest.mark.parametrize("step", ["execute", "context", "shape", "infer_shapes"])
def test_a_step_that_fails_is_told_with_the_reason(
    open_tiny: Open, library: Any, step: str
) -> None:
    engine = open_tiny()
    library.refuses = step
    expected = rf"^TensorRT cannot run the engine \({step} failed on purpose\)$"
    with pytest.raises(EngineError, match=expected):
        engine.infer(tiny_inputs(3, 20))
    library.refuses = ""
    assert engine.infer(tiny_inputs(3, 20))["moving"].shape == (20,)


def test_more_pillars_than_the_engine_holds_and_none_are_errors(open_tiny: Open) -> None:
    engine = open_tiny({**PROFILE, "pillar_index": ((1,), (2,), (8,))})
    with pytest.raises(EngineError) as caught:
        engine.infer(tiny_inputs(9, 4))
    assert str(caught.value) == (
        "input 'pillar_index' has the shape [9]; this engine was built for 1 to 8 rows, [8]"
    )
    with pytest.raises(EngineError, match=r"'pillar_features' has the shape \[0, 2\]"):
        engine.infer({**tiny_inputs(4, 4), "pillar_features": np.empty((0, 2), np.float32)})


def test_another_thread_than_its_maker_may_infer_and_several_may(
    open_tiny: Open, tiny: Path
) -> None:
    engine, reference = open_tiny(), OnnxRuntimeEngine(tiny)
    wrong: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for count in range(1, 30):
                inputs = tiny_inputs(count, 2 * count, seed)
                same(engine.infer(inputs), reference.infer(inputs))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_closing_gives_all_back_and_inferring_afterwards_is_an_error(
    open_tiny: Open, driver: Any, library: Any
) -> None:
    engine = open_tiny()
    for _ in range(3):
        engine.infer(tiny_inputs(3, 20))
    assert driver.graphs
    held_mb = 1e-6 * sum(map(len, driver.memory.values()))
    assert engine.gpu_memory() == pytest.approx((held_mb, 8000), rel=1e-12)
    closer = threading.Thread(target=engine.close)
    closer.start()
    closer.join()
    assert (driver.leaks, library.alive) == (0, 0)
    with pytest.raises(EngineError, match=r"^TensorRT 10.3.0, Stand-in: this engine is closed$"):
        engine.infer(tiny_inputs(3, 20))
    engine.close()


def test_an_engine_on_a_gpu_that_has_failed_is_closed_all_the_same(
    open_tiny: Open, driver: Any, library: Any
) -> None:
    engine = open_tiny()
    for pillars in (3, 3, 9, 9):
        engine.infer(tiny_inputs(pillars, 20))
    failure = driver.CUresult.CUDA_ERROR_ILLEGAL_ADDRESS
    driver.fails = dict.fromkeys(("cuCtxSetCurrent", "cuStreamSynchronize"), failure)
    with pytest.raises(EngineError, match="cuCtxSetCurrent failed with CUDA_ERROR_ILLEGAL_ADDRESS"):
        engine.infer(tiny_inputs(3, 20))
    driver.fails["cuGraphExecDestroy"] = failure
    engine.close()
    assert library.alive == 0
    assert list(driver.graphs.values()) != []
    driver.graphs.clear()  # which cannot be given back


def test_a_context_that_cannot_be_made_current_stops_the_build(
    open_tiny: Open, driver: Any, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def once(ctx: Any) -> Any:
        calls.append(ctx)
        if len(calls) == 2:  # the first makes the stream, the second is of the thread that builds
            return (driver.CUresult.CUDA_ERROR_INVALID_CONTEXT,)
        return type(driver).cuCtxSetCurrent(driver, ctx)

    monkeypatch.setattr(driver, "cuCtxSetCurrent", once)
    with pytest.raises(EngineError, match="cuCtxSetCurrent failed with CUDA_ERROR_INVALID_CONTEXT"):
        open_tiny()
    assert (library.builds, driver.leaks) == (0, 0)


def test_an_engine_that_nobody_holds_is_closed(
    library: Any, tiny: Path, tmp_path: Path, driver: Any
) -> None:
    engine = TensorRTEngine(tiny, PROFILE, agreed, cache=tmp_path, say=lambda line: None)
    engine.infer(tiny_inputs(3, 20))
    del engine
    gc.collect()
    assert (driver.leaks, library.alive) == (0, 0)


@pytest.mark.parametrize("step", ["build", "load", "context", "shape", "infer_shapes"])
def test_an_engine_that_cannot_be_made_leaves_nothing(
    library: Any, tiny: Path, tmp_path: Path, driver: Any, step: str
) -> None:
    library.refuses = step
    with pytest.raises(EngineError, match=f"{step} failed on purpose"):
        TensorRTEngine(tiny, PROFILE, agreed, cache=tmp_path, say=lambda line: None)
    assert (driver.leaks, library.alive) == (0, 0)


def test_it_is_built_once_and_then_taken_from_the_cache(
    open_tiny: Open, library: Any, tmp_path: Path
) -> None:
    told: list[tuple[str, float]] = []
    first = open_tiny(progress=lambda *progress: told.append(progress))
    assert told == [("Building engine", 0.5)]
    assert first.description == "TensorRT 10.3.0, Stand-in"
    assert first.precisions == LayerPrecisions(fp16=2)
    assert open_tiny().record == first.record
    assert library.builds == 1
    assert len(list((tmp_path / "cache").glob("tiny-*.plan"))) == 1
    open_tiny({**PROFILE, "point_pillar": ((1,), (16,), (MOST_POINTS - 1,))})
    open_tiny(workspace_bytes=1 << 20)
    assert library.builds == 3


def test_the_record_of_a_build_says_its_precisions(open_tiny: Open) -> None:
    report = open_tiny().record["report"]
    assert report["layers_of_graph"] == {"fp16": 1, "fp32": 0, "other": 0, "unknown": 0}
    assert report["layers_of_engine"] == {"fp16": 2, "fp32": 0, "other": 0, "unknown": 0}
    assert 0 <= report["seconds"] < 60


def test_an_engine_is_asked_before_it_is_kept(
    open_tiny: Open, tiny: Path, library: Any, driver: Any, tmp_path: Path
) -> None:
    def refused(engine: Any) -> Difference:
        found = engine.infer(tiny_inputs(9, 17))  # it answers already
        np.testing.assert_allclose(
            found["moving"], OnnxRuntimeEngine(tiny).infer(tiny_inputs(9, 17))["moving"], atol=1e-6
        )
        raise EngineError("differs by 99 mm")

    with pytest.raises(EngineError, match=r"newly built, and does not work \(differs by 99 mm\)"):
        open_tiny(check=refused)
    assert list((tmp_path / "cache").glob("tiny-*.plan")) == []
    assert (driver.leaks, library.alive) == (0, 0)
    assert open_tiny().checked == agreed(None)


def test_an_engine_that_has_changed_is_built_anew(
    open_tiny: Open, library: Any, said: list[str]
) -> None:
    """As when a driver of the same version computes otherwise."""
    open_tiny()
    wrong = EngineError("differs by 99 mm")
    verdicts = iter([wrong, wrong, agreed(None)])  # the stored one is tried before and in the lock

    def at_last(_: object) -> Difference:
        verdict = next(verdicts)
        if isinstance(verdict, EngineError):
            raise verdict
        return verdict

    said.clear()
    open_tiny(check=at_last)
    assert library.builds == 2
    assert said[0] == "engine of tiny: differs by 99 mm; it is built now, which takes minutes"


def test_ctrl_c_stops_a_build(open_tiny: Open, library: Any, driver: Any) -> None:
    def interrupt(phase: str, fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_tiny(progress=interrupt)
    assert driver.leaks == 0


def test_a_model_that_is_not_there_is_told(library: Any, tmp_path: Path, driver: Any) -> None:
    with pytest.raises(ModelError, match=r"gone.onnx: cannot be read"):
        TensorRTEngine(tmp_path / "gone.onnx", PROFILE, agreed, cache=tmp_path)
    assert driver.calls == []
