# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FP16 inside: nearly the same answers, FP32 where points are metres, a card that says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("onnx", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("onnxscript", reason="pip install 'zeroflow_ros[training]'")

import onnx
import torch
from torch import Tensor, nn

from zeroflow_ros.engines.engine_check import Difference, check_engine
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.errors import DataError, EngineError
from zeroflow_ros.model import ModelCard, bundled_models, half_model, load_card
from zeroflow_ros.pillars import FEATURE_NAMES, PillarGrid
from zeroflow_ros.reference_sample import load_sample
from zeroflow_training.export import Limits, export, export_network
from zeroflow_training.export_check import card_inputs, recorded_sweeps, simulated_sweeps
from zeroflow_training.students.fastflow3d import FastFlow3D, FastFlow3DConfig
from zeroflow_training.students.fastflow3d_graph import FastFlow3DGraph
from zeroflow_training.students.half_precision import fold_norms, half_inside
from zeroflow_training.students.real_time import RealTimeStudent, RealTimeStudentConfig

FLOAT, FLOAT16 = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16
MakeInputs = Callable[..., tuple[Tensor, ...]]
MakeStudent = Callable[[RealTimeStudentConfig], RealTimeStudent]
CARD = ModelCard(
    name="tiny",
    version="1",
    grid=PillarGrid(range_m=6.4, cell_m=0.4, z_min_m=-1.5, z_max_m=4.5),
    interval_s=0.1,
    lags=(0, 1),
    features=FEATURE_NAMES,
    ground="keep",
    training_data="none",
    git_commit="",
    graph_sha256="",
)


@pytest.fixture
def student(tiny_config: RealTimeStudentConfig, make_student: MakeStudent) -> RealTimeStudent:
    return make_student(tiny_config)


