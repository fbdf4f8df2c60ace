# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow import-bag`: recordings as sequences to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zeroflow_ros.cli.options import (
    AsJson,
    CropBox,
    Deskew,
    EgoMotionOption,
    EgoMotionSource,
    OdometryTopic,
    SensorHeight,
    Topic,
)

_EPILOG = """
[bold]Examples[/bold]

  zeroflow import-bag drive/ data/ --licence "our own"

  zeroflow import-bag monday.mcap tuesday.mcap data/ --topic /lidar/points --sensor OS1-128
"""


def import_bag(
    bags: Annotated[
        list[Path], typer.Argument(metavar="BAG...", help="rosbag2 folders, .mcap or .db3 files.")
    ],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder of the sequences.")],
    topic: Topic = None,
    odometry_topic: OdometryTopic = None,
    ego_motion: EgoMotionOption = EgoMotionSource.auto,
    sensor_height: SensorHeight = None,
    deskew: Deskew = True,
    crop_box: CropBox = None,
    sweeps: Annotated[
        int, typer.Option(min=2, help="Sweeps of a sequence at most; longer bags are cut.")
    ] = 200,
    sensor: Annotated[str, typer.Option(help="The lidar's name, for the manifest.")] = "unknown",
    licence: Annotated[
        str, typer.Option(help="Licence of the recording, for the manifest.")
    ] = "unknown",
    as_json: AsJson = False,
) -> None:
    """Convert rosbag2 recordings to sequences that teachers label and students learn from.

    A second call with the same bags goes on where the first one was stopped.
    """
    from zeroflow_ros.cli.summary import progress_bar
    from zeroflow_training.cli.import_report import report
    from zeroflow_training.sources.rosbag import BagOptions
    from zeroflow_training.sources.rosbag import import_bag as run_import
    from zeroflow_training.sources.summary import ImportSummary

    options = BagOptions(
        topic=topic,
        odometry_topic=odometry_topic,
        ego_motion=ego_motion.value,
        sensor_height_m=sensor_height,
        deskew=deskew,
        crop_box=crop_box,
        longest=sweeps,
        sensor=sensor,
        licence=licence,
    )
    summary = ImportSummary()
    with progress_bar("sweeps") as progress:
        for bag in bags:
            with summary.one_of(str(bag)):
                run_import(bag, data, summary, options, progress)
    report(summary, data, as_json=as_json)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("import-bag", epilog=_EPILOG)(import_bag)
