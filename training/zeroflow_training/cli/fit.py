# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow fit`: train a student on simulated streets or on labelled sequences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zeroflow_ros.cli.options import AsJson
from zeroflow_training.cli.own_lidar import OwnHeight, OwnSensor

if TYPE_CHECKING:
    from zeroflow_training.fit_config import FitConfig

DEFAULT_CONFIG = "zeroflow-rt"
FINE_TUNING = "fine-tune"  # of weights that are trained already
_EPILOG = """
[bold]Examples[/bold]

  zeroflow fit runs/first

  zeroflow fit runs/first --resume

  zeroflow fit runs/small --config zeroflow-rt-2 --steps 16000

  zeroflow fit runs/second --init runs/first/last.ckpt --steps 5000 --learning-rate 3e-3

  zeroflow fit runs/mine --data data/ --init zeroflow-rt

  zeroflow fit runs/mine --init zeroflow-rt --sensor my_lidar.yaml --sensor-height 2.1

  zeroflow fit runs/zeroflow --config fastflow3d --data av2/ --teacher zeroflow-nsfp
"""


def fit(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder for checkpoints and metrics.csv.")
    ],
    config: Annotated[
        str | None,
        typer.Option(
            help="A bundled configuration by name, or a YAML file; default: zeroflow-rt; with "
            "--data and --init: fine-tune; with --resume: that of the run."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Sequences with labels; default: simulated streets."
        ),
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help="Whose labels of DATA; default: rigid.")
    ] = None,
    sensor: OwnSensor = None,
    sensor_height: OwnHeight = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=98, help="Of weights, scenes, order, augmentation.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Samples that a device sees at once.")
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(min=0, help="At the schedule's peak; with Muon, Adam's is a tenth."),
    ] = None,
    static_share: Annotated[
        float | None, typer.Option(min=0.1, max=0.9, help="Weight of static points in the loss.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads of the training step.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that simulate, or read sequences.")
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Fine-tune these weights, from step 0: a .ckpt, the name of a bundled one "
            "(zeroflow-rt), or a published one of ZeroFlow.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the newest checkpoint in RUN.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a student: on endless simulated streets, or on what a teacher says of your own drives.

    Options that are given replace what the configuration says.
    """
    from time import monotonic

    from lightning.pytorch.utilities import rank_zero_only

    from zeroflow_training.cli.fit_report import report
    from zeroflow_training.fit import fit as run_fit
    from zeroflow_training.fit_progress import FitProgress
    from zeroflow_training.simulation.sensors import find_sensor
    from zeroflow_training.starting_weights import find_checkpoint

    newest = _newest(folder, resume)
    plan = _plan(folder, config, resume, trained=init is not None, recorded=data is not None)
    schedule = _replaced(
        plan.schedule, steps=steps, learning_rate=learning_rate, static_share=static_share
    )
    height = None if sensor_height is None else (sensor_height, sensor_height)
    simulation = _replaced(
        plan.simulation, sensor=find_sensor(sensor) if sensor else None, sensor_height=height
    )
    plan = _replaced(
        plan,
        schedule=schedule,
        simulation=simulation,
        data=str(data) if data else None,
        teacher=teacher,
        seed=seed,
        batch_size=batch_size,
        threads=threads,
        workers=workers,
    )
    start = find_checkpoint(init) if init else None
    began = monotonic()
    last = run_fit(plan, folder, newest, start, [FitProgress()])
    if rank_zero_only.rank == 0:  # of several processes
        report(last, plan.schedule.steps, monotonic() - began, as_json)


def _newest(folder: Path, resume: bool) -> Path | None:
    """The checkpoint to resume from. Raises ZeroflowError where there is none, or one unasked."""
    from zeroflow_ros.errors import ZeroflowError

    newest = max(folder.glob("*.ckpt"), key=lambda path: path.stat().st_mtime, default=None)
    if resume and newest is None:
        raise ZeroflowError(f"'{folder}' holds no checkpoint to resume from; leave out --resume")
    if newest and not resume:
        raise ZeroflowError(f"'{folder}' holds a run already; add --resume or name another folder")
    return newest


def _plan(
    folder: Path, config: str | None, resume: bool, trained: bool, recorded: bool
) -> FitConfig:
    """The configuration that was named, else that of the run that is resumed, else a default.

    The default of `trained` weights on `recorded` drives is the one for them. Raises ZeroflowError
    where it is named without such weights: its rate and its few steps make nothing of random ones.
    """
    from zeroflow_ros.errors import ZeroflowError
    from zeroflow_training.fit_config import load_config, load_run

    if config == FINE_TUNING and not (trained or resume):
        raise ZeroflowError(
            f"--config {FINE_TUNING} wants weights that are trained already: add --init zeroflow-rt"
        )
    known = load_run(folder) if resume and config is None else None
    default = FINE_TUNING if trained and recorded else DEFAULT_CONFIG
    return known or load_config(config or default, trained)


def _replaced(plan: Any, **given: Any) -> Any:
    """A dataclass with the values that are not None."""
    return replace(plan, **{name: value for name, value in given.items() if value is not None})


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(fit)
