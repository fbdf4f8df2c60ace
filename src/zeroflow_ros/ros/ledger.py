# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ledger: what became of every sweep that the node received, and how long the last ones took."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from zeroflow_ros.flow import FlowStatus

RECENT_S = 5.0
_MOST_RECENT = 512
_WORDS = {
    FlowStatus.ESTIMATED: "estimated",
    FlowStatus.FIRST_SWEEP: "without an earlier sweep",
    FlowStatus.NO_EGO_MOTION: "without ego motion",
    FlowStatus.EMPTY: "empty",
}


@dataclass(frozen=True)
class Times:
    """Of one sweep, in ms: from its stamp to its arrival (`age`) and to its flow (`latency`), the
    work itself (`processing`, and that of its stages), and since the sweep before (`cyclic`).
    """

    age_ms: float
    latency_ms: float
    processing_ms: float
    cyclic_ms: float | None = None
    stage_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recent:
    """The last seconds: times of the sweeps that were worked on, and how many were dropped."""

    times: list[Times]
    dropped: int


class Ledger:
    """Received = answered + unheard + dropped + unreadable + failed + the one or two in work.

    `trouble`: why the newest sweep has no estimate; `broken`: it was unreadable, or failed;
    `poseless`: its ego motion is unknown. The threads of the executor, the worker and the
    diagnostics share it.
    """

    def __init__(self) -> None:
        """All zero, as of now."""
        self._lock = threading.Lock()
        self.received = self.dropped = self.unheard = self.unreadable = self.failed = 0
        self.answered: Counter[FlowStatus] = Counter()
        self.forget_times()

    def forget_times(self) -> None:
        """Count time from now, as when the node is activated; counts stay."""
        now = time.monotonic()
        with self._lock:
            self._arrived_at = self._estimated_at = now
            self._times: deque[tuple[float, Times]] = deque(maxlen=_MOST_RECENT)
            self._drops: deque[float] = deque(maxlen=_MOST_RECENT)
            self.trouble, self.broken, self.poseless = "", False, False

    def arrive(self) -> None:
        """A sweep came in."""
        with self._lock:
            self.received += 1
            self._arrived_at = time.monotonic()

    def drop(self) -> None:
        """A sweep was overtaken by a newer one while it waited."""
        with self._lock:
            self.dropped += 1
            self._drops.append(time.monotonic())

    def answer(self, status: FlowStatus, times: Times, trouble: str = "") -> None:
        """A sweep's flow was published; `trouble` says why it has none."""
        with self._lock:
            self.answered[status] += 1
            self._see(status, trouble)
            self._times.append((time.monotonic(), times))
            if status is FlowStatus.ESTIMATED:
                self._estimated_at = time.monotonic()

    def pass_over(self, status: FlowStatus, times: Times, trouble: str = "") -> None:
        """A sweep became history only, as nobody listened; `trouble` says why not even that."""
        with self._lock:
            self.unheard += 1
            self._see(status, trouble)
            self._times.append((time.monotonic(), times))
            self._estimated_at = time.monotonic()  # whoever listens next will not have waited

    def fail(self, trouble: str, *, unreadable: bool) -> None:
        """A sweep got no answer: its cloud could not be read, or the pipeline failed."""
        with self._lock:
            self.unreadable += unreadable
            self.failed += not unreadable
            self.trouble, self.broken, self.poseless = trouble, True, False

    def _see(self, status: FlowStatus, trouble: str) -> None:
        self.trouble, self.broken = trouble, False
        self.poseless = status is FlowStatus.NO_EGO_MOTION

    @property
    def silent_s(self) -> float:
        """Since the last sweep, or since times count."""
        return time.monotonic() - self._arrived_at

    @property
    def flowless_s(self) -> float:
        """Since the last sweep with an estimate, or since times count."""
        return time.monotonic() - self._estimated_at

    def recent(self) -> Recent:
        """What happened in the last RECENT_S seconds."""
        since = time.monotonic() - RECENT_S
        with self._lock:
            times = [times for at, times in self._times if at >= since]
            return Recent(times, sum(at >= since for at in self._drops))

    def counts(self) -> dict[str, int]:
        """Outcomes by name, for diagnostics."""
        with self._lock:
            return {
                "received": self.received,
                "answered": self.answered.total(),
                **{words: self.answered[status] for status, words in _WORDS.items()},
                "not asked for": self.unheard,
                "dropped": self.dropped,
                "unreadable": self.unreadable,
                "failed": self.failed,
            }

    def summary(self) -> str:
        """One line, for the log at the end."""
        outcomes = [f"{self.answered[status]} {words}" for status, words in _WORDS.items()]
        return (
            f"{self.received} sweeps received, {self.answered.total()} answered "
            f"({', '.join(outcomes)}), {self.unheard} not asked for, {self.dropped} dropped for a "
            f"newer one, {self.unreadable} unreadable, {self.failed} failed"
        )
