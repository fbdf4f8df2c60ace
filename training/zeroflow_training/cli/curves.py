# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow curves`: the course of a training run as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_EPILOG = """
[bold]Example[/bold]

  zeroflow curves runs/first -o first.png
"""


def curves(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", exists=True, file_okay=False, help="A run's folder.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="PNG to write; default: RUN/curves.png.")
    ] = None,
) -> None:
    """Draw errors and loss of a training run, also while it runs."""
    from zeroflow_training.curves import draw_curves

    path = out or folder / "curves.png"
    draw_curves(folder, path)
    typer.echo(path)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(curves)
