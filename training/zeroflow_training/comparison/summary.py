# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Summary of a comparison: every answer a row, near by and everywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from zeroflow_ros.counted import counted
from zeroflow_ros.files import written_atomically
from zeroflow_training.comparison.comparison import Comparison
from zeroflow_training.evaluation.regions import CLOSE, EVERYWHERE
from zeroflow_training.evaluation.table import Column, Table
from zeroflow_training.evaluation.tables import (
    ALL,
    EPE,
    FALSE_MOTION,
    MEAN,
    MOVING,
    NORMALISED,
    RECALL,
)

BUCKETED = (Column("bucketed", "bucketed", ".3f"), Column("static m", "static_m", ".4f"))
MOTION = (
    Column("IoU", "dynamic_iou", ".3f"),
    *BUCKETED,
    FALSE_MOTION,
    RECALL,
    Column("no flow", "unanswered", ".2%"),
)
OF_FOREGROUND = (
    *EPE,
    Column("AccS", "dynamic_foreground_accuracy_strict", ".1%"),
    Column("AccR", "dynamic_foreground_accuracy_relaxed", ".1%"),
)
OF_ALL = (
    Column("dynamic m", "dynamic_epe_m", ".4f"),
    NORMALISED,
    MOVING,
)
_STATIC = {CLOSE: "static_m", EVERYWHERE: "static_everywhere_m"}
FILES = ("summary.md", "summary.json")


@dataclass(frozen=True)
class Summary:
    """`numbers`: results.json of each answer; `left_out`: sequences without a pair to judge."""

    comparison: Comparison
    numbers: Mapping[str, Mapping[str, Any]]
    left_out: tuple[str, ...] = ()

    @cached_property
    def has_classes(self) -> bool:
        """Whether the reference says what is foreground and what is background."""
        some = next(iter(self.numbers.values()))
        return some["threeway"][EVERYWHERE]["static_background_m"] is not None

    def tables(self) -> list[Table]:
        """For Markdown and JSON: near by, and everywhere."""
        return [self._table(region, region, (*self._errors, *MOTION)) for region in _STATIC]

    def for_console(self) -> list[Table]:
        """The same columns in halves, for narrow screens."""
        return [
            self._table(region, f"{region}: {part}", columns)
            for region in _STATIC
            for part, columns in (("errors", self._errors), ("motion", MOTION))
        ]

    @property
    def _errors(self) -> tuple[Column, ...]:
        return OF_FOREGROUND if self.has_classes else OF_ALL

    def _table(self, region: str, title: str, columns: tuple[Column, ...]) -> Table:
        against = self.comparison.reference.in_words
        return Table(region, f"{title}, against {against}", columns, self._rows(region))

    def heading(self) -> list[str]:
        """What the tables are of, in words."""
        comparison = self.comparison
        points = next(iter(self.numbers.values()))["points"]
        lines = [
            f"{comparison.judged_on}, {points:,} points against the {comparison.reference.in_words}"
        ]
        if self.left_out:
            without = counted(len(self.left_out), "sequence")
            lines.append(f"left out: {without} without such labels")
        if not self.has_classes:
            lines.append(
                "no class of any point is known: errors are of all that moves or stands, and the "
                "bucketed error is of all points"
            )
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        comparison = self.comparison
        told = ("kept", "seconds", "points")
        return {
            "output": str(comparison.out),
            "reference": comparison.reference.name,
            "reference_is_truth": comparison.reference.warning is None,
            "sequences": len(comparison.judged),
            "left_out": list(self.left_out),
            "pairs": comparison.pairs,
            "answers": {
                answer.name: {
                    "folder": str(comparison.folder(answer)),
                    **{key: self.numbers[answer.name][key] for key in told},
                }
                for answer in comparison.answers
            },
            "regions": {table.key: table.for_json() for table in self.tables()},
        }

    @property
    def paths(self) -> list[Path]:
        """Of the files that `write` writes."""
        return [self.comparison.out / name for name in FILES]

    def write(self) -> None:
        """summary.md and summary.json. Raises ZeroflowError where the file system refuses."""
        warning = self.comparison.reference.warning
        paragraphs = [*([f"**{warning}**"] if warning else []), ". ".join(self.heading()) + "."]
        texts = [f"{text}\n" for text in paragraphs] + [t.markdown() for t in self.tables()]
        whole = ("\n".join(texts), json.dumps(self.to_dict(), indent=2) + "\n")
        for path, text in zip(self.paths, whole, strict=True):
            with written_atomically(path) as scratch:
                scratch.write_text(text)

    def _rows(self, region: str) -> dict[str, dict[str, float]]:
        return {name: _row(found, region) for name, found in self.numbers.items()}


def _row(numbers: Mapping[str, Any], region: str) -> dict[str, float]:
    """Of an answer in a region; the bucketed errors as means over classes where there are any."""
    group = MEAN if MEAN in numbers["bucketed"] else ALL
    found = {
        **numbers["ranges"][region],
        **numbers["threeway"][region],
        "bucketed": numbers["ranges"][region][group],
        "static_m": numbers["bucketed"][group][_STATIC[region]],
        "unanswered": numbers["unanswered"][region],
    }
    return {key: math.nan if value is None else float(value) for key, value in found.items()}
