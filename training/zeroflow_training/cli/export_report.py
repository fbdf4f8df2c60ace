# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What `export` and `import-checkpoint` say of the files they wrote."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from zeroflow_training.export import ExportReport


def report(exported: ExportReport, as_json: bool) -> None:
    """Of an export: lines for people, or JSON."""
    if as_json:
        _say_json(exported)
    else:
        say(exported)


def say(report: ExportReport) -> None:
    """A line for each file, and below it how far its answers are from PyTorch's, in FP32."""
    for graph, precision in ((report.single, "FP32"), (report.half, "FP16 inside")):
        typer.echo(f"{graph.path}: {precision}, {graph.bytes / 1e6:.1f} MB")
        for sweeps, apart in graph.differences.items():
            odds = "" if apart.max_log_odds is None else f", log odds {apart.max_log_odds:.5f}"
            typer.echo(
                f"  ONNX Runtime differs from PyTorch by at most {apart.max_mm:.4f} mm "
                f"({apart.mean_mm:.5f} mm in the mean{odds}) on {sweeps} sweeps"
            )


def _say_json(report: ExportReport) -> None:
    """Files and differences, by the sweeps that were compared on."""
    from zeroflow_ros.cli.summary import print_json

    files = [
        {
            "path": graph.path,
            "precision": precision,
            "bytes": graph.bytes,
            "difference_from_pytorch": {k: asdict(d) for k, d in graph.differences.items()},
        }
        for graph, precision in ((report.single, "fp32"), (report.half, "fp16"))
    ]
    print_json({"output": report.single.path, "files": files})
