# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A published checkpoint as a model: ONNX with its card, checked against PyTorch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from zeroflow_ros.errors import ModelError
from zeroflow_ros.learned_pillars import ENCODER_INPUTS
from zeroflow_ros.model import ModelCard
from zeroflow_ros.pillars import PillarGrid
from zeroflow_training.export import ExportReport, export_graph, git_commit
from zeroflow_training.students.fastflow3d import FastFlow3D
from zeroflow_training.students.fastflow3d_graph import FastFlow3DGraph, pillar_encoder
from zeroflow_training.students.published import load_published

CHUNK = 1 << 20


def import_checkpoint(
    checkpoint: Path, path: Path, name: str, version: str, check_on: Path | None = None
) -> ExportReport:
    """Write a published checkpoint of ZeroFlow or FastFlow3D as ONNX with a card that names it.

    Raises ZeroflowError for a file that is none, and where ONNX Runtime does not agree with
    PyTorch to a millimetre.
    """
    network = load_published(checkpoint)
    source = f"checkpoint {checkpoint.name}, sha256 {_sha256(checkpoint)}"
    try:
        return export_network(network, path, name, version, source, check_on)
    except ValueError as error:
        raise ModelError(f"'{checkpoint}' cannot be exported: {error}") from error


def export_network(
    network: FastFlow3D,
    path: Path,
    name: str,
    version: str,
    training_data: str,
    check_on: Path | None = None,
) -> ExportReport:
    """Write a FastFlow3D as ONNX with a card, see `export_graph`."""
    config = network.config
    card = ModelCard(
        name=name,
        version=version,
        grid=PillarGrid(config.range_m, config.cell_m, -config.height_m, config.height_m),
        interval_s=0.1,
        lags=(0, 1),
        features=ENCODER_INPUTS,
        ground="remove",
        bodies="none",
        pillar_encoder=pillar_encoder(network.pillar_encoder),
        training_data=training_data,
        git_commit=git_commit(),
        graph_sha256="",
    )
    graph = FastFlow3DGraph(network).eval()
    return export_graph(graph, card, path, ["displacement"], check_on)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
