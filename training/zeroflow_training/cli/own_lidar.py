# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Options of all verbs that simulate: which lidar, and how high above the ground."""

from __future__ import annotations

from typing import Annotated

import typer

OwnSensor = Annotated[
    str | None,
    typer.Option(
        metavar="LIDAR",
        help="By name, as VLP-32C, or a YAML file (docs/own_student.md); default: drawn by the "
        "seed.",
    ),
]
OwnHeight = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        max=10.0,
        help="Metres of the lidar above the ground, nearly upright; default: drawn by the seed.",
    ),
]
