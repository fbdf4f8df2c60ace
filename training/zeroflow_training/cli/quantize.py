# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow quantize`: an exported model with 8-bit layers, faster on CPUs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from zeroflow_ros.cli.options import AsJson

_EPILOG = """
[bold]Example[/bold]

  zeroflow quantize mine.onnx -o mine_int8.onnx
"""


def quantize(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", exists=True, dir_okay=False, help="What `zeroflow export` wrote."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .onnx to write.")],
    name: Annotated[
        str | None, typer.Option(help="Name on the model's card; default: that of OUT.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Round a model's large layers to 8 bits for CPUs, calibrated on simulated worlds.

    GPUs want the model as it was exported.
    """
    from zeroflow_ros.cli.summary import print_json
    from zeroflow_training.quantization import quantize as run_quantize

    report = run_quantize(model, out, name or out.stem)
    if as_json:
        told = asdict(report)
        print_json({"output": told.pop("path"), **told})
        return
    typer.echo(
        f"{report.path}: {report.bytes / 1e6:.1f} MB, {report.convolutions} convolutions of 8 bits "
        f"change what moves by {report.difference:.1%} and the rest by {report.still_mm:.1f} mm; "
        f"{report.flipped:.1%} of what moves for certain did not, or does not"
    )


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(quantize)
