# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow import-simulated`: simulated drives as sequences with exact flow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zeroflow_ros.cli.options import AsJson
from zeroflow_training.cli.own_lidar import OwnHeight, OwnSensor

_EPILOG = """
[bold]Example[/bold]

  zeroflow import-simulated data/ --sequences 50 --sweeps 20 --sensor VLP-32C --seed 90
"""


def import_simulated(
    data: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the sequences.")],
    sequences: Annotated[int, typer.Option(min=1, help="How many drives.")] = 10,
    sweeps: Annotated[int, typer.Option(min=2, help="Sweeps of each, 0.1 s apart.")] = 20,
    sensor: OwnSensor = None,
    sensor_height: OwnHeight = None,
    scene: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="street, crossing, car_park, yard or highway; default: drawn by the seed.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="0 to 98; another one than that of `zeroflow fit`.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate drives and write them as sequences, with the true flow of all neighbouring pairs.

    A second call with the same options goes on where the first one was stopped.
    """
    from zeroflow_ros.cli.summary import progress_bar
    from zeroflow_training.cli.import_report import report
    from zeroflow_training.sources.simulated import SimulationOptions
    from zeroflow_training.sources.simulated import import_simulated as run_import
    from zeroflow_training.sources.summary import ImportSummary

    options = SimulationOptions(sequences, sweeps, sensor, scene, seed, sensor_height)
    summary = ImportSummary()
    with progress_bar("sweeps") as progress:
        run_import(data, summary, options, progress)
    report(summary, data, as_json=as_json)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("import-simulated", epilog=_EPILOG)(import_simulated)
