# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow import-argoverse2`: the sensor and the lidar data set as sequences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zeroflow_ros.cli.options import AsJson

_EPILOG = """
[bold]Examples[/bold]

  zeroflow import-argoverse2 av2/sensor/val val/ --flow-labels av2/val_sceneflow_feather

  zeroflow import-argoverse2 av2/sensor/train train/ --sweeps 145 --pseudo-labels zeroflow_sensor

  zeroflow import-argoverse2 av2/lidar more/ --every-kth 25
"""


def import_argoverse2(
    root: Annotated[
        Path, typer.Argument(metavar="DIR", help="A log, a split, or the whole download.")
    ],
    data: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the sequences.")],
    flow_labels: Annotated[
        Path | None,
        typer.Option(help="Folder of true flow: LOG/TIMESTAMP.feather, of all points."),
    ] = None,
    pseudo_labels: Annotated[
        Path | None, typer.Option(help="Folder of ZeroFlow's pseudo-labels: LOG/*.npz.")
    ] = None,
    sweeps: Annotated[
        int | None, typer.Option(min=2, help="Only the first so many of each log.")
    ] = None,
    every_kth: Annotated[int, typer.Option(min=1, help="Only a pair of every so many sweeps.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Convert logs of Argoverse 2 to sequences: sweeps, poses, ground by the map, labels.

    A second call goes on where the first one was stopped, and adds labels that were not given yet.
    """
    from zeroflow_ros.cli.summary import progress_bar
    from zeroflow_training.cli.import_report import report
    from zeroflow_training.sources.argoverse2.importing import LogOptions, import_logs
    from zeroflow_training.sources.argoverse2.label_files import FlowLabelFiles, PseudoLabelFiles
    from zeroflow_training.sources.summary import ImportSummary

    labels = [
        kind(folder)
        for kind, folder in ((FlowLabelFiles, flow_labels), (PseudoLabelFiles, pseudo_labels))
        if folder is not None
    ]
    summary = ImportSummary()
    with progress_bar("logs") as progress:
        import_logs(root, data, summary, LogOptions(sweeps, every_kth, labels), progress)
    report(summary, data, as_json=as_json)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("import-argoverse2", epilog=_EPILOG)(import_argoverse2)
