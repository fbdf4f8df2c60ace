# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Export what `fit` wrote: whatever kind of student a checkpoint holds."""

from __future__ import annotations

from pathlib import Path

from zeroflow_ros.errors import ModelError
from zeroflow_ros.model import ModelCard
from zeroflow_ros.pillars import FEATURE_NAMES, PillarGrid
from zeroflow_training.checkpoint import load_network, load_student, opened
from zeroflow_training.export import ExportReport, export, export_network, git_commit
from zeroflow_training.students.kinds import DEFAULT_KIND, kind_of
from zeroflow_training.students.real_time import CELL_M, Z_RANGE_M, RealTimeStudent
from zeroflow_training.training_data import learned_from

RANGE_M = 51.2
CERTAINTY = 0.8


def export_checkpoint(
    checkpoint: Path,
    path: Path,
    name: str,
    version: str,
    two_sweeps: bool = False,
    certainty: float | None = None,
    check_on: Path | None = None,
) -> ExportReport:
    """Export what `fit` wrote, on the full grid of the vehicle, with a card that names its source.

    In FP32 as `path` and in mixed FP16 beside it, see `export`; `check_on`: a folder of sequences.

    Of a real-time student: `two_sweeps`: only the part that looks at the last two; `certainty` from
    which on a body moves, 0 to 1 (None: CERTAINTY). Other kinds have no such choice.
    Raises ZeroflowError for a file that is no checkpoint of ours, and for weights whose answers
    ONNX Runtime does not give.
    """
    with opened(checkpoint) as state:
        kind = kind_of(state["hyper_parameters"]["student"])
        training_data = learned_from(state, checkpoint)
    try:
        if kind == DEFAULT_KIND:
            student = load_student(checkpoint, round(2 * RANGE_M / CELL_M))
            if two_sweeps:
                student = student.two_sweeps()
            certainty = CERTAINTY if certainty is None else certainty
            return _export(student, path, name, version, training_data, certainty, check_on)
        network = load_network(checkpoint)
        if two_sweeps:
            raise ModelError(f"'{checkpoint}' is a {kind} student, which has no other part")
        if certainty is not None:
            raise ModelError(f"'{checkpoint}' is a {kind} student, which never says what moves")
        return export_network(network, path, name, version, training_data, check_on)
    except ValueError as error:
        raise ModelError(f"'{checkpoint}' cannot be exported: {error}") from error


def _export(
    student: RealTimeStudent,
    path: Path,
    name: str,
    version: str,
    training_data: str,
    certainty: float,
    check_on: Path | None,
) -> ExportReport:
    card = ModelCard(
        name=name,
        version=version,
        grid=PillarGrid(RANGE_M, CELL_M, *Z_RANGE_M),
        interval_s=0.1,
        lags=student.config.lags,
        features=FEATURE_NAMES,
        ground="keep",
        bodies="rigid",
        certainty=certainty,
        training_data=training_data,
        git_commit=git_commit(),
        graph_sha256="",
    )
    return export(student, card, path, check_on)
