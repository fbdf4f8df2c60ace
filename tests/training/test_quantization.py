# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Float model -> 8-bit model: nearly the same words, the same card, refused where it cannot be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

import onnx
import onnx.parser
from onnx import TensorProto

from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.errors import ModelError
from zeroflow_ros.model import bundled_models, find_model, load_card
from zeroflow_training import quantization
from zeroflow_training.export import git_commit
from zeroflow_training.quantization import (
    QuantizationReport,
    _weight_ranges,
    calibration_inputs,
    quantize,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> QuantizationReport:
    """The bundled two-sweep model with ranges from three worlds only."""
    path = tmp_path_factory.mktemp("int8") / "small.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantization, "CALIBRATION_WORLDS", 3)
        patch.setattr(quantization, "COMPARISON_WORLDS", 2)
        report = quantize(find_model("zeroflow-rt-2"), path, "small")
    assert report.path == path
    assert [item.name for item in path.parent.iterdir()] == ["small.onnx"]
    return report


def test_eight_bits_say_nearly_the_same(made: QuantizationReport) -> None:
    assert 0 < made.difference < 0.06
    assert 0 < made.still_mm < 3
    assert 0 < made.flipped < 0.12
    assert made.bytes == made.path.stat().st_size < 0.5 * find_model("zeroflow-rt-2").stat().st_size


def test_all_but_small_convolutions_and_the_last_are_quantized(
    made: QuantizationReport,
) -> None:
    graph = onnx.load(made.path).graph
    onnx.checker.check_model(onnx.load(made.path))
    made_by = {output: node.op_type for node in graph.node for output in node.output}
    weights_of = Counter(made_by.get(n.input[1]) for n in graph.node if n.op_type == "Conv")
    assert weights_of.pop("DequantizeLinear") == made.convolutions == 20
    assert sum(weights_of.values()) == 5  # four that encode for the matching, and the last one
    (encoder,) = [node for node in graph.node if node.op_type == "Gemm" and rounded(graph, node)]
    assert "block_encoder" in encoder.input[1]


def rounded(graph: onnx.GraphProto, layer: onnx.NodeProto) -> bool:
    """Whether a layer's weights have 8 bits."""
    made_by = {output: node.op_type for node in graph.node for output in node.output}
    return made_by.get(layer.input[1]) == "DequantizeLinear"


def test_two_products_side_by_side_fit_16_bits(made: QuantizationReport) -> None:
    """As processors without VNNI add them: an input of up to 255 times a weight, twice."""
    weights = [w for w in onnx.load(made.path).graph.initializer if w.data_type == TensorProto.INT8]
    kernels = [onnx.numpy_helper.to_array(w).astype(int) for w in weights if len(w.dims) in (2, 4)]
    assert len(kernels) == made.convolutions + 1
    for kernel in kernels:
        rows = np.moveaxis(kernel, 1, -1).reshape(len(kernel), -1)
        rows = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))
        assert np.abs(rows[:, 0::2] + rows[:, 1::2]).max() <= 128  # * 255 < 2^15
    largest = np.concatenate([np.abs(k).reshape(len(k), -1).max(1) for k in kernels])
    assert np.median(largest) > 90  # 64 would be enough for 7 bits


