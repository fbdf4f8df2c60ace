# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Comparison: several answers judged on the same sweeps; what `zeroflow evaluate` does, callable.

OUT/ANSWER/         the report of an answer; its results.json is written last
OUT/summary.md      all answers, a row each; and summary.json
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zeroflow_ros.counted import counted
from zeroflow_ros.errors import DataError
from zeroflow_ros.offline import Progress
from zeroflow_training.comparison.answers import Answer
from zeroflow_training.comparison.fingerprint import fingerprint
from zeroflow_training.comparison.judged_sequences import JudgedSequence
from zeroflow_training.comparison.judgement import Judgement, judge
from zeroflow_training.comparison.reference import Reference
from zeroflow_training.comparison.tasks import JudgeTask
from zeroflow_training.evaluation.report import NUMBERS, Context, write_report
from zeroflow_training.workers import worked_off


@dataclass(frozen=True)
class Comparison:
    """`answers` on `judged` sequences, with reports below `out`, by `jobs` processes."""

    answers: tuple[Answer, ...]
    judged: tuple[JudgedSequence, ...]
    reference: Reference
    out: Path
    jobs: int = 1

    def __post_init__(self) -> None:
        """Raise DataError for two answers of one name."""
        name, count = Counter(answer.name for answer in self.answers).most_common(1)[0]
        if count > 1:
            raise DataError(f"{count} answers are called '{name}': rename a model's file")

    @property
    def pairs(self) -> int:
        """How many each answer is judged on."""
        return sum(len(each.pairings) for each in self.judged)

    @property
    def judged_on(self) -> str:
        """The same in words."""
        return f"{counted(self.pairs, 'sweep')} of {counted(len(self.judged), 'sequence')}"

    def folder(self, answer: Answer) -> Path:
        """Of its report."""
        return self.out / answer.name

    def run(self, progress: Progress | None = None) -> dict[str, dict[str, Any]]:
        """The numbers of every answer, by its name, as its results.json has them.

        A report that is there and whose fingerprint fits is kept; its numbers have `kept` True.
        `progress` gets (pairs judged, pairs in all). Raises ZeroflowError.
        """
        kept = {answer.name: self._kept(answer) for answer in self.answers}
        bar = _Bar(progress, self.pairs * sum(found is None for found in kept.values()))
        return {
            answer.name: {"kept": True, **found}
            if (found := kept[answer.name]) is not None
            else {"kept": False, **self._made(answer, bar)}
            for answer in self.answers
        }

    def _kept(self, answer: Answer) -> dict[str, Any] | None:
        """None where there is no report that still holds."""
        try:
            found = json.loads((self.folder(answer) / NUMBERS).read_text())
        except (OSError, ValueError):
            return None
        wanted = fingerprint(answer, self.reference, self.judged)
        return found if isinstance(found, dict) and found.get("fingerprint") == wanted else None

    def _made(self, answer: Answer, bar: _Bar) -> dict[str, Any]:
        told = fingerprint(answer, self.reference, self.judged)
        started = time.perf_counter()
        judgement = sum(self._judgements(answer, bar), start=Judgement.nothing())
        record = {
            "fingerprint": told,
            "answer": answer.name,
            "reference": self.reference.name,
            "reference_is_truth": self.reference.warning is None,
            "sequences": len(self.judged),
            "pairs": self.pairs,
            "points": int(judgement.points.sum()),
            "unanswered": judgement.shares_unanswered(),
            "seconds": round(time.perf_counter() - started, 2),
        }
        notes = self._notes(answer, judgement)
        context = Context(self.reference.in_words, answer.name, notes, record)
        write_report(judgement.results, self.folder(answer), context)
        found: dict[str, Any] = json.loads((self.folder(answer) / NUMBERS).read_text())
        return found

    def _notes(self, answer: Answer, judgement: Judgement) -> tuple[str, ...]:
        """What stands above the tables of an answer."""
        points = judgement.points.sum()
        share = judgement.unanswered.sum() / max(points, 1)
        about = (
            f"{answer.name}: {self.judged_on}, {points:,.0f} points against the "
            f"{self.reference.in_words}; {share:.2%} of them without an estimate, judged as if "
            "said to stand still."
        )
        warning = self.reference.warning
        return (about,) if warning is None else (f"**{warning}**", about)

    def _judgements(self, answer: Answer, bar: _Bar) -> Iterator[Judgement]:
        """Of each sequence, in their order: sums are the same however many processes there are."""
        jobs = min(self.jobs, len(self.judged))
        if jobs > 1:
            tasks = [JudgeTask(answer, self.reference, each) for each in self.judged]
            found = worked_off(tasks, jobs)
            for each, judgement in zip(self.judged, found, strict=True):
                bar.forward(len(each.pairings))
                yield judgement
            return
        for each in self.judged:
            yield judge(answer, self.reference, each.sequence, each.pairings, bar.forward)


class _Bar:
    """Counts pairs of all answers."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def forward(self, pairs: int = 1) -> None:
        self._done += pairs
        if self._progress is not None:
            self._progress(self._done, self._total)
