# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow fit`: train the real-time student on simulated worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_EPILOG = """
[bold]Examples[/bold]

  zeroflow fit runs/first --steps 16000

  zeroflow fit runs/first --steps 16000 --resume

  zeroflow fit runs/second --init runs/first/last.ckpt --steps 5000 --learning-rate 6e-4
"""


def fit(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder for checkpoints and metrics.csv.")
    ],
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 16000,
    seed: Annotated[int, typer.Option(min=0, max=9, help="Of weights, scenes, augmentation.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Crops of 51 m in a step.")] = 4,
    learning_rate: Annotated[float, typer.Option(help="Peak of the cosine schedule.")] = 2e-3,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of the training step.")] = 1,
    workers: Annotated[int, typer.Option(min=0, help="Processes that simulate.")] = 1,
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
    """Train the real-time student on endless simulated streets; needs no data and no labels."""
    from zeroflow_ros.errors import ZeroflowError
    from zeroflow_training.fit import FitConfig
    from zeroflow_training.fit import fit as run_fit
    from zeroflow_training.student_module import ScheduleConfig

    newest = max(folder.glob("*.ckpt"), key=lambda path: path.stat().st_mtime, default=None)
    if resume and newest is None:
        raise ZeroflowError(f"'{folder}' holds no checkpoint to resume from; leave out --resume")
    if newest and not resume:
        raise ZeroflowError(f"'{folder}' holds a run already; add --resume or name another folder")
    schedule = ScheduleConfig.fine_tuning if init else ScheduleConfig
    config = FitConfig(
        schedule(steps, learning_rate),
        seed=seed,
        batch_size=batch_size,
        threads=threads,
        workers=workers,
    )
    typer.echo(f"{run_fit(config, folder, newest, init)}: trained for {steps} steps")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(fit)
