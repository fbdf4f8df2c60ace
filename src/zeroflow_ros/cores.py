# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How many processor cores there are to compute with."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Cores that this process may run on, at least 1: `taskset` and cpusets leave fewer than the
    machine has.
    """
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
