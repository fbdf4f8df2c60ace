# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow run`: a recording in, the same recording with flow out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zeroflow_ros.cli.options import (
    AsJson,
    BackendChoice,
    BackendOption,
    CropBox,
    Deskew,
    EgoMotionOption,
    EgoMotionSource,
    ModelOption,
    OdometryTopic,
    SensorHeight,
    Topic,
)
from zeroflow_ros.errors import BagError

if TYPE_CHECKING:
    from zeroflow_ros.run_summary import RunSummary

_EPILOG = """
[bold]Examples[/bold]

  zeroflow run drive/ drive_with_flow/

  zeroflow run drive.mcap flow.mcap --topic /lidar/points --ego-motion kiss-icp
"""


def run(
    in_bag: Annotated[
        Path, typer.Argument(metavar="IN_BAG", help="rosbag2 folder, .mcap or .db3 file.")
    ],
    out_bag: Annotated[
        Path,
        typer.Argument(
            metavar="OUT_BAG", help="Folder to create; a name in .mcap makes a single file."
        ),
    ],
    topic: Topic = None,
    odometry_topic: OdometryTopic = None,
    model: ModelOption = None,
    backend: BackendOption = BackendChoice.auto,
    sensor_height: SensorHeight = None,
    ego_motion: EgoMotionOption = EgoMotionSource.auto,
    deskew: Deskew = True,
    crop_box: CropBox = None,
    colored: Annotated[
        bool,
        typer.Option(
            "--colored/--no-colored",
            help="Write the flow a second time, in colours that Foxglove and RViz show.",
        ),
    ] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT_BAG.")] = False,
    as_json: AsJson = False,
) -> None:
    r"""Estimate the flow of every sweep of a rosbag2 recording. Needs no ROS.

    OUT_BAG (MCAP) holds the input clouds, odometry and TF as they were, and
    on /scene_flow/output/flow one cloud for each sweep: x y z \[intensity],
    vx vy vz in m/s, valid; on /scene_flow/output/flow_colored the same
    for the eye: x y z rgb speed.
    """
    from zeroflow_ros.cli.summary import progress_bar, summary_table
    from zeroflow_ros.memory import keep_memory
    from zeroflow_ros.offline import run_bag

    keep_memory()
    with progress_bar("sweeps") as progress:
        summary = run_bag(
            in_bag,
            out_bag,
            topic=topic,
            odometry_topic=odometry_topic,
            model=model,
            backend=backend.value,
            sensor_height=sensor_height,
            ego_motion=ego_motion.value,
            deskew=deskew,
            crop_box=crop_box,
            colored=colored,
            overwrite=overwrite,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(summary.to_dict(), indent=2))
    else:
        summary_table(summary)
    _finish(summary)


def _finish(summary: RunSummary) -> None:
    """Say on stderr what was not as it should be; exit code 1 for a problem."""
    if summary.note:
        typer.echo(f"zeroflow: note: {summary.note}", err=True)
    if summary.problem:
        raise BagError(summary.problem)


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=_EPILOG)(run)
