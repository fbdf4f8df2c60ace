# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What TensorRT's engine inspector says, as it writes it, becomes counts of layers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zeroflow_ros.engines.layer_precision import LayerPrecisions, engine_precisions


def layer(kind: str, *outputs: str, inputs: tuple[str, ...] = ("Half",)) -> dict[str, Any]:
    def tensors(types: tuple[str, ...]) -> list[dict[str, Any]]:
        return [
            {"Name": f"t{k}", "Location": "Device", "Dimensions": [1, 8], "Format/Datatype": text}
            for k, text in enumerate(types)
        ]

    return {
        "Name": "[CONVOLUTION]-[node_conv2d]",
        "LayerType": kind,
        "Inputs": tensors(inputs),
        "Outputs": tensors(outputs),
        "ParameterType": "Convolution",
        "Weights": {"Type": "Half", "Count": 131072},
        "TacticValue": "0x11bde0e1d9f2f35d",
        "Metadata": "[ONNX Layer: node_conv2d]",
    }


def counts(*layers: Any) -> LayerPrecisions:
    return engine_precisions(json.dumps({"Layers": list(layers), "Bindings": ["x", "y"]}))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Half", "fp16"),
        ("Row major linear FP16 format", "fp16"),
        ("Channel major FP16 format where channel % 8 == 0", "fp16"),
        ("Two wide channel vectorized row major FP16 format", "fp16"),
        ("Float", "fp32"),
        ("Row major linear FP32", "fp32"),
        ("BFloat16", "other"),
        ("Row major linear BF16 format", "other"),
        ("Thirty-two wide channel vectorized row major Int8 format.", "other"),
        ("Int32", "other"),
        ("Row major linear BOOL", "other"),
    ],
)
def test_each_way_in_which_tensorrt_names_a_type(text: str, kind: str) -> None:
    assert counts(layer("CaskConvolution", text)) == LayerPrecisions(**{kind: 1})


def test_tensorrt_11_names_types_apart_from_formats() -> None:
    convolution = layer("CaskConvolution", "Half")
    for output in convolution["Outputs"]:
        del output["Format/Datatype"]
        output.update({"Format": "Row major linear", "DataType": "Half"})
    assert counts(convolution) == LayerPrecisions(fp16=1)


def test_only_layers_that_compute_count_and_fp32_beside_fp16_is_fp32() -> None:
    found = counts(
        layer("CaskConvolution", "Half"),
        layer("CaskGemmConvolution", "Half", inputs=("Half", "Float")),
        layer("kgen", "Half", "Float"),
        layer("kgen", "Half", "Int32"),
        layer("Reformat", "Half", inputs=("Float",)),
        layer("Constant", "Half"),
        layer("NoOp", "Float"),
        layer("signal"),
        layer("shape_call", "Int64"),
    )
    assert found == LayerPrecisions(fp16=3, fp32=1, other=1)
    assert str(found) == "3 layers in FP16, 1 in FP32, 1 in other types"


def test_layers_that_give_only_their_names_are_unknown() -> None:
    found = counts("node_conv2d + node_relu", "Reformatting CopyNode for Input Tensor 0")
    assert found == LayerPrecisions(unknown=2)
    assert str(found) == "0 layers in FP16, 0 in FP32, 0 in other types, 2 unknown"


@pytest.mark.parametrize("text", ["", "null", "[]", '{"Layers": [{"Name": "a"b"}]}', '{"Layers"'])
def test_what_is_no_such_json_counts_nothing(text: str) -> None:
    assert engine_precisions(text) == LayerPrecisions()


def test_control_characters_between_names_are_read_over() -> None:
    text = json.dumps({"Layers": [layer("kgen", "Half")]})
    raw = text.replace("[ONNX Layer: node_conv2d]", "[ONNX Layer: a]\x1e[ONNX Layer: b]")
    assert "\x1e" in raw
    assert engine_precisions(raw) == LayerPrecisions(fp16=1)
