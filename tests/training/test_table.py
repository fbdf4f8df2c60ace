# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables of numbers, for people."""

from __future__ import annotations

from rich.console import Console

from zeroflow_training.evaluation.table import Column, Table

TABLE = Table(
    "speeds",
    "by speed",
    (Column("normalised", "error", ".3f"), Column("false motion", "false", ".1%")),
    {
        "slow": {"error": 0.25, "false": 0.034, "hidden": 7},
        "fast": {"error": 0, "false": float("nan")},
    },
)


def test_markdown() -> None:
    assert TABLE.markdown() == (
        "| by speed | normalised | false motion |\n"
        "| --- | ---: | ---: |\n"
        "| slow | 0.250 | 3.4 % |\n"
        "| fast | 0.000 | - |\n"
    )


def test_console() -> None:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(TABLE.for_console())
    for text in ("by speed", "normalised", "0.250", "3.4 %"):
        assert text in capture.get()


def test_json_has_every_number() -> None:
    assert TABLE.for_json() == {
        "slow": {"error": 0.25, "false": 0.034, "hidden": 7},
        "fast": {"error": 0, "false": None},
    }
