# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow demo`: from nothing to flow on screen in half a minute."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zeroflow_ros.cli.options import AsJson

if TYPE_CHECKING:
    from zeroflow_training.demo import DemoReport

_EPILOG = """
[bold]Examples[/bold]

  zeroflow demo

  zeroflow demo -o demo_os1/ --sensor OS1-128 --seconds 30 --json
"""


def demo(
    folder: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the picture, the bag and the log.")
    ] = Path("demo"),
    seconds: Annotated[float, typer.Option(min=1.0, help="Length of the drive.")] = 12.0,
    sensor: Annotated[
        str, typer.Option(help="Simulated lidar, by name or a YAML file.")
    ] = "DUAL-32",
    as_json: AsJson = False,
) -> None:
    """Drive a simulated lidar at 10 Hz into the real ROS 2 node and measure what comes back.

    Needs the ROS wheels (extra `demo`), no GPU and no network; leaves a picture and a bag.
    """
    from zeroflow_ros.cli.summary import print_json, progress_bar
    from zeroflow_training.demo import run_demo

    typer.echo("simulating a street, starting the node ...", err=True)
    with progress_bar("sweeps simulated") as progress:
        report = run_demo(folder, seconds=seconds, sensor=sensor, progress=progress)
    if as_json:
        print_json({"output": folder, **asdict(report)})
    else:
        _show(report)
    if report.answered < report.published:
        raise typer.Exit(1)


def _show(report: DemoReport) -> None:
    from rich.console import Console
    from rich.table import Table

    metrics = report.metrics
    table = Table(title="zeroflow demo", title_justify="left", show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right")
    table.add_row("simulated lidar", f"{report.sensor}, {report.points_per_sweep:,} points, 10 Hz")
    table.add_row("sweeps answered", f"{report.answered} of {report.published}")
    table.add_row(
        "stamp to flow, ms p50 / p99 / max",
        f"{report.latency_ms_p50:.1f} / {report.latency_ms_p99:.1f} / {report.latency_ms_max:.1f}",
    )
    table.add_section()
    table.add_row(
        "dynamic EPE, m (share of the motion)",
        f"{metrics.dynamic_epe_m:.3f} ({metrics.dynamic_epe_normalised:.2f})",
    )
    table.add_row("static EPE, m", f"{metrics.static_epe_m:.4f}")
    table.add_row("static points above 0.5 m/s", f"{100 * metrics.false_motion:.2f} %")
    Console().print(table)
    typer.echo(f"{report.picture}\n{report.bag}")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(demo)
