# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Finding: one line of what the doctor says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple


class Level(str, Enum):
    """note: not needed by everyone, or not as good as it could be; broken: what is needed fails."""

    ok = "ok"
    note = "note"
    broken = "broken"


class Finding(NamedTuple):
    """What was `found`, the `cure` where there is something to do, and what was looked at."""

    level: Level
    found: str
    cure: str = ""
    subject: str = ""


Check = Callable[[], Iterable[Finding]]
