# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Quantise an exported model: 8-bit layers, for CPUs; calibrated on simulated worlds."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.errors import ModelError
from zeroflow_ros.files import written_atomically
from zeroflow_ros.ground import ground_segmenter
from zeroflow_ros.model import ModelCard, load_card
from zeroflow_ros.network import log_odds_of, network_inputs
from zeroflow_training.data.augmentation import forget
from zeroflow_training.data.seeds import TEST_SEEDS
from zeroflow_training.data.simulated import simulated_sample
from zeroflow_training.export import git_commit, write_model

if TYPE_CHECKING:
    from onnx import ModelProto

CALIBRATION_WORLDS, COMPARISON_WORLDS = 24, 8
MIN_CHANNELS = 32  # smaller ones are the features that get matched: cheap, and wanted exact
PASSED_ON = ("Relu", "Reshape", "Transpose")  # the same numbers, or zero
MOVING_M = 0.05
# Of the motion, and of the points that move for certain: more would be broken, not rounded.
MAX_DIFFERENCE, MAX_FLIPPED = 0.1, 0.15

Inputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class QuantizationReport:
    """What 8 bits changed, on simulated worlds that had no part in the calibration.

    `difference`: length of the change over length of the motion, summed over moving points.
    `still_mm`: mean change of the other points' displacement. `flipped`: points that became or
    ceased to be certain to move, over those that are.
    """

    path: Path
    convolutions: int
    difference: float
    still_mm: float
    flipped: float
    bytes: int


def quantize(model: Path, path: Path, name: str) -> QuantizationReport:
    """Write `model` with 8-bit layers and per-channel weights as `path`, with its card.

    ONNX Runtime's static quantisation in QDQ form (activations uint8, weights int8), ranges from
    simulated worlds by fixed seeds: convolutions, and the matrix products whose features they take.
    The last convolution and those with few channels stay float: they cost little and say most.
    TensorRT takes no uint8: engines for GPUs are built from `model`.
    Raises ModelError for a file that is no float model of ours, and where 8 bits change too much.
    """
    card = load_card(model)
    if path.exists() and path.samefile(model):
        raise ModelError(f"model {model}: write the 8-bit model beside it, it will be wanted again")
    if card.precision != "fp32":
        made_of = "take the one that it was made of, in FP32"
        raise ModelError(f"model {model}: it computes in {card.precision}: {made_of}")
    with written_atomically(path) as temporary:
        graph, convolutions = _quantized(model, card)
        made = replace(
            card,
            name=name,
            precision="int8",
            float_graph_sha256=card.graph_sha256,
            git_commit=git_commit(),
            metrics={},
        )
        write_model(temporary, graph, made)
        report = _compare(model, temporary, card, convolutions)
        if not (report.difference <= MAX_DIFFERENCE and report.flipped <= MAX_FLIPPED):
            raise ModelError(
                f"model {model}: 8 bits change the motion it says by {report.difference:.0%} and "
                f"whether it moves for {report.flipped:.0%}; it stays as it is"
            )
    return replace(report, path=path)


def calibration_inputs(card: ModelCard, first: int, count: int) -> Iterator[Inputs]:
    """Network inputs of `count` simulated worlds, any lidar, from seed TEST_SEEDS - 1 - first on
    downwards; some miss older sweeps, as at the start of a drive.
    """
    ground, pillars = ground_segmenter(card.ground), card.pillars
    for seed in range(TEST_SEEDS - 1 - first, TEST_SEEDS - 1 - first - count, -1):
        rng = np.random.default_rng(seed)
        sample = forget(simulated_sample(seed, card.lags, rng), rng)
        located = [pillars.locate(points) for points in sample.sweeps]
        yield dict(network_inputs(pillars, [ground.split(card.grid, s).above for s in located]))


class _Calibration:
    """Inputs one after another, as `onnxruntime.quantization` wants them."""

    def __init__(self, card: ModelCard) -> None:
        self._inputs = calibration_inputs(card, 0, CALIBRATION_WORLDS)

    def get_next(self) -> Inputs | None:
        return next(self._inputs, None)


def _quantized(model: Path, card: ModelCard) -> tuple[bytes, int]:
    """The quantised graph, without card, and how many of its convolutions have 8 bits."""
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    graph = onnx.load(model)
    convolutions = _worth_quantizing(graph)
    if not convolutions:
        raise ModelError(f"model {model}: none of its convolutions is worth 8 bits")
    joints = _joints(graph, convolutions)
    layers = [*convolutions, *_encoders(graph, [*convolutions, *joints])]
    with _quiet(), tempfile.TemporaryDirectory() as scratch:
        bare, out = Path(scratch) / "bare.onnx", Path(scratch) / "int8.onnx"
        del graph.metadata_props[:]
        onnx.save(graph, bare)
        quantize_static(
            bare,
            out,
            _Calibration(card),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm", "Relu", "Concat"],
            nodes_to_quantize=[*layers, *_activations(graph, layers), *joints],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # Activations: the extremes of all worlds. What recordings have beyond them is cut off,
            # and flow with it: by their mean, the flow of a real jam comes out 7 % short.
            extra_options={"TensorQuantOverrides": _weight_ranges(graph, layers)},
        )
        return out.read_bytes(), len(convolutions)


