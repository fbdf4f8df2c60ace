# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The Ledger: every sweep is accounted for, once."""

from __future__ import annotations

import threading
import time

import pytest

from zeroflow_ros.flow import FlowStatus
from zeroflow_ros.ros import ledger as ledger_module
from zeroflow_ros.ros.ledger import Ledger, Times

TIMES = Times(age_ms=10.0, latency_ms=70.0, processing_ms=60.0, cyclic_ms=100.0)


def test_every_outcome_is_counted_and_told() -> None:
    ledger = Ledger()
    for _ in range(9):
        ledger.arrive()
    ledger.answer(FlowStatus.FIRST_SWEEP, TIMES, "no earlier sweep")
    for _ in range(2):
        ledger.answer(FlowStatus.ESTIMATED, TIMES)
    ledger.answer(FlowStatus.NO_EGO_MOTION, TIMES, "no ego motion: gone")
    ledger.pass_over(FlowStatus.ESTIMATED, TIMES)
    ledger.drop()
    ledger.fail("cloud not readable: no field z", unreadable=True)
    ledger.fail("sweep not answered: ValueError", unreadable=False)
    ledger.answer(FlowStatus.EMPTY, TIMES, "no finite point")
    assert ledger.summary() == (
        "9 sweeps received, 5 answered (2 estimated, 1 without an earlier sweep, "
        "1 without ego motion, 1 empty), 1 not asked for, 1 dropped for a newer one, "
        "1 unreadable, 1 failed"
    )
    counts = ledger.counts()
    outcomes = ("answered", "not asked for", "dropped", "unreadable", "failed")
    assert counts["received"] == sum(counts[name] for name in outcomes) == 9


def test_trouble_is_that_of_the_newest_sweep() -> None:
    ledger = Ledger()
    ledger.fail("cloud not readable: no field z", unreadable=True)
    assert (ledger.trouble, ledger.broken) == ("cloud not readable: no field z", True)
    assert not ledger.poseless
    ledger.answer(FlowStatus.NO_EGO_MOTION, TIMES, "no ego motion: gone")
    assert (ledger.trouble, ledger.broken) == ("no ego motion: gone", False)
    assert ledger.poseless
    ledger.answer(FlowStatus.ESTIMATED, TIMES)
    assert (ledger.trouble, ledger.broken, ledger.poseless) == ("", False, False)
    ledger.pass_over(FlowStatus.NO_EGO_MOTION, TIMES, "no ego motion: gone")
    assert ledger.poseless


def test_time_counts_from_the_last_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    ledger = Ledger()
    now[0] += 3.0
    ledger.arrive()
    ledger.answer(FlowStatus.NO_EGO_MOTION, TIMES)
    assert (ledger.silent_s, ledger.flowless_s) == (0.0, 3.0)
    ledger.answer(FlowStatus.ESTIMATED, TIMES)
    now[0] += 2.0
    assert (ledger.silent_s, ledger.flowless_s) == (2.0, 2.0)
    ledger.drop()
    assert (len(ledger.recent().times), ledger.recent().dropped) == (2, 1)
    now[0] += ledger_module.RECENT_S
    assert (len(ledger.recent().times), ledger.recent().dropped) == (0, 1)
    now[0] += 0.5
    assert ledger.recent().dropped == 0
    ledger.forget_times()
    assert (ledger.silent_s, ledger.flowless_s) == (0.0, 0.0)
    assert ledger.answered[FlowStatus.ESTIMATED] == 1


def test_threads_may_share_it() -> None:
    ledger, reading = Ledger(), threading.Event()

    def write() -> None:
        for _ in range(3000):
            ledger.arrive()
            ledger.answer(FlowStatus.ESTIMATED, TIMES)

    def read() -> None:
        while not reading.is_set():
            assert len(ledger.recent().times) <= 512

    threads = [threading.Thread(target=write) for _ in range(3)]
    reader = threading.Thread(target=read)
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    reading.set()
    reader.join()
    assert ledger.received == ledger.answered[FlowStatus.ESTIMATED] == 9000
