# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LatestWorker under overload."""

from __future__ import annotations

import threading

from zeroflow_ros.ros.latest_worker import LatestWorker

TIMEOUT_S = 30.0


def test_a_busy_worker_goes_on_with_the_newest_item_and_counts_the_others() -> None:
    done: list[int] = []
    begun, go_on, all_done = threading.Event(), threading.Event(), threading.Event()

    def work(item: int) -> None:
        begun.set()
        assert go_on.wait(TIMEOUT_S)
        done.append(item)
        if item == 5:
            all_done.set()

    dropped: list[None] = []
    worker = LatestWorker(work, lambda: dropped.append(None))
    worker.put(1)
    assert begun.wait(TIMEOUT_S)
    for item in (2, 3, 4, 5):
        worker.put(item)
    go_on.set()
    assert all_done.wait(TIMEOUT_S)
    worker.stop()
    assert done == [1, 5]
    assert len(dropped) == 3


def test_stop_finishes_the_item_in_work_and_drops_the_one_that_waits() -> None:
    done: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(item: int) -> None:
        begun.set()
        assert go_on.wait(TIMEOUT_S)
        done.append(item)

    dropped: list[None] = []
    worker = LatestWorker(work, lambda: dropped.append(None))
    worker.put(1)
    assert begun.wait(TIMEOUT_S)
    worker.put(2)
    stopper = threading.Thread(target=worker.stop)
    stopper.start()
    while not worker.stopping:
        stopper.join(0.001)
    go_on.set()
    stopper.join(TIMEOUT_S)
    assert not stopper.is_alive()
    assert done == [1]
    assert len(dropped) == 1