def _worth_quantizing(model: ModelProto) -> list[str]:
    """Names of the convolutions to quantise; those that are already have no kernel of their own."""
    channels = {tensor.name: tensor.dims[0] for tensor in model.graph.initializer if tensor.dims}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    return [n.name for n in convolutions[:-1] if channels.get(n.input[1], 0) >= MIN_CHANNELS]


def _encoders(model: ModelProto, users: Sequence[str]) -> list[str]:
    """Names of the matrix products whose features `users` take: rows that become maps."""

    def taken(tensor: str) -> bool:
        readers = [node for node in model.graph.node if tensor in node.input]
        return any(
            n.name in users or (n.op_type in PASSED_ON and taken(n.output[0])) for n in readers
        )

    return [n.name for n in model.graph.node if n.op_type == "Gemm" and taken(n.output[0])]


def _weight_ranges(model: ModelProto, layers: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Of the weights of `layers`: what 127 stands for, by output channel.

    Processors without VNNI add two products in 16 bits, of inputs that lie side by side, channels
    last. So two such weights make 128 at most (the largest then mostly has 7 of 8 bits).
    """
    from onnx.numpy_helper import to_array

    kernels = {tensor.name: tensor for tensor in model.graph.initializer}
    ranges = {}
    for name in (node.input[1] for node in model.graph.node if node.name in layers):
        kernel = to_array(kernels[name])
        rows = np.moveaxis(kernel, 1, -1).reshape(len(kernel), -1)
        even = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))
        pairs = even[:, 0::2] + even[:, 1::2]
        largest = np.maximum(np.abs(rows).max(1), np.abs(pairs).max(1))
        ranges[name] = [{"axis": 0, "rmin": -most, "rmax": most} for most in largest]
    return ranges


def _activations(model: ModelProto, layers: Sequence[str]) -> list[str]:
    """Names of the ReLUs behind `layers`: what they cut off needs no steps of the 256."""
    nodes = model.graph.node
    outputs = {output for node in nodes if node.name in layers for output in node.output}
    return [node.name for node in nodes if node.op_type == "Relu" and node.input[0] in outputs]


def _joints(model: ModelProto, convolutions: Sequence[str]) -> list[str]:
    """Names of the concatenations whose only use is in `convolutions`: they join bytes then."""
    nodes, found = model.graph.node, []
    for joint in (node for node in nodes if node.op_type == "Concat"):
        users = {node.name for node in nodes if joint.output[0] in node.input}
        if users and users <= set(convolutions):
            found.append(joint.name)
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantiser logs advice for its own authors to the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _compare(model: Path, path: Path, card: ModelCard, convolutions: int) -> QuantizationReport:
    exact, rounded = OnnxRuntimeEngine(model), OnnxRuntimeEngine(path)
    change, length, certain, flipped = [], [], 0, 0
    for inputs in calibration_inputs(card, CALIBRATION_WORLDS, COMPARISON_WORLDS):
        wanted, got = exact.infer(inputs), rounded.infer(inputs)
        before, after = (np.asarray(x["displacement"], np.float32) for x in (wanted, got))
        change.append(np.linalg.norm(after - before, axis=1))
        length.append(np.linalg.norm(before, axis=1))
        moves, still_moves = (_certain(answer, card.certainty) for answer in (wanted, got))
        certain, flipped = certain + int(moves.sum()), flipped + int((moves != still_moves).sum())
    changes, lengths = np.concatenate(change), np.concatenate(length)
    moving = lengths > MOVING_M
    return QuantizationReport(
        path,
        convolutions,
        float(changes[moving].sum() / max(lengths[moving].sum(), 1e-9)),
        float(1e3 * changes[~moving].sum() / max((~moving).sum(), 1)),
        flipped / max(certain, 1),
        path.stat().st_size,
    )


def _certain(answer: dict[str, npt.NDArray[np.generic]], certainty: float) -> npt.NDArray[np.bool_]:
    """Which points move for certain; none where a model does not say."""
    odds = np.asarray(answer.get("moving", np.empty(0)), np.float64)
    return odds > log_odds_of(certainty)
