# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Judgement: what is kept of an answer's judged sweeps. Judgements add."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Several
from dataclasses import dataclass

import numpy as np

from zeroflow_training.comparison.answers import Answer
from zeroflow_training.comparison.reference import Answered, JudgedSweep, Reference
from zeroflow_training.evaluation.regions import PLACES, REGIONS, place_of
from zeroflow_training.evaluation.results import Results
from zeroflow_training.evaluation.tally import F64
from zeroflow_training.sequences import Pairing, Sequence


@dataclass(frozen=True)
class Judgement:
    """`points` that were judged, and `unanswered` ones of them, which count as standing still.

    Both float64 [PLACES]: how many in each place.
    """

    results: Results
    points: F64
    unanswered: F64

    @staticmethod
    def nothing() -> Judgement:
        """Of no sweep."""
        return Judgement(Results.nothing(), np.zeros(PLACES), np.zeros(PLACES))

    @staticmethod
    def of(sweep: JudgedSweep, answered: Answered) -> Judgement:
        """Of one sweep."""
        pair = sweep.beside(answered)
        places = place_of(pair.points)
        points, unanswered = (
            np.bincount(places[rows], minlength=PLACES).astype(np.float64)
            for rows in (pair.valid, pair.valid & ~answered.estimated)
        )
        return Judgement(Results.of(pair), points, unanswered)

    def __add__(self, other: Judgement) -> Judgement:
        return Judgement(
            self.results + other.results,
            self.points + other.points,
            self.unanswered + other.unanswered,
        )

    def shares_unanswered(self) -> dict[str, float | None]:
        """Of the points of each region; None where there are none."""
        places = {region: list(places) for region, places in REGIONS.items()}
        return {
            region: float(self.unanswered[rows].sum() / count) if count else None
            for region, rows in places.items()
            for count in [self.points[rows].sum()]
        }


def judge(
    answer: Answer,
    reference: Reference,
    sequence: Sequence,
    pairings: Several[Pairing],
    on_pair: Callable[[], None] = lambda: None,
) -> Judgement:
    """An answer's flow of some pairs of a sequence. Raises ZeroflowError for what is damaged."""
    judgement = Judgement.nothing()
    for pairing, answered in answer.flows(sequence, pairings):
        judgement = judgement + Judgement.of(reference.judged(sequence, pairing), answered)
        on_pair()
    return judgement
