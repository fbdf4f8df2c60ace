# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stopwatch: wall time of the stages of one sweep."""

from __future__ import annotations

import time


class Stopwatch:
    """`lap(stage)` books the time since the last lap, or since the start, to a stage."""

    def __init__(self) -> None:
        self.stage_ms: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Book the time that passed to `stage`."""
        now = time.perf_counter()
        self.stage_ms[stage] = self.stage_ms.get(stage, 0.0) + 1e3 * (now - self._last)
        self._last = now
