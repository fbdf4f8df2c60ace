# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Export a trained student to ONNX, in FP32 and in mixed FP16, cards inside, checked."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from zeroflow_ros.engines.engine_check import Difference, check_engine
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.files import written_atomically
from zeroflow_ros.geometry import Points
from zeroflow_ros.model import CARD_KEY, HALF, ModelCard, half_model
from zeroflow_ros.onnx_file import read_onnx, with_metadata
from zeroflow_ros.reference_sample import SAMPLE_KEY, ReferenceSample
from zeroflow_training.data.sample import INTERVAL_S
from zeroflow_training.export_check import (
    SIMULATED,
    Expected,
    card_inputs,
    recorded_sweeps,
    simulated_sweeps,
)
from zeroflow_training.onnx_graph import Inputs, onnx_bytes
from zeroflow_training.students.half_precision import Headed, half_inside
from zeroflow_training.students.real_time import RealTimeStudent
from zeroflow_training.students.student import Student

OUTPUTS = ("displacement", "moving")


@dataclass(frozen=True)
class Limits:
    """What a graph may differ from PyTorch in FP32 before it is refused; see Difference."""

    max_mm: float
    mean_mm: float
    log_odds: float

    def check(self, found: Difference, sweeps: str) -> None:
        """Raise ValueError for a difference beyond, or NaN."""
        if not (found.max_mm <= self.max_mm and found.mean_mm <= self.mean_mm):
            raise ValueError(f"ONNX Runtime differs from PyTorch by {found} on {sweeps} sweeps")
        if not (found.max_log_odds is None or found.max_log_odds <= self.log_odds):
            raise ValueError(
                f"ONNX Runtime's log odds of motion differ by {found.max_log_odds:.3g} on {sweeps} "
                "sweeps"
            )


FP32_LIMITS = Limits(1.0, 1.0, 0.01)
FP16_LIMITS = Limits(50.0, 1.0, 0.5)
# What engines of the FP16 graph may differ: other processors round in another order.
TOLERANCE_MM, TOLERATED = 10.0, 4.0


@dataclass(frozen=True)
class GraphReport:
    """A file, its size, and how far ONNX Runtime is from PyTorch in FP32 on sweeps, by name."""

    path: Path
    differences: Mapping[str, Difference]
    bytes: int


@dataclass(frozen=True)
class ExportReport:
    """The graph in FP32, and the same computed in FP16 inside."""

    single: GraphReport
    half: GraphReport


def export(
    student: RealTimeStudent, card: ModelCard, path: Path, real_sweeps: Path | None = None
) -> ExportReport:
    """Write a student as `path` and, FP16 inside, as `half_model(path)`; see `export_graph`."""
    made_for, wanted = student.config, (card.grid.size, card.lags)
    if (made_for.size, made_for.lags) != wanted:
        raise ValueError(
            f"the student has size {made_for.size} and lags {made_for.lags}, its card says "
            f"{wanted[0]} and {wanted[1]}"
        )
    return export_graph(student.eval(), card, path, OUTPUTS, real_sweeps)


def export_network(
    network: Student,
    path: Path,
    name: str,
    version: str,
    training_data: str,
    real_sweeps: Path | None = None,
) -> ExportReport:
    """Write what vehicles run of a student, with a card; see `export_graph`."""
    graph, outputs, fields = network.on_vehicle()
    card = ModelCard(
        name=name,
        version=version,
        interval_s=INTERVAL_S,
        training_data=training_data,
        git_commit=git_commit(),
        graph_sha256="",
        **fields,
    )
    card.check(name)
    return export_graph(graph.eval(), card, path, outputs, real_sweeps)


