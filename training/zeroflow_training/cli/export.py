# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow export`: a trained student as ONNX with its card inside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zeroflow_ros.cli.options import AsJson

CheckOn = Annotated[
    Path | None,
    typer.Option(
        "--check-on",
        metavar="DATA",
        help="Sequences (import-bag, ...): real sweeps to compare with PyTorch on as well.",
    ),
]

_EPILOG = """
[bold]Examples[/bold]

  zeroflow export runs/first/last.ckpt -o mine.onnx --check-on DATA

  zeroflow export runs/first/last.ckpt -o mine-2.onnx --two-sweeps
"""


def export(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="A .ckpt that `zeroflow fit` wrote.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .onnx to write.")],
    name: Annotated[
        str | None, typer.Option(help="Name on the model's card; default: that of OUT.")
    ] = None,
    two_sweeps: Annotated[
        bool, typer.Option("--two-sweeps", help="Only the part that looks at the last two sweeps.")
    ] = False,
    version: Annotated[str, typer.Option(help="Version on the model's card.")] = "0.1.0",
    certainty: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="From which on a body moves. Less finds more, also what is false.",
        ),
    ] = None,
    check_on: CheckOn = None,
    as_json: AsJson = False,
) -> None:
    """Export a student to ONNX, checked against PyTorch, ready for `zeroflow run --model`.

    OUT computes in FP32. Beside it comes NAME_fp16.onnx, of which TensorRT makes an FP16 engine.
    """
    from zeroflow_training.checkpoint_export import export_checkpoint
    from zeroflow_training.cli import export_report

    exported = export_checkpoint(
        checkpoint, out, name or out.stem, version, two_sweeps, certainty, check_on
    )
    export_report.report(exported, as_json)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(export)
