# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the verbs show: a progress bar on stderr, a summary table or JSON on stdout."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

    from zeroflow_ros.run_summary import RunSummary


@contextmanager
def progress_bar(unit: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a function (done, total) that moves a bar; None where stderr is not a terminal."""
    from rich import progress

    columns = (
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn(unit),
        progress.TimeRemainingColumn(),
    )
    with _bar(*columns) as bar:
        if bar is None:
            yield None
            return
        task = bar.add_task(unit, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=max(total, done))


@contextmanager
def phase_bar() -> Iterator[Callable[[str, float], None] | None]:
    """Yield a function (what is done, share of all) that moves a bar; None as `progress_bar`."""
    from rich import progress

    columns = (
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.description}"),
    )
    with _bar(*columns) as bar:
        if bar is None:
            yield None
            return
        task = bar.add_task("", total=1.0)
        yield lambda phase, share: bar.update(task, completed=share, description=phase)


@contextmanager
def _bar(*columns: ProgressColumn) -> Iterator[Progress | None]:
    """On stderr, where that is a terminal; it leaves nothing behind."""
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(*columns, console=console, transient=True) as bar:
        yield bar


def print_json(values: Mapping[str, Any]) -> None:
    """Print what a verb has to say for scripts; NaN is null, which JSON has, and paths are text."""
    print(json.dumps(_plain(values), indent=2, default=str))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def summary_table(summary: RunSummary, console: Console | None = None) -> None:
    """Print the table of a run; the path of the result stands alone on the last line."""
    console = console or Console()
    table = Table(title=f"flow of {summary.topic}", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right", min_width=15)  # numbers stay whole beside a long reason
    table.add_row("model", summary.model)
    table.add_row("ego motion", summary.ego_motion)
    table.add_section()
    table.add_row("sweeps", f"{summary.sweeps:,}")
    table.add_row("with flow", f"{summary.estimated:,}")
    for reason, count in _without_flow(summary):
        table.add_row(Text(f"  {reason}", style="dim"), f"{count:,}")
    table.add_row("points", f"{summary.points:,}")
    table.add_row("points with flow", _share(summary.valid_points, summary.points))
    table.add_row("moving points (> 0.5 m/s)", _share(summary.moving_points, summary.points))
    table.add_section()
    for stage, (p50, p99) in summary.stage_percentiles().items():
        table.add_row(f"{stage.replace('_', ' ')}, ms p50 / p99", f"{p50:.1f} / {p99:.1f}")
    table.add_row("wall time, s", f"{summary.wall_s:.1f}")
    console.print(table)
    # Plain print: rich would wrap a long path, and people copy it.
    console.file.write(f"{summary.output}\n")


def _share(count: int, of: int) -> str:
    return f"{count:,} ({count / max(of, 1):.1%})".replace("%", " %")


def _without_flow(summary: RunSummary) -> list[tuple[str, int]]:
    """Reasons and counts of the sweeps that got no flow."""
    skipped = [(f"skipped: {reason}", n) for reason, n in summary.skipped.most_common()]
    return [*summary.not_estimated.items(), *skipped]
