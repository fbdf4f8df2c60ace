# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow pair`: two clouds in, the flow between them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zeroflow_ros.cli.options import AsJson, ModelOption

_EPILOG = """
[bold]Examples[/bold]

  zeroflow pair 000000.bin 000001.bin -o flow.npz

  python -c "import numpy as np; print(np.load('flow.npz')\\['flow'])"
"""


def pair(
    source: Annotated[
        Path,
        typer.Argument(metavar="SOURCE", help="Cloud whose points get flow: npy npz pcd ply bin."),
    ],
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="The cloud after it, in the same frame.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--out", "--output", help="The .npz file to write.")
    ],
    model: ModelOption = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="No levelling, no ground removal: ground is at z = 0.")
    ] = False,
    interval: Annotated[
        float, typer.Option(min=0.001, max=10.0, help="Seconds from SOURCE to TARGET.")
    ] = 0.1,
    as_json: AsJson = False,
) -> None:
    r"""Estimate the flow of SOURCE's points towards TARGET.

    Both clouds in one frame (ego motion already removed). The .npz holds
    flow \[N,3] float32 in metres and valid \[N] bool, one row for each row of
    SOURCE; rows without an estimate are 0.
    """
    from zeroflow_ros.cloud_pair import flow_between_files

    summary = flow_between_files(source, target, output, model=model, raw=raw, interval_s=interval)
    if as_json:
        typer.echo(json.dumps(summary.to_dict(), indent=2))
        return
    typer.echo(
        f"{summary.points} points, {summary.valid_points} with flow, "
        f"{summary.moving_points} moving (above 0.5 m/s)"
    )
    typer.echo(summary.output)
    if not summary.valid_points:
        typer.echo(
            "zeroflow: note: no point got flow: are the clouds in metres, around the sensor?",
            err=True,
        )


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=_EPILOG)(pair)
