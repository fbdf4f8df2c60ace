# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LayerPrecisions: how many layers compute in FP16, told by TensorRT itself and not by a flag."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_FP16, _FP32, _OTHER, _UNKNOWN = "fp16", "fp32", "other", "unknown"
# Types as networks ("HALF") and built engines ("Half", "Row major linear FP16 format") name them.
_KINDS = (
    (re.compile(r"bf16|bfloat", re.IGNORECASE), _OTHER),
    (re.compile(r"half|fp16", re.IGNORECASE), _FP16),
    (re.compile(r"float|fp32", re.IGNORECASE), _FP32),
)
# Layers of a built engine that move or wait for values.
_NOT_COMPUTING = frozenset({"Constant", "NoOp", "Reformat", "signal", "wait"})


@dataclass(frozen=True)
class LayerPrecisions:
    """Layers by the type of what they say. One that says FP32 beside FP16 counts as FP32.

    `other`: integers, booleans and further types; `unknown`: the engine does not tell.
    """

    fp16: int = 0
    fp32: int = 0
    other: int = 0
    unknown: int = 0

    def __str__(self) -> str:
        text = f"{self.fp16} layers in FP16, {self.fp32} in FP32, {self.other} in other types"
        return text + (f", {self.unknown} unknown" if self.unknown else "")


def network_precisions(trt: Any, network: Any) -> LayerPrecisions:
    """Count the layers of a parsed network, as the ONNX graph wants them; needs no GPU."""
    layers = [network.get_layer(index) for index in range(network.num_layers)]
    return _counted(
        [layer.get_output_type(k).name for k in range(layer.num_outputs)]
        for layer in layers
        if layer.type != trt.LayerType.CONSTANT
    )


def engine_precisions(information: str) -> LayerPrecisions:
    """Count the layers of a built engine: its inspector's JSON, as of TensorRT 10 and 11.

    Engines that were built with little verbosity give names only: all unknown.
    """
    try:
        # Not strict: names of ONNX nodes come with control characters between them.
        layers = json.loads(information, strict=False)["Layers"]
    except (ValueError, KeyError, TypeError):
        return LayerPrecisions()
    return _counted(_output_types(layer) for layer in layers if not _moves_only(layer))


def _moves_only(layer: Any) -> bool:
    return isinstance(layer, dict) and layer.get("LayerType") in _NOT_COMPUTING


def _output_types(layer: Any) -> list[str]:
    outputs = layer.get("Outputs", []) if isinstance(layer, dict) else []
    return [_type_of(output) for output in outputs if isinstance(output, dict)]


def _type_of(output: dict[str, Any]) -> str:
    """In "Format/Datatype" with TensorRT 10, in a "DataType" of its own with 11."""
    named = (str(value) for key, value in output.items() if "datatype" in key.lower())
    return next(named, "")


def _counted(layers: Iterable[list[str]]) -> LayerPrecisions:
    return LayerPrecisions(**Counter(_kind(types) for types in layers))


def _kind(types: list[str]) -> str:
    kinds = {_kind_of_one(text) for text in types if text}
    return next((kind for kind in (_FP32, _FP16, _OTHER) if kind in kinds), _UNKNOWN)


def _kind_of_one(text: str) -> str:
    return next((kind for pattern, kind in _KINDS if pattern.search(text)), _OTHER)