@pytest.fixture(scope="module")
def model(
    tiny_config: RealTimeStudentConfig,
    make_student: MakeStudent,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The FP16 form of `student`, exported once."""
    folder = tmp_path_factory.mktemp("half")
    report = export(make_student(tiny_config), CARD, folder / "tiny.onnx")
    assert report.half.path == half_model(report.single.path) == folder / "tiny_fp16.onnx"
    assert report.half.differences["simulated"].max_mm > 10 * (
        report.single.differences["simulated"].max_mm
    )
    return report.half.path


def test_folding_changes_nothing(student: RealTimeStudent, make_inputs: MakeInputs) -> None:
    inputs = make_inputs(0, 500, 400)
    with torch.inference_mode():
        before = student(*inputs)
        fold_norms(student)
        after = student(*inputs)
    kinds = {type(module) for module in student.modules()}
    assert not kinds & {nn.BatchNorm1d, nn.BatchNorm2d}
    assert float(before[0].abs().max()) > 0.05
    for was, is_now in zip(before, after, strict=True):
        torch.testing.assert_close(is_now, was, atol=1e-5, rtol=1e-5)


def test_all_but_the_head_is_rounded(student: RealTimeStudent) -> None:
    half = half_inside(student)
    head = set(half.head_parameters())
    assert len(head) == 5
    assert {p.dtype for p in half.parameters() if p not in head} == {torch.float16}
    assert {p.dtype for p in head} == {torch.float32}
    for rounded, exact in zip(half.head_parameters(), student.head_parameters(), strict=True):
        torch.testing.assert_close(rounded, exact, atol=0, rtol=0)
    assert {p.dtype for p in student.parameters()} == {torch.float32}  # the original stays


def test_the_graph_speaks_fp32_and_computes_in_fp16(model: Path) -> None:
    graph = onnx.shape_inference.infer_shapes(onnx.load(model)).graph
    types = {x.name: x.type.tensor_type.elem_type for x in (*graph.input, *graph.output)}
    assert types.pop("pillar_index") == types.pop("point_pillar") == onnx.TensorProto.INT32
    assert set(types.values()) == {FLOAT}
    weights = {tensor.name: tensor.data_type for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert len(convolutions) > 15
    assert {weights[name] for node in convolutions for name in node.input[1:]} == {FLOAT16}


def test_offsets_of_points_are_never_fp16(model: Path) -> None:
    """Nothing of what is computed of them, down to the displacement."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(model)).graph
    types = {x.name: x.type.tensor_type.elem_type for x in (*graph.value_info, *graph.output)}
    reached = {"point_offset"}
    for node in graph.node:  # in the order of computation
        if reached & set(node.input):
            reached |= set(node.output)
            assert FLOAT16 not in {types[name] for name in node.output}
    assert {"displacement", "moving"} <= reached


def test_the_card_says_what_it_is(model: Path, student: RealTimeStudent) -> None:
    single, half = load_card(model.with_name("tiny.onnx")), load_card(model)
    assert (single.precision, single.float_graph_sha256, single.name) == ("fp32", "", "tiny")
    assert (half.precision, half.name) == ("fp16", "tiny_fp16")
    assert half.float_graph_sha256 == single.graph_sha256 != half.graph_sha256
    assert half.tolerance_mm == max(10, 4 * half.metrics["simulated_max_mm"])
    inputs = card_inputs(CARD, simulated_sweeps(CARD.lags))
    with torch.inference_mode():
        outputs = [x.numpy() for x in student(*(torch.from_numpy(x) for x in inputs.values()))]
    wanted = dict(zip(("displacement", "moving"), outputs, strict=True))
    found = Difference.between(OnnxRuntimeEngine(model).infer(inputs), wanted)
    assert found.max_mm == pytest.approx(half.metrics["simulated_max_mm"], rel=1e-3)


def test_the_sample_tells_engines_apart(model: Path) -> None:
    card, sample = load_card(model), load_sample(model)
    single = check_engine(OnnxRuntimeEngine(model.with_name("tiny.onnx")), card, sample)
    assert single.max_mm < 1e-3  # whose answers it holds
    assert single.max_mm < check_engine(OnnxRuntimeEngine(model), card, sample).max_mm < 10
    with pytest.raises(
        EngineError, match=r"does not say what model tiny_fp16 says: .* 0.0 mm and log odds"
    ):
        check_engine(OnnxRuntimeEngine(model), replace(card, tolerance_mm=0.0), sample)
    with pytest.raises(EngineError, match="log odds"):
        check_engine(OnnxRuntimeEngine(model), replace(card, tolerance_log_odds=0.0), sample)


def test_real_sweeps_are_compared_on_as_well(
    student: RealTimeStudent, write_drive: Callable[..., Path], tmp_path: Path
) -> None:
    drive = write_drive(tmp_path / "tuesday")
    newest, before = recorded_sweeps(drive, (0, 1))
    moved = np.linalg.norm(newest[1:] - before[1:], axis=1)  # rows are the same points; NaN first
    assert np.median(moved) < 1e-4 < 0.4 < moved.max() < 0.5
    card = replace(CARD, name="tiny.v2")
    report = export(student, card, tmp_path / "out" / "tiny.onnx", drive)
    assert load_card(report.half.path).name == "tiny.v2_fp16"
    for graph in (report.single, report.half):
        assert graph.differences.keys() == {"simulated", "tuesday"}
        metrics = load_card(graph.path).metrics
        assert metrics["tuesday_max_mm"] == graph.differences["tuesday"].max_mm > 0
    half = report.half.differences["tuesday"]
    assert half.max_mm > 10 * report.single.differences["tuesday"].max_mm
    with pytest.raises(ValueError, match="may not be called 'simulated': rename"):
        export(student, CARD, tmp_path / "tiny.onnx", tmp_path / "simulated")
    with pytest.raises(DataError, match=r"single' has one sweep only"):
        recorded_sweeps(write_drive(tmp_path / "single", (0,)), (0, 1))


class _Silent:
    """An engine that says NaN."""

    description, outputs = "NaN engine", ("displacement", "moving")

    def infer(self, inputs: Any) -> dict[str, np.ndarray]:
        count = len(inputs["point_pillar"])
        return {"displacement": np.full((count, 3), np.nan), "moving": np.zeros(count)}


def test_nan_is_no_agreement(model: Path) -> None:
    with pytest.raises(EngineError, match=r"NaN engine does not say .* at most nan mm"):
        check_engine(_Silent(), load_card(model), load_sample(model))


def test_a_network_that_fp16_cannot_hold_is_refused(
    student: RealTimeStudent, tmp_path: Path
) -> None:
    with torch.no_grad():  # the same answers, but 1e6 on the way, which FP16 has not
        student.pillar_encoder[2].weight *= 1e6
        student.pillar_encoder[2].bias *= 1e6
        student.block_encoder[0].weight *= 1e-6
    with pytest.raises(ValueError, match=r"differs from PyTorch by at most (nan|inf|[0-9.]+) mm"):
        export(student, CARD, tmp_path / "huge.onnx")
    assert list(tmp_path.iterdir()) == []


def test_limits_are_named_with_the_sweeps() -> None:
    limits = Limits(max_mm=50, mean_mm=1, log_odds=0.5)
    limits.check(Difference(50, 1, 0.5), "simulated")
    limits.check(Difference(1, 1, None), "simulated")
    with pytest.raises(ValueError, match=r"at most 51.00 mm .* on highway sweeps"):
        limits.check(Difference(51, 1, 0.5), "highway")
    with pytest.raises(ValueError, match=r"log odds of motion differ by 0.6 on highway"):
        limits.check(Difference(1, 1, 0.6), "highway")


def test_zeroflows_network_as_well(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = FastFlow3DConfig(range_m=12.8, cell_m=0.4, channels=4, widths=(6, 8))
    network = FastFlow3D(config).eval()
    report = export_network(network, tmp_path / "ff.onnx", "ff", "1", "none")
    assert 0 < report.half.differences["simulated"].max_mm < 5
    assert load_card(report.half.path).precision == "fp16"
    assert len(half_inside(FastFlow3DGraph(network)).head_parameters()) == 4


def test_every_bundled_model_has_its_fp16_form() -> None:
    models = bundled_models()
    floats = [name for name, path in models.items() if load_card(path).precision == "fp32"]
    assert {"zeroflow-rt", "zeroflow-rt-2"} <= set(floats)
    for name in floats:
        single, half = load_card(models[name]), load_card(models[f"{name}_fp16"])
        assert half.float_graph_sha256 == single.graph_sha256
        assert load_sample(models[f"{name}_fp16"]).answers.keys() == {"displacement", "moving"}
