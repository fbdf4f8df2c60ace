# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow picture`: one sweep's flow from above."""

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
)
from zeroflow_ros.errors import ZeroflowError

_EPILOG = """
[bold]Examples[/bold]

  zeroflow picture drive/ flow.png                       [dim]# its last sweep[/dim]

  zeroflow picture drive/ flow.png --sweep 42 --range 25  [dim]# closer[/dim]
"""


def picture(
    bag: BagPath,
    out: Annotated[Path, typer.Argument(metavar="OUT.png", help="The picture to write.")],
    sweep: Annotated[
        int, typer.Option(help="Which sweep, from 0; negative ones count from the end.")
    ] = -1,
    topic: LookedAtTopic = None,
    range_m: Range = 51.2,
    max_speed: MaxSpeed = 10.0,
    size: Annotated[int, typer.Option(min=300, max=8000, help="Pixels of each side.")] = 1200,
    model: ModelOption = None,
    sensor_height: SensorHeight = None,
    ego_motion: EgoMotionOption = EgoMotionSource.auto,
    crop_box: CropBox = None,
    as_json: AsJson = False,
) -> None:
    """Draw a sweep's flow from above: hue is direction, strength is speed.

    Of a bag with flow, as `zeroflow run` writes it, or of any other: then the
    flow is estimated, from the sweeps before as well. Needs the extra `viz`.
    """
    from zeroflow_ros.flow_frames import FlowChoice
    from zeroflow_ros.pictures import Look, draw_sweep

    if out.suffix.lower() != ".png":
        raise ZeroflowError(f"'{out}': pictures are written as PNG; end the name in .png")
    choice = FlowChoice(topic, model, sensor_height, ego_motion.value, crop_box)
    summary = draw_sweep(bag, sweep, out, choice, Look(range_m, size, max_speed))
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    how = "estimated now" if summary["estimated"] else "as in the bag"
    typer.echo(
        f"sweep {summary['sweep']} of {summary['topic']}, flow {how}: {summary['points']} points, "
        f"{summary['valid_points']} with flow, {summary['moving_points']} moving (above 0.5 m/s)"
    )
    typer.echo(summary["picture"])
    if summary["note"]:
        typer.echo(f"zeroflow: note: {summary['note']}", err=True)


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=_EPILOG)(picture)
