# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SweepCounts: what became of every sweep that the node received."""

from __future__ import annotations

from collections import Counter

from zeroflow_ros.flow import FlowStatus

_WORDS = {
    FlowStatus.ESTIMATED: "estimated",
    FlowStatus.FIRST_SWEEP: "without an earlier sweep",
    FlowStatus.NO_EGO_MOTION: "without ego motion",
    FlowStatus.EMPTY: "empty",
}


class SweepCounts:
    """Counts by outcome; written by one thread at a time, read at the end."""

    def __init__(self) -> None:
        """All zero."""
        self.received = 0
        self.unreadable = 0
        self.failed = 0
        self.answered: Counter[FlowStatus] = Counter()

    def summary(self, dropped: int, refused: int) -> str:
        """One line, for the log at shutdown.

        `dropped` sweeps were overtaken by newer ones, `refused` odometry messages hold no pose.
        """
        outcomes = [f"{self.answered[status]} {words}" for status, words in _WORDS.items()]
        return (
            f"{self.received} sweeps received, {self.answered.total()} answered "
            f"({', '.join(outcomes)}), {dropped} dropped for a newer one, "
            f"{self.unreadable} unreadable, {self.failed} failed; "
            f"{refused} odometry messages refused"
        )
