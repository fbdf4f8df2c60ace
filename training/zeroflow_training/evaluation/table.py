# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Table: rows of numbers, once for the console, for Markdown and for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import rich.table


class Column(NamedTuple):
    """Heading, key in a row, and format of its numbers (as `format` takes it)."""

    heading: str
    key: str
    form: str


@dataclass(frozen=True)
class Table:
    """`rows` by name, each a number by column key; keys without a column go to JSON only."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Mapping[str, Mapping[str, float]]

    def cells(self) -> list[list[str]]:
        """Name and formatted numbers of each row; a dash where there is no number."""
        return [
            [name, *(_text(row[column.key], column.form) for column in self.columns)]
            for name, row in self.rows.items()
        ]

    def for_console(self) -> rich.table.Table:
        """With its title above, numbers to the right."""
        table = rich.table.Table(title=self.title, title_justify="left")
        table.add_column("", no_wrap=True)
        for column in self.columns:
            table.add_column(column.heading, justify="right")
        for cells in self.cells():
            table.add_row(*cells)
        return table

    def for_json(self) -> dict[str, dict[str, float | None]]:
        """Every number of every row; null where there is none, as JSON knows no NaN."""
        return {
            name: {key: None if math.isnan(value) else value for key, value in row.items()}
            for name, row in self.rows.items()
        }

    def markdown(self) -> str:
        """The title as the head of the first column."""
        head = [self.title, *(column.heading for column in self.columns)]
        lines = [head, ["---", *("---:" for _ in self.columns)], *self.cells()]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _text(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form).replace("%", " %")
