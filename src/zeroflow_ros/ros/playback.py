# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The past at its own pace: records of a bag when they are due, and the time in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator

from zeroflow_ros.bags import Record

CLOCK_PERIOD_S = 0.01


class Playback:
    """Gives out records at the pace of their recording; `tick` gets the time of then (ns).

    The time rises within a round, at least every CLOCK_PERIOD_S, and never past what comes next.
    """

    def __init__(
        self,
        tick: Callable[[int], None],
        *,
        rate: float = 1.0,
        start_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`rate` times as fast as recorded, from `start_s` after the first record on."""
        self.late_ms = 0.0
        self._tick, self._rate, self._start_s = tick, rate, start_s
        self._now, self._sleep = now, sleep

    def paced(self, records: Iterable[Record], latched: Container[str] = ()) -> Iterator[Record]:
        """The records of one round, each when it is due.

        Those from before the start are left out, except for `latched` topics: they still hold.
        """
        first_ns: int | None = None
        begun: float | None = None
        latest_ns = 0
        for record in records:
            first_ns = record.log_ns if first_ns is None else first_ns
            age_s = (record.log_ns - first_ns) * 1e-9 - self._start_s
            if age_s < 0:
                if record.topic in latched:
                    yield record
                continue
            if begun is None:
                begun = self._now() - age_s / self._rate
            latest_ns = max(latest_ns, record.log_ns)  # files of a split bag may overlap
            self._wait(begun + age_s / self._rate, latest_ns)
            yield record

    def _wait(self, due: float, until_ns: int) -> None:
        while (left := due - self._now()) > 0:
            self._tick(until_ns - int(left * self._rate * 1e9))
            self._sleep(min(left, CLOCK_PERIOD_S))
        self.late_ms = max(self.late_ms, -1e3 * left)
        self._tick(until_ns)
