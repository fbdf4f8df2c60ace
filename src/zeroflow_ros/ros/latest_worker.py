# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LatestWorker: a thread that always works on the newest item and tells what it had to skip."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class LatestWorker(Generic[Item]):
    """Latest wins: an item that arrives while the worker is busy replaces the one that waits.

    Latency therefore never grows on a slow machine, and the executor stays free for odometry.
    """

    def __init__(self, work: Callable[[Item], None], skip: Callable[[], None]) -> None:
        """Start the thread; `work` must not raise. `skip` is told of each item that is dropped."""
        self._work, self._skip = work, skip
        self._changed = threading.Condition()
        self._waiting: Item | None = None
        self.stopping = False
        self._thread = threading.Thread(target=self._run, name="scene_flow_worker", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Hand over the newest item; never blocks for long."""
        with self._changed:
            if self._waiting is not None:
                self._skip()
            self._waiting = item
            self._changed.notify()

    def stop(self) -> None:
        """Finish the item in work and end the thread; an item that still waits is dropped."""
        with self._changed:
            self.stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self.stopping or self._waiting is not None)
                item, self._waiting = self._waiting, None
                if self.stopping:
                    if item is not None:
                        self._skip()
                    return
            if item is not None:
                self._work(item)
