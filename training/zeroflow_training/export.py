# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Export a trained student to ONNX, with its card inside, checked against PyTorch."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.files import written_atomically
from zeroflow_ros.model import CARD_KEY, ModelCard
from zeroflow_ros.network import network_inputs
from zeroflow_ros.onnx_file import read_onnx, with_metadata
from zeroflow_ros.pillars import Pillars
from zeroflow_training.quiet import quiet
from zeroflow_training.students.real_time import RealTimeStudent

INPUTS = ("pillar_features", "pillar_index", "point_pillar", "point_offset")
OUTPUTS = ("displacement", "moving")
OPSET = 18
# What TensorRT 10 and 11 take without plugins.
_ALLOWED = (
    "Add Cast Concat Constant ConstantOfShape Conv CumSum Div Erf Expand Gather Gemm MatMul Mul "
    "Pad ReduceMean Relu Reshape Resize ScatterND Shape Slice Transpose Unsqueeze"
)
ALLOWED_OPERATORS = frozenset(_ALLOWED.split())


@dataclass(frozen=True)
class ExportReport:
    """Difference of ONNX Runtime from PyTorch on simulated sweeps: displacement in millimetres,
    and the logarithm of the odds that a point moves (None where the student does not say).
    """

    path: Path
    max_difference_mm: float
    mean_difference_mm: float
    max_difference_log_odds: float | None
    bytes: int


def export(student: RealTimeStudent, card: ModelCard, path: Path) -> ExportReport:
    """Write the student as ONNX with its card; raises ValueError for an operator not allowed.

    The file appears under its name only after ONNX Runtime agreed with PyTorch to a millimetre and
    a hundredth of the logarithm of the odds.
    """
    made_for, wanted = student.config, (card.grid.size, card.lags)
    if (made_for.size, made_for.lags) != wanted:
        raise ValueError(
            f"the student has size {made_for.size} and lags {made_for.lags}, its card says "
            f"{wanted[0]} and {wanted[1]}"
        )
    return export_graph(student.eval(), card, path, OUTPUTS)


def export_graph(
    graph: nn.Module, card: ModelCard, path: Path, outputs: Sequence[str]
) -> ExportReport:
    """Write what makes named `outputs` of INPUTS as ONNX with its card; see `export`."""
    inputs = example_inputs(card.pillars, card.lags)
    with written_atomically(path) as temporary:
        write_model(temporary, _onnx_bytes(graph, inputs, outputs), card)
        report = _compare(graph, inputs, outputs, temporary)
        if not report.max_difference_mm <= 1.0:  # NaN is refused as well
            raise ValueError(f"ONNX Runtime differs from PyTorch by {report.max_difference_mm} mm")
        odds = report.max_difference_log_odds
        if not (odds is None or odds <= 0.01):
            raise ValueError(f"ONNX Runtime's log odds of motion differ by {odds}")
    return replace(report, path=path)


def write_model(path: Path, graph: bytes, card: ModelCard) -> None:
    """Write an ONNX graph with its card inside, which gets the graph's checksum."""
    path.write_bytes(graph)
    full = replace(card, graph_sha256=read_onnx(path).graph_sha256)
    path.write_bytes(with_metadata(graph, {CARD_KEY: full.to_json()}))


def example_inputs(pillars: Pillars, lags: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Network inputs from a simulated scene (seed fixed), for tracing and for comparison."""
    from zeroflow_training.data.seeds import TEST_SEEDS
    from zeroflow_training.data.simulated import simulated_sample

    sample = simulated_sample(TEST_SEEDS, lags, np.random.default_rng(0))
    return dict(network_inputs(pillars, [pillars.locate(points) for points in sample.sweeps]))


def git_commit() -> str:
    """Commit of the working tree this runs from, '+' when it has changes; 'unknown' outside."""
    here = Path(__file__).resolve().parent
    try:
        commit = _git(here, "rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git(here, "status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def _tensors(inputs: dict[str, np.ndarray]) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(np.ascontiguousarray(inputs[name])) for name in INPUTS)


def _onnx_bytes(graph: nn.Module, inputs: dict[str, np.ndarray], outputs: Sequence[str]) -> bytes:
    from torch.export import Dim

    pillars, points = Dim("pillars"), Dim("points")
    with quiet("torch.onnx", "onnx_ir"):  # of the exporter's internals
        program = torch.onnx.export(
            graph,
            _tensors(inputs),
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


def _compare(
    graph: nn.Module, inputs: dict[str, np.ndarray], outputs: Sequence[str], path: Path
) -> ExportReport:
    with torch.inference_mode():
        answers = graph(*_tensors(inputs))
    found = OnnxRuntimeEngine(path).infer(inputs)
    differences = {
        name: np.abs(found[name] - answer.numpy())
        for name, answer in zip(outputs, answers, strict=True)
    }
    displacement = 1e3 * differences["displacement"]
    return ExportReport(
        path,
        float(displacement.max()),
        float(displacement.mean()),
        float(differences["moving"].max()) if "moving" in differences else None,
        path.stat().st_size,
    )
