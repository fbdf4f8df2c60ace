# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Report: evaluate sweeps, and write tables, numbers and pictures of the outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zeroflow_ros.counted import counted
from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.files import remove, written_atomically
from zeroflow_ros.rendering import save_png
from zeroflow_training.evaluation.pair import EvaluatedPair
from zeroflow_training.evaluation.pictures import draw_pair, draw_speeds
from zeroflow_training.evaluation.regions import CLOSE
from zeroflow_training.evaluation.results import Results
from zeroflow_training.evaluation.tables import bucketed_groups, numbers, tables

NUMBERS = "results.json"


@dataclass(frozen=True)
class Context:
    """What a report says besides its numbers.

    `reference`: what stands in the place of the truth, in words; `answer`: who predicted; `notes`:
    lines above the tables; `record`: entries of results.json.
    """

    reference: str = "truth"
    answer: str = "prediction"
    notes: tuple[str, ...] = ()
    record: Mapping[str, object] = field(default_factory=dict)


def evaluate(pairs: Iterable[EvaluatedPair], out: Path) -> Results:
    """Judge sweeps one after the other and write a report into the folder `out`.

    Raises ZeroflowError where there is no sweep, or one is not fit to be judged.
    """
    results = Results.nothing()
    for pair in pairs:
        results = results + Results.of(pair)
    write_report(results, out)
    return results


def write_report(results: Results, out: Path, context: Context = Context()) -> None:
    """Write results.md, speeds.png, worst_1.png and so on, and results.json (every number).

    The last one is written last, and an old one is removed first: where it is, the report is
    complete and of one piece. Raises ZeroflowError where there is no sweep, or `out` cannot be
    written.
    """
    if not results.sweeps:
        raise ZeroflowError(f"nothing to write into '{out}': there was no sweep to evaluate")
    remove(out / NUMBERS)
    paragraphs = [f"{note}\n" for note in context.notes]
    paragraphs += [table.markdown() for table in tables(results)]
    with written_atomically(out / "results.md") as scratch:
        scratch.write_text("\n".join(paragraphs))
    _draw(results, out, context)
    entries = {**context.record, **numbers(results)}
    with written_atomically(out / NUMBERS) as scratch:
        scratch.write_text(json.dumps(entries, indent=2) + "\n")


def _draw(results: Results, out: Path, context: Context) -> None:
    reference = context.reference
    against = "" if reference == Context.reference else f", against {reference}"
    title = f"error by speed, {counted(results.sweeps, 'sweep')}, {CLOSE}{against}"
    draw_speeds(bucketed_groups(results.tally, CLOSE), title, out / "speeds.png")
    for old in out.glob("worst_*.png"):  # of a report that had more of them
        old.unlink()
    for rank, (error_m, pair) in enumerate(results.worst, 1):
        heading = f"{rank}. {pair.name}: motion error {100 * error_m:.2f} cm"
        save_png(draw_pair(pair, heading, reference, context.answer), out / f"worst_{rank}.png")
