# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow average`: a student in the middle between two."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_EPILOG = """
[bold]Example[/bold]

  zeroflow average first/last.ckpt second/last.ckpt -o both.ckpt
"""


def average(
    first: Annotated[
        Path, typer.Argument(metavar="FIRST", exists=True, dir_okay=False, help="A checkpoint.")
    ],
    second: Annotated[
        Path,
        typer.Argument(
            metavar="SECOND", exists=True, dir_okay=False, help="Of a run that began with FIRST."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .ckpt to write.")],
    seed: Annotated[
        int, typer.Option(min=0, max=98, help="Of the windows that set the statistics.")
    ] = 0,
) -> None:
    """Average the weights of a run's start and end; often better than both.

    Of real-time students. The statistics of their normalisation are measured on simulated streets,
    also where they learned from recorded drives: compare the average with both before you use it.
    """
    from zeroflow_training.average import average as run_average

    typer.echo(run_average(first, second, out, seed))


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(average)
