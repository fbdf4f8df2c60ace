# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What `zeroflow fit` says at the end: a table and the path of the result, or JSON."""

from __future__ import annotations

import math
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zeroflow_ros.cli.summary import print_json

LAST = 10  # reports: one batch each, of every tenth step


def report(last: Path, steps: int, seconds: float, as_json: bool = False) -> None:
    """Of a run that wrote `last`; its errors are those of the windows that it trained on."""
    recent = _recent(last.parent)
    if as_json:
        print_json({"output": last, "steps": steps, "seconds": round(seconds, 1), **recent})
        return
    table = Table(title=f"{last.parent.name}: trained", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("steps", f"{steps:,}")
    table.add_row("seconds", f"{seconds:,.0f}")
    for name, value in recent.items():
        label, scale, unit = ("loss", 1.0, "") if name == "loss" else _error(name)
        table.add_row(label, f"{scale * value:.3g}{unit}" if math.isfinite(value) else "-")
    console = Console()
    console.print(table)
    console.file.write(f"{last}\n")  # rich would wrap a long path, and people copy it


def _recent(folder: Path) -> dict[str, float]:
    """Means of the last reports, by column of metrics.csv: loss, errors in m; NaN: none known."""
    import numpy as np

    from zeroflow_training.curves import LINES, read_metrics

    if not any(folder.glob("metrics*.csv")):
        return {}
    metrics, means = read_metrics(folder), {}
    for name in ("loss", *LINES):
        values = metrics[name][-LAST:]
        known = values[np.isfinite(values)]
        means[name] = float(known.mean()) if len(known) else math.nan
    return means


def _error(name: str) -> tuple[str, float, str]:
    from zeroflow_training.curves import LINES

    return f"error, {LINES[name]}", 100.0, " cm"
