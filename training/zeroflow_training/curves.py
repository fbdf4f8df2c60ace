# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training curves: what a run's metrics.csv says, as a picture."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.files import written_atomically
from zeroflow_training.counted import counted

F64 = npt.NDArray[np.float64]

LINES = {
    "epe_fast": "moving, above 1 m/s",
    "epe_slow": "moving, 0.4 to 1 m/s",
    "epe_static": "static",
}


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
    """Mean over the last `window` values that are numbers; NaN where there is none."""
    number = np.isfinite(values)
    sums, counts = (
        np.cumsum(np.concatenate([np.zeros(window), column]))
        for column in (np.where(number, values, 0.0), number.astype(float))
    )
    with np.errstate(invalid="ignore"):
        mean: F64 = (sums[window:] - sums[:-window]) / (counts[window:] - counts[:-window])
    return mean


def draw_curves(folder: Path, out: Path) -> None:
    """Write a PNG: end-point errors of the three speed bins and the loss, over steps."""
    from matplotlib.figure import Figure

    metrics = read_metrics(folder)
    window = max(1, len(metrics["step"]) // 40)
    figure = Figure(figsize=(9, 4), layout="constrained")
    errors, loss = figure.subplots(1, 2)
    for name, label in LINES.items():
        errors.plot(metrics["step"], 100 * smoothed(metrics[name], window), label=label)
    errors.set(yscale="log", ylabel="end-point error, cm over 0.1 s", xlabel="step")
    figure.legend(*errors.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    loss.plot(metrics["step"], smoothed(metrics["loss"], window), color="0.3")
    loss.set(ylabel="loss", xlabel="step", ylim=(0, None))
    for axes in (errors, loss):
        axes.grid(alpha=0.3)
    told = counted(window, "report")
    figure.suptitle(f"{folder.resolve().name}: training windows, mean of {told}")
    with written_atomically(out) as scratch:
        figure.savefig(scratch, format="png", dpi=110)
