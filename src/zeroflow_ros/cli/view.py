# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow view`: a bag's flow in a window in which one can fly around."""

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
    SensorHeight,
    StartSeconds,
)
from zeroflow_ros.errors import ZeroflowError

_EPILOG = """
[bold]Examples[/bold]

  zeroflow view drive/

  zeroflow view drive/ --save drive.rrd      [dim]# for later or elsewhere: rerun drive.rrd[/dim]
"""


def view(
    bag: BagPath,
    save: Annotated[
        Path | None, typer.Option(metavar="OUT.rrd", help="Write a file; open no window.")
    ] = None,
    start: StartSeconds = 0.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of the bag to show.")] = 30.0,
    topic: LookedAtTopic = None,
    max_speed: MaxSpeed = 10.0,
    model: ModelOption = None,
    sensor_height: SensorHeight = None,
    ego_motion: EgoMotionOption = EgoMotionSource.auto,
    crop_box: CropBox = None,
    as_json: AsJson = False,
) -> None:
    """Show a bag's flow in a rerun window: points, arrows, path, what moves.

    Of a bag with flow, as `zeroflow run` writes it, or of any other: then the
    flow is estimated. Needs the extra `viz`, and a display unless saving.
    About 1 MB for each sweep.
    """
    from zeroflow_ros.cli.summary import progress_bar
    from zeroflow_ros.flow_frames import FlowChoice
    from zeroflow_ros.rerun_view import view_bag

    if save is not None and save.suffix.lower() != ".rrd":
        raise ZeroflowError(f"'{save}': rerun's files end in .rrd")
    choice = FlowChoice(topic, model, sensor_height, ego_motion.value, crop_box)
    with progress_bar("sweeps") as progress:
        summary = view_bag(
            bag,
            choice,
            save=save,
            start_s=start,
            seconds=seconds,
            max_speed=max_speed,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    how = "estimated now" if summary["estimated"] else "as in the bag"
    path = "" if summary["poses"] else "; without the vehicle's path: the bag holds no odometry"
    typer.echo(f"{summary['sweeps']} sweeps of {summary['topic']}, flow {how}{path}")
    if save is not None:
        typer.echo(summary["recording"])
    if summary["skipped"]:
        typer.echo(f"zeroflow: note: left out: {summary['skipped'][0]}", err=True)


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=_EPILOG)(view)
