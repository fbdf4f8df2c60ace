# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow animate`: the flow of a drive as a film."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from zeroflow_ros.cli.options import (
    AsJson,
    BagPath,
    CropBox,
    EgoMotionOption,
    EgoMotionSource,
    LookedAtTopic,
    MaxSpeed,
    ModelOption,
    Range,
    SensorHeight,
    StartSeconds,
)

_EPILOG = """
[bold]Examples[/bold]

  zeroflow animate drive/ drive.mp4                          [dim]# its first 10 s[/dim]

  zeroflow animate drive/ turn.gif --start 40 --seconds 5 --range 30 --rate 0.5
"""
_PIXELS = {".gif": 720}


def animate(
    bag: BagPath,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The .mp4 or .gif to write.")],
    start: StartSeconds = 0.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of the bag to show.")] = 10.0,
    rate: Annotated[
        float, typer.Option(min=0.05, max=20.0, help="Pace of the film: 0.5 is half as fast.")
    ] = 1.0,
    topic: LookedAtTopic = None,
    range_m: Range = 51.2,
    max_speed: MaxSpeed = 10.0,
    size: Annotated[
        int | None,
        typer.Option(min=300, max=4000, help="Pixels of each side; default: 1080, of a .gif 720."),
    ] = None,
    model: ModelOption = None,
    sensor_height: SensorHeight = None,
    ego_motion: EgoMotionOption = EgoMotionSource.auto,
    crop_box: CropBox = None,
    as_json: AsJson = False,
) -> None:
    """Film the flow of a drive from above; colours as `zeroflow picture` has them.

    Of a bag with flow, as `zeroflow run` writes it, or of any other: then the
    flow is estimated. Needs the extra `viz`. A .gif of a minute is large.
    """
    from zeroflow_ros.cli.summary import progress_bar
    from zeroflow_ros.flow_frames import FlowChoice
    from zeroflow_ros.pictures import Look, draw_film

    size = (size or _PIXELS.get(out.suffix.lower(), 1080)) // 2 * 2  # H.264 wants even sizes
    choice = FlowChoice(topic, model, sensor_height, ego_motion.value, crop_box)
    with progress_bar("sweeps") as progress:
        summary = draw_film(
            bag,
            out,
            choice,
            Look(range_m, size, max_speed),
            start_s=start,
            seconds=seconds,
            rate=rate,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    how = "estimated now" if summary["estimated"] else "as in the bag"
    typer.echo(f"{summary['sweeps']} sweeps of {summary['topic']}, flow {how}")
    typer.echo(summary["film"])
    if summary["note"]:
        typer.echo(f"zeroflow: note: {summary['note']}", err=True)


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=_EPILOG)(animate)
