# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow label`: pseudo-labels for sequences, by a teacher."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zeroflow_ros.cli.options import AsJson
from zeroflow_ros.errors import DataError

if TYPE_CHECKING:
    from zeroflow_training.labelling import LabelSummary

_EPILOG = """
[bold]Examples[/bold]

  zeroflow label data/

  zeroflow label data/ --teacher nsfp --set patience=30 --jobs 2

  zeroflow label data/ --teacher fast_nsf --pairs next --name forward
"""


class Pairs(str, Enum):
    """Towards which sweep flow is labelled."""

    before = "before"
    next = "next"
    both = "both"


_STEPS = {Pairs.before: (-1,), Pairs.next: (1,), Pairs.both: (-1, 1)}


def label(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder of sequences, or one.")],
    teacher: Annotated[
        str,
        typer.Option(
            metavar="T", help="rigid, nsfp, fast_nsf, or an add-on's; with +post, +two-way."
        ),
    ] = "rigid",
    name: Annotated[
        str | None, typer.Option(help="Name of the labels; default: that of the teacher.")
    ] = None,
    pairs: Annotated[
        Pairs,
        typer.Option(help="Each sweep towards the one before it, the next one, or both."),
    ] = Pairs.before,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A setting of the teacher; may be repeated."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    seed: Annotated[int, typer.Option(min=0, help="Of what a teacher draws at random.")] = 0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: one for each core, 1 on cuda.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Label the pairs of neighbouring sweeps; no human labels, no map.

    Neighbours are about 0.1 s apart, as models compare them: of a 20 Hz lidar every second sweep.

    A second call with the same options goes on where the first one was stopped.
    """
    from zeroflow_ros.cli.summary import progress_bar
    from zeroflow_ros.cores import usable_cores
    from zeroflow_training.labelling import label as run_label
    from zeroflow_training.sequences import find_sequences
    from zeroflow_training.teachers.registry import make_teacher, read_settings

    chosen = make_teacher(teacher, device=device, seed=seed, settings=read_settings(setting or []))
    if jobs is None:
        jobs = usable_cores() if device == "cpu" else 1
    sequences = find_sequences(data)
    with progress_bar("pairs") as progress:
        summary = run_label(
            sequences, chosen, name or teacher, _STEPS[pairs], jobs, progress=progress
        )
    _report(summary, data, as_json=as_json)


def _report(summary: LabelSummary, data: Path, *, as_json: bool) -> None:
    """Print it; raises DataError where pairs have no label."""
    numbers = summary.to_dict()
    if as_json:
        typer.echo(json.dumps({"output": str(data), **numbers}, indent=2))
    else:
        _table(numbers)
        typer.echo(str(data))
    if summary.problem:
        raise DataError(summary.problem)


def _table(numbers: dict[str, object]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"labels of {numbers['teacher']}", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right", min_width=15)
    rows = (
        ("pairs", "labelled", ","),
        ("labelled before, passed over", "labelled_before", ","),
        ("seconds a pair", "seconds_per_pair", ".2f"),
        ("points with a label", "valid_share", ".1%"),
        ("points that move (> 0.5 m/s)", "moving_share", ".1%"),
    )
    for heading, key, form in rows:
        if numbers[key] is not None:
            table.add_row(heading, format(numbers[key], form))
    Console().print(table)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(label)