def test_ranges_of_weights_are_of_pairs_of_channels() -> None:
    kernel = np.zeros((3, 3, 1, 2), np.float32)  # three channels at two places: 0 1, 2 0, 1 2
    kernel[0, :, 0, 0] = 3, 1, 2
    kernel[1, :, 0, 0] = 3, -1, 2  # the signs differ: no sum is larger than the largest
    kernel[2, 2, 0, 0], kernel[2, 0, 0, 1] = -2, -2  # neighbours across places
    graph = onnx.parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 18]>
        g (float[1, 3, 4, 4] x) => (float[1, 3, 4, 3] y) { y = Conv(x, w) }
    """)
    graph.graph.node[0].name = "c"
    graph.graph.initializer.append(onnx.numpy_helper.from_array(kernel, "w"))
    ranges = _weight_ranges(graph, ["c"])["w"]
    assert [(channel["rmin"], channel["rmax"]) for channel in ranges] == [(-4, 4), (-3, 3), (-4, 4)]


def test_what_is_joined_for_convolutions_is_joined_as_bytes(made: QuantizationReport) -> None:
    nodes = onnx.load(made.path).graph.node
    made_by = {output: node.op_type for node in nodes for output in node.output}
    joints = [{made_by.get(name) for name in n.input} for n in nodes if n.op_type == "Concat"]
    assert joints.count({"DequantizeLinear"}) == 2  # what the U-Net and its middle take
    assert len(joints) > 2  # costs, and rows of pillars, which stay float


def test_the_card_goes_along(made: QuantizationReport) -> None:
    card, wanted = load_card(made.path), load_card(find_model("zeroflow-rt-2"))
    assert card.graph_sha256 != wanted.graph_sha256
    assert (card.name, card.precision, card.metrics) == ("small", "int8", {})
    assert card.float_graph_sha256 == wanted.graph_sha256
    assert card.git_commit == git_commit() != wanted.git_commit  # that of the rounding
    own = ("name", "graph_sha256", "precision", "float_graph_sha256", "git_commit", "metrics")
    assert replace(card, **{name: getattr(wanted, name) for name in own}) == wanted


def test_any_count_of_threads_gives_the_same(made: QuantizationReport) -> None:
    (inputs,) = calibration_inputs(load_card(made.path), 40, 1)
    expected = OnnxRuntimeEngine(made.path, threads=1).infer(inputs)["displacement"]
    found = OnnxRuntimeEngine(made.path, threads=2).infer(inputs)["displacement"]
    np.testing.assert_array_equal(found, expected)


def test_what_is_rounded_already_is_refused(made: QuantizationReport, tmp_path: Path) -> None:
    for model, precision in ((made.path, "int8"), (find_model("zeroflow-rt-2_fp16"), "fp16")):
        with pytest.raises(ModelError, match=f"it computes in {precision}: .* made of, in FP32"):
            quantize(model, tmp_path / "twice.onnx", "twice")
    assert not list(tmp_path.iterdir())


def test_the_float_model_is_not_overwritten(made: QuantizationReport, tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes(made.path.read_bytes())
    with pytest.raises(ModelError, match="beside it"):
        quantize(own, own, "own")
    assert own.read_bytes() == made.path.read_bytes()


@pytest.mark.parametrize("limit", ["MAX_DIFFERENCE", "MAX_FLIPPED"])
def test_a_model_that_does_not_bear_it_stays_as_it_is(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantization, "CALIBRATION_WORLDS", 1)
    monkeypatch.setattr(quantization, "COMPARISON_WORLDS", 1)
    monkeypatch.setattr(quantization, limit, 1e-5)
    with pytest.raises(ModelError, match="8 bits change the motion"):
        quantize(find_model("zeroflow-rt-2"), tmp_path / "bad.onnx", "bad")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["zeroflow-rt", "zeroflow-rt-2"])
def test_bundled_pairs_say_nearly_the_same(name: str) -> None:
    exact, rounded = find_model(name), bundled_models()[f"{name}_int8"]
    card = load_card(rounded)
    (inputs,) = calibration_inputs(card, 41, 1)
    wanted = OnnxRuntimeEngine(exact).infer(inputs)["displacement"]
    found = OnnxRuntimeEngine(rounded).infer(inputs)["displacement"]
    assert card.version == load_card(exact).version
    moving = np.linalg.norm(wanted, axis=1) > 0.05
    change = np.linalg.norm(found - wanted, axis=1)[moving].sum()
    assert moving.sum() > 100
    assert change < 0.06 * np.linalg.norm(wanted[moving], axis=1).sum()
