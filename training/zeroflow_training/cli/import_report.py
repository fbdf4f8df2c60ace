# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the import verbs show: a table and the paths on stdout, what went wrong on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from zeroflow_ros.errors import DataError

if TYPE_CHECKING:
    from rich.console import Console

    from zeroflow_training.sources.summary import Imported, ImportSummary

MOST_PATHS = 20  # of a data set of thousands, the folder is enough


def report(summary: ImportSummary, data: Path, *, as_json: bool) -> None:
    """Print a summary; raises DataError for its problem, if it has one."""
    if as_json:
        typer.echo(json.dumps({"output": str(data), **summary.to_dict()}, indent=2))
    else:
        import_table(summary, data)
    for note in summary.notes:
        typer.echo(f"zeroflow: note: {note}", err=True)
    if summary.problem:
        raise DataError(summary.problem)


def import_table(summary: ImportSummary, data: Path, console: Console | None = None) -> None:
    """The numbers of an import, then the path of each new sequence, and of the folder of all."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = console or Console()
    table = Table(title="imported", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right", min_width=15)
    new = summary.imported
    table.add_row("sequences", f"{len(new):,}")
    if summary.finished_before:
        table.add_row("finished before, passed over", f"{len(summary.finished_before):,}")
    table.add_row("sweeps", f"{sum(one.sweeps for one in new):,}")
    table.add_row("points", f"{sum(one.points for one in new):,}")
    for reason, count in summary.dropped.most_common():
        table.add_row(Text(f"  left out: {reason}", style="dim"), f"{count:,}")
    for teacher, count in summary.labels.items():
        table.add_row(f"pairs labelled by {teacher}", f"{count:,}")
    if new:
        table.add_section()
        table.add_row("ego motion", "; ".join(sorted({one.ego_motion for one in new})))
        table.add_row("sensor height, m", _spread(new, lambda one: one.sensor_height_m))
        table.add_row("tilt, degrees", _spread(new, lambda one: one.tilt_deg))
    console.print(table)
    # Plain: rich would wrap a long path, and people copy it.
    paths = [one.path for one in new] if len(new) <= MOST_PATHS else []
    console.file.write("".join(f"{path}\n" for path in [*paths, str(data)]))


def _spread(imported: Iterable[Imported], of: Callable[[Imported], float]) -> str:
    values = sorted(map(of, imported))
    low, high = f"{values[0]:.2f}", f"{values[-1]:.2f}"
    return low if low == high else f"{low} to {high}"
