# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""JudgeTask: an answer on one sequence, for a worker."""

from __future__ import annotations

from dataclasses import dataclass

from zeroflow_training.comparison.answers import Answer
from zeroflow_training.comparison.judged_sequences import JudgedSequence
from zeroflow_training.comparison.judgement import Judgement, judge
from zeroflow_training.comparison.reference import Reference


@dataclass(frozen=True)
class JudgeTask:
    """See Task."""

    answer: Answer
    reference: Reference
    judged: JudgedSequence

    def run(self) -> Judgement:
        """Raises ZeroflowError."""
        return judge(self.answer, self.reference, self.judged.sequence, self.judged.pairings)
