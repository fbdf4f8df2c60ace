# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A network as an ONNX graph of operators that every engine has."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from zeroflow_training.quiet import quiet

INPUTS = ("pillar_features", "pillar_index", "point_pillar", "point_offset")
OPSET = 18
# What TensorRT 10 and 11 take without plugins.
_ALLOWED = (
    "Add Cast Concat Constant ConstantOfShape Conv CumSum Div Erf Expand Gather Gemm MatMul Mul "
    "Pad ReduceMean Relu Reshape Resize ScatterND Shape Slice Transpose Unsqueeze"
)
ALLOWED_OPERATORS = frozenset(_ALLOWED.split())

Inputs = Mapping[str, np.ndarray]


def onnx_bytes(graph: nn.Module, inputs: Inputs, outputs: Sequence[str]) -> bytes:
    """What makes named `outputs` of INPUTS, traced with `inputs`, for any counts of pillars and
    points. Raises ValueError that names the node for an operator that is not allowed.
    """
    from torch.export import Dim

    pillars, points = Dim("pillars"), Dim("points")
    with quiet("torch.onnx", "onnx_ir"):  # of the exporter's internals
        program = torch.onnx.export(
            graph,
            tensors(inputs),
            dynamo=True,
            verbose=False,
            input_names=list(INPUTS),
            output_names=list(outputs),
            dynamic_shapes=({0: pillars}, {0: pillars}, {0: points}, {0: points}),
            opset_version=OPSET,
        )
    assert program is not None
    program.optimize()
    for node in program.model.graph:
        if node.op_type not in ALLOWED_OPERATORS:
            raise ValueError(
                f"node {node.name}: operator {node.op_type} is not in the allowed list"
            )
        # Source lines of the exporting machine do not belong into a published model.
        node.metadata_props.clear()
        node.doc_string = None
    buffer = io.BytesIO()
    import onnx

    onnx.save(program.model_proto, buffer)
    return buffer.getvalue()


def tensors(inputs: Inputs) -> tuple[Tensor, ...]:
    """INPUTS as PyTorch takes them."""
    return tuple(torch.from_numpy(np.ascontiguousarray(inputs[name])) for name in INPUTS)
