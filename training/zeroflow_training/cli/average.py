# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow average`: a student in the middle between two."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_EPILOG = """
[bold]Example[/bold]

  zeroflow average zeroflow-rt runs/mine/last.ckpt -o mine.ckpt
"""


def average(
    first: Annotated[
        str, typer.Argument(metavar="FIRST", help="A .ckpt, or the name of a bundled one.")
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

    After fine-tuning it keeps what the new drives did not show. Of real-time students; the
    statistics of their normalisation are measured on simulated streets, also where they learned
    from recorded drives: compare the average with both before you use it.
    """
    from zeroflow_ros.cli.summary import progress_bar
    from zeroflow_training.average import average as run_average
    from zeroflow_training.starting_weights import find_checkpoint

    start = find_checkpoint(first)
    with progress_bar("batches") as progress:
        averaged = run_average(start, second, out, seed, progress=progress)
    typer.echo(averaged)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(average)
