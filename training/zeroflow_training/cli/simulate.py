# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow simulate`: a simulated drive as a bag with exact flow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zeroflow_ros.cli.options import AsJson
from zeroflow_training.cli.own_lidar import OwnHeight, OwnSensor

_EPILOG = """
[bold]Examples[/bold]

  zeroflow simulate drive.mcap --sensor VLP-32C --scene crossing --seconds 20 --seed 3

  zeroflow simulate drive.mcap --sensor my_lidar.yaml --sensor-height 2.1
"""


def simulate(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Folder to create; .mcap makes one file.")
    ],
    sensor: OwnSensor = None,
    sensor_height: OwnHeight = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--scene",
            metavar="KIND",
            help="street, crossing, car_park, yard or highway; default: drawn by the seed.",
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of the drive.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Draws scene, traffic and vehicle.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    as_json: AsJson = False,
) -> None:
    """Simulate a lidar drive and write it as MCAP: clouds, odometry, TF and the exact flow."""
    from zeroflow_ros.cli.summary import print_json, progress_bar
    from zeroflow_training.recording import record
    from zeroflow_training.simulation.sensors import find_sensor
    from zeroflow_training.simulation.simulator import Simulation

    model = find_sensor(sensor) if sensor else None
    simulation = Simulation(
        seed,
        sensor=model,
        scene_kind=kind,
        sensor_height_m=sensor_height,
        duration_s=seconds,
    )
    count = max(1, round(seconds * simulation.rate_hz))
    with progress_bar("sweeps") as progress:
        sweeps = record(simulation, count, out, overwrite=overwrite, progress=progress)
    points = sum(len(sweep.points) for sweep in sweeps)
    sensor = simulation.sensor.name
    if as_json:
        print_json({"output": out, "sensor": sensor, "sweeps": count, "points": points})
    else:
        typer.echo(f"{out}: {count} sweeps of {sensor}, {points // count} points each")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(simulate)
