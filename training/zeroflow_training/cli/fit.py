# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow fit`: train the real-time student on simulated worlds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

_EPILOG = """
[bold]Examples[/bold]

  zeroflow fit runs/first

  zeroflow fit runs/first --resume

  zeroflow fit runs/small --config zeroflow-rt-2 --steps 16000

  zeroflow fit runs/second --init runs/first/last.ckpt --steps 5000 --learning-rate 3e-3
"""


def fit(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder for checkpoints and metrics.csv.")
    ],
    config: Annotated[
        str, typer.Option(help="A bundled configuration by name, or a YAML file.")
    ] = "zeroflow-rt",
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=98, help="Of weights, scenes, augmentation.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Windows of 51 m in a step.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of Muon, at the schedule's peak; Adam's is a tenth.")
    ] = None,
    static_share: Annotated[
        float | None, typer.Option(min=0.1, max=0.9, help="Weight of static points in the loss.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads of the training step.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes that simulate.")] = None,
    init: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Fine-tune this checkpoint's weights, from step 0."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the newest checkpoint in RUN.")
    ] = False,
) -> None:
    """Train the real-time student on endless simulated streets; needs no data and no labels.

    Options that are given replace what the configuration says.
    """
    from zeroflow_ros.errors import ZeroflowError
    from zeroflow_training.fit import fit as run_fit
    from zeroflow_training.fit_config import load_config

    newest = max(folder.glob("*.ckpt"), key=lambda path: path.stat().st_mtime, default=None)
    if resume and newest is None:
        raise ZeroflowError(f"'{folder}' holds no checkpoint to resume from; leave out --resume")
    if newest and not resume:
        raise ZeroflowError(f"'{folder}' holds a run already; add --resume or name another folder")
    plan = load_config(config)
    schedule = _replaced(
        plan.schedule, steps=steps, learning_rate=learning_rate, static_share=static_share
    )
    plan = _replaced(
        plan,
        schedule=schedule.for_fine_tuning() if init else schedule,
        seed=seed,
        batch_size=batch_size,
        threads=threads,
        workers=workers,
    )
    typer.echo(f"{run_fit(plan, folder, newest, init)}: trained for {plan.schedule.steps} steps")


def _replaced(plan: Any, **given: Any) -> Any:
    """A dataclass with the values that are not None."""
    return replace(plan, **{name: value for name, value in given.items() if value is not None})


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(fit)
