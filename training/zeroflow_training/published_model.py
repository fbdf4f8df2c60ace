# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A published checkpoint as a model: ONNX with its card, checked against PyTorch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from zeroflow_ros.errors import ModelError
from zeroflow_training.export import ExportReport, export_network
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


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
