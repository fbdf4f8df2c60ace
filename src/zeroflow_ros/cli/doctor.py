# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow doctor`: what works on this machine, and what helps where something does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from zeroflow_ros.cli.options import AsJson
from zeroflow_ros.counted import counted

if TYPE_CHECKING:
    from zeroflow_ros.doctor import Finding

_EPILOG = """
[bold]Examples[/bold]

  zeroflow doctor

  zeroflow doctor --json > doctor.json     [dim]# to be attached to a question[/dim]
"""
_STYLES = {"ok": "green", "note": "yellow", "broken": "bold red"}


def doctor(as_json: AsJson = False) -> None:
    """Look at all that zeroflow_ros needs or can use here, and name a cure for what fails.

    Exit code 1 only where something that is needed is broken; what is optional is a note.
    """
    from zeroflow_ros.doctor import Level, examine

    findings = examine()
    broken = sum(finding.level is Level.broken for finding in findings)
    if as_json:
        told = [finding._asdict() for finding in findings]
        typer.echo(json.dumps({"works": not broken, "findings": told}, indent=2))
    else:
        _show(findings)
        typer.echo(_verdict(broken, sum(finding.level is Level.note for finding in findings)))
    if broken:
        raise typer.Exit(1)


def _verdict(broken: int, notes: int) -> str:
    """The last line: notes are counted, so that nobody has to look for some."""
    if broken:
        return f"broken: {broken}, see above"
    noted = f"; {counted(notes, 'note')}, see above" if notes else ""
    return f"all that is needed works{noted}"


def _show(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    widths = max(map(len, _STYLES)), max(len(finding.subject) for finding in findings)
    indent = " " * (sum(widths) + 4)
    for finding in findings:
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(width=widths[0], style=_STYLES[finding.level.value])
        row.add_column(width=widths[1], style="bold")
        row.add_column(overflow="fold")
        row.add_row(finding.level.value, finding.subject, Text(finding.found))
        console.print(row)
        if finding.cure:  # on one line: a command is copied
            console.print(Text(indent + finding.cure, style="dim"), soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=_EPILOG)(doctor)
