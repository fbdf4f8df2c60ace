# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow replay`: a bag into ROS 2, also where there is no `ros2 bag play`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from zeroflow_ros.cli.options import AsJson, BagPath

_EPILOG = """
[bold]Examples[/bold]

  zeroflow replay drive/ --loop

  zeroflow replay drive/ --topic /lidar/points --topic /odometry --rate 0.5

The node that listens has to live in the time of the bag:

  python -m zeroflow_ros.ros.scene_flow_node --ros-args -p use_sim_time:=true
  -r '~/input/pointcloud:=/lidar/points' -r '~/input/odometry:=/odometry'
"""


def replay(
    bag: BagPath,
    topic: Annotated[
        list[str] | None,
        typer.Option(help="Only this topic; may be given several times. Default: all."),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0.01, max=100.0, help="Pace: 0.5 is half as fast.")
    ] = 1.0,
    loop: Annotated[
        bool, typer.Option("--loop", help="Start again at the end; Ctrl-C ends.")
    ] = False,
    start: Annotated[
        float, typer.Option(min=0.0, help="Seconds after the first message to start at.")
    ] = 0.0,
    wait: Annotated[
        float, typer.Option(min=0.0, help="Seconds to wait for somebody who listens to the clouds.")
    ] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Publish a bag into ROS 2 at its recorded pace, with /clock.

    For those who have ROS 2 as pip wheels (extra `ros`), which bring no
    `ros2 bag`. Messages keep their stamps. Topics whose message package is
    missing are left out, and that is said: the wheels have no tf2_msgs, so TF
    needs a ROS installation.
    """
    from zeroflow_ros.cli.summary import progress_bar
    from zeroflow_ros.ros.bag_player import play_bag

    def say(line: str) -> None:
        typer.echo(f"zeroflow: {line}", err=True)

    with progress_bar("messages") as progress:
        summary = play_bag(
            bag,
            topics=topic or (),
            rate=rate,
            start_s=start,
            loop=loop,
            wait_s=wait,
            say=say,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
        return
    counts = ", ".join(f"{name} {count}" for name, count in summary["published"].items())
    typer.echo(f"published {counts}; at most {summary['late_ms']} ms late")
    if summary["damage"]:
        say(f"note: {summary['damage']}")


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=_EPILOG)(replay)
