# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow import-checkpoint`: a published ZeroFlow checkpoint as ONNX with its card inside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zeroflow_ros.cli.options import AsJson
from zeroflow_training.cli.export import CheckOn

_EPILOG = """
[bold]Example[/bold]

  zeroflow import-checkpoint zeroflow.ckpt -o zeroflow.onnx

  zeroflow pair before.npy after.npy -o flow.npz --raw --model zeroflow.onnx
"""


def import_checkpoint(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            metavar="CKPT", help="Published by ZeroFlow's authors, base or XL, or of their code."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .onnx to write.")],
    name: Annotated[
        str | None, typer.Option(help="Name on the model's card; default: that of OUT.")
    ] = None,
    version: Annotated[str, typer.Option(help="Version on the model's card.")] = "0.1.0",
    check_on: CheckOn = None,
    as_json: AsJson = False,
) -> None:
    """Export a published ZeroFlow or FastFlow3D checkpoint to ONNX, checked against PyTorch.

    OUT computes in FP32; beside it comes NAME_fp16.onnx for TensorRT. They want clouds without
    ground and take seconds a sweep on a CPU: for comparison with what was published rather than for
    vehicles.
    """
    from zeroflow_training.cli import export_report
    from zeroflow_training.published_model import import_checkpoint as run_import

    exported = run_import(checkpoint, out, name or out.stem, version, check_on)
    export_report.report(exported, as_json)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("import-checkpoint", epilog=_EPILOG)(import_checkpoint)
