# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What `zeroflow fit` says at the end: a table, and the path of the result on the last line."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

LAST = 10  # reports: one batch each, of every tenth step


def report(last: Path, steps: int, seconds: float) -> None:
    """Of a run that wrote `last`; its errors are those of the windows that it trained on."""
    import numpy as np

    from zeroflow_training.curves import LINES, read_metrics

    table = Table(title=f"{last.parent.name}: trained", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("steps", f"{steps:,}")
    table.add_row("seconds", f"{seconds:,.0f}")
    if any(last.parent.glob("metrics*.csv")):
        metrics = read_metrics(last.parent)
        for name, label in {"loss": "loss", **LINES}.items():
            recent = metrics[name][-LAST:]
            known = recent[np.isfinite(recent)]
            scale, unit = (1.0, "") if name == "loss" else (100.0, " cm")
            said = f"{scale * known.mean():.3g}{unit}" if len(known) else "-"
            table.add_row(label if name == "loss" else f"error, {label}", said)
    console = Console()
    console.print(table)
    console.file.write(f"{last}\n")  # rich would wrap a long path, and people copy it
