# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow export`: a trained student as ONNX with its card inside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_EPILOG = """
[bold]Examples[/bold]

  zeroflow export runs/first/last.ckpt -o mine.onnx

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
) -> None:
    """Export a student to ONNX, checked against PyTorch, ready for `zeroflow run --model`."""
    from zeroflow_training.checkpoint_export import export_checkpoint

    report = export_checkpoint(checkpoint, out, name or out.stem, version, two_sweeps, certainty)
    odds = report.max_difference_log_odds
    typer.echo(
        f"{report.path}: {report.bytes / 1e6:.1f} MB; ONNX Runtime differs from PyTorch by at most "
        f"{report.max_difference_mm:.4f} mm ({report.mean_difference_mm:.5f} mm in the mean)"
        + ("" if odds is None else f" and {odds:.5f} in the log odds of motion")
    )


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(export)
