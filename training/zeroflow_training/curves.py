# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training curves: what a run's metrics.csv says, as a picture."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.counted import counted
from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.files import written_atomically

F64 = npt.NDArray[np.float64]

LINES = {
    "epe_fast": "moving, above 1 m/s",
    "epe_slow": "moving, 0.4 to 1 m/s",
    "epe_static": "static",
}
_FINE, _TREND = 60, 8  # so many windows in a run


def read_metrics(folder: Path) -> dict[str, F64]:
    """Columns of a run, over all its resumed parts: "step", "loss" and LINES, NaN where empty.

    Raises ZeroflowError for a folder without metrics.
    """
    rows: list[dict[str, str]] = []
    for part in folder.glob("metrics*.csv"):
        until = part.stem.removeprefix("metrics").removeprefix("_until_")
        with part.open(newline="") as file:
            whole = [row for row in csv.DictReader(file) if (row["step"] or "").isdigit()]
        # A killed run wrote steps after its last checkpoint; the resumed one made them again.
        rows += [row for row in whole if not until or int(row["step"]) < int(until)]
    if not rows:
        raise ZeroflowError(f"'{folder}' holds no metrics.csv of `zeroflow fit`")
    rows.sort(key=lambda row: int(row["step"]))
    names = ("step", "loss", *LINES)
    return {name: np.array([float(row.get(name) or "nan") for row in rows]) for name in names}


def smoothed(values: F64, window: int) -> F64:
    """Mean over `window` values with each in the middle; of those that are numbers, else NaN."""
    before, after = (window - 1) // 2, window // 2
    padded = np.pad(values, (before, after), constant_values=np.nan)
    number = np.isfinite(padded)
    sums, counts = (
        np.cumsum(np.concatenate([[0.0], column]))
        for column in (np.where(number, padded, 0.0), number.astype(float))
    )
    with np.errstate(invalid="ignore"):
        mean: F64 = (sums[window:] - sums[:-window]) / (counts[window:] - counts[:-window])
    return mean


def span(trend: F64) -> tuple[float, float]:
    """The axis on which a trend is seen: all but the first tenth of it, and room on both sides.

    The first steps of a run from scratch would press all others flat.
    """
    late = trend[len(trend) // 10 :]
    late = late[np.isfinite(late)]
    if not len(late):
        return 0.0, 1.0
    low, high = float(late.min()), float(late.max())
    room = max(0.6 * (high - low), 0.05 * high, 1e-6)
    return max(0.0, low - room), high + room


def draw_curves(folder: Path, out: Path) -> None:
    """Write a PNG: the end-point errors of the three speed bins and the loss, over steps.

    Each has an axis of its own, cut to its trend; single reports are noise, and faint behind it.
    """
    from matplotlib.figure import Figure

    metrics = read_metrics(folder)
    reports = len(metrics["step"])
    fine, window = max(1, reports // _FINE), max(5, reports // _TREND)
    figure = Figure(figsize=(9, 6), layout="constrained")
    curves = {**{name: f"{label}: error, cm" for name, label in LINES.items()}, "loss": "loss"}
    for axes, (name, title) in zip(figure.subplots(2, 2).flat, curves.items(), strict=True):
        values = metrics[name] * (1 if name == "loss" else 100)
        trend = smoothed(values, window)
        axes.plot(metrics["step"], smoothed(values, fine), color="0.8", linewidth=1)
        axes.plot(metrics["step"], trend, linewidth=2.5)
        axes.set_title(title, fontsize=13)
        axes.set(xlabel="step", ylim=span(trend))
        axes.grid(alpha=0.3)
    told = f"mean of {counted(window, 'report')}, grey: of {fine}"
    figure.suptitle(f"{folder.resolve().name}, training windows; {told}", fontsize=14)
    with written_atomically(out) as scratch:
        figure.savefig(scratch, format="png", dpi=110)