def export_graph(
    graph: Headed,
    card: ModelCard,
    path: Path,
    outputs: Sequence[str],
    real_sweeps: Path | None = None,
) -> ExportReport:
    """Write what makes named `outputs` of INPUTS as two ONNX files with cards and a sample inside.

    They appear under their names only after ONNX Runtime agreed with PyTorch (FP32) within
    FP32_LIMITS and FP16_LIMITS on simulated sweeps, and on those of `real_sweeps`, a folder of
    sequences. Raises ValueError where it does not, and for an operator that is not allowed.
    """
    seen = _Seen.of(graph, card, outputs, real_sweeps)
    half_path = half_model(path)
    with written_atomically(path) as single, written_atomically(half_path) as half:
        differences = _write_checked(single, graph, outputs, seen, FP32_LIMITS)
        sample = ReferenceSample.of(seen.simulated, card.pillars, OnnxRuntimeEngine(single))
        card = seen.told(card, differences)
        write_model(single, single.read_bytes(), card, sample)
        half_differences = _write_checked(half, half_inside(graph), outputs, seen, FP16_LIMITS)
        worst_mm = max(difference.max_mm for difference in half_differences.values())
        half_card = replace(
            seen.told(card, half_differences),
            name=f"{card.name}{HALF}",
            precision="fp16",
            float_graph_sha256=read_onnx(single).graph_sha256,
            tolerance_mm=max(TOLERANCE_MM, TOLERATED * worst_mm),
        )
        write_model(half, half.read_bytes(), half_card, sample)
        check_engine(OnnxRuntimeEngine(half), half_card, sample)  # as whoever builds engines will
    return ExportReport(
        GraphReport(path, differences, path.stat().st_size),
        GraphReport(half_path, half_differences, half_path.stat().st_size),
    )


@dataclass(frozen=True)
class _Seen:
    """What graphs are checked on: `simulated` sweeps, and PyTorch's words by source of sweeps."""

    simulated: tuple[Points, ...]
    expected: Mapping[str, Expected]

    @staticmethod
    def of(
        graph: Headed, card: ModelCard, outputs: Sequence[str], real_sweeps: Path | None
    ) -> _Seen:
        sweeps = {SIMULATED: simulated_sweeps(card.lags)}
        if real_sweeps is not None:
            name = real_sweeps.resolve().name
            if name == SIMULATED:  # whose sweeps go into the model: nobody's recordings may
                raise ValueError(f"real sweeps may not be called '{name}': rename {real_sweeps}")
            sweeps[name] = recorded_sweeps(real_sweeps, card.lags)
        expected = {
            name: Expected.of(graph, card_inputs(card, each), outputs)
            for name, each in sweeps.items()
        }
        return _Seen(sweeps[SIMULATED], expected)

    @property
    def example(self) -> Inputs:
        """To trace with."""
        return self.expected[SIMULATED].inputs

    def told(self, card: ModelCard, differences: Mapping[str, Difference]) -> ModelCard:
        """The card with how many pillars and points are usual, and the differences."""
        metrics = {
            f"{name}_{key}": value
            for name, difference in differences.items()
            for key, value in asdict(difference).items()
            if value is not None
        }
        typical = (len(self.example["pillar_index"]), len(self.example["point_pillar"]))
        return replace(card, typical=typical, metrics=metrics)


def _write_checked(
    path: Path, graph: Headed, outputs: Sequence[str], seen: _Seen, limits: Limits
) -> dict[str, Difference]:
    """Write a graph without card. Raises ValueError where its answers are beyond `limits`."""
    path.write_bytes(onnx_bytes(graph, seen.example, outputs))
    engine = OnnxRuntimeEngine(path)
    differences = {name: each.difference(engine) for name, each in seen.expected.items()}
    for name, difference in differences.items():
        limits.check(difference, name)
    return differences


def write_model(
    path: Path, graph: bytes, card: ModelCard, sample: ReferenceSample | None = None
) -> None:
    """Write an ONNX graph with its card inside, which gets the graph's checksum."""
    path.write_bytes(graph)
    full = replace(card, graph_sha256=read_onnx(path).graph_sha256)
    metadata = {CARD_KEY: full.to_json()}
    if sample is not None:
        metadata[SAMPLE_KEY] = sample.encode()
    path.write_bytes(with_metadata(graph, metadata))


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
