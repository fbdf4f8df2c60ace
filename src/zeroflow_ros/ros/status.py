# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Status: the six states of the node, told apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class State(Enum):
    """What the node is doing, in one word; a node that idles must not look like one that fails."""

    WAITING = "no sweeps come, or it is not ready yet"
    IDLE = "nobody asks for flow"
    OK = "flow leaves in time"
    SLOW = "flow leaves late, or sweeps are dropped"
    STALE = "sweeps come, but no flow leaves"
    ERROR = "it cannot work"


class Status(NamedTuple):
    """A state, and why, in words."""

    state: State
    why: str


@dataclass(frozen=True)
class Facts:
    """Of an active node. `silent_s` since the last sweep; `flowless_s` since the last estimate.

    `trouble`: why the newest sweep has no estimate; `broken`: it is of a kind that time does not
    mend (clouds that cannot be read, a network that fails). `slowest_ms`, `dropped`: lately.
    """

    topic: str
    silent_s: float
    flowless_s: float
    heard: bool
    trouble: str
    broken: bool
    slowest_ms: float
    dropped: int


def judge(facts: Facts, slow_ms: float, stale_s: float) -> Status:
    """The state of an active node: the first that applies, in the order of what hides what."""
    if facts.silent_s > stale_s:
        return Status(State.WAITING, f"no sweep on {facts.topic} for {facts.silent_s:.1f} s")
    late = facts.flowless_s > stale_s
    if late and facts.broken:
        return Status(State.ERROR, facts.trouble)
    if not facts.heard:
        return Status(State.IDLE, "nobody listens to ~/output; sweeps become history only")
    if late:
        why = facts.trouble or "the sweep in work takes long"
        return Status(State.STALE, f"no flow for {facts.flowless_s:.1f} s: {why}")
    if facts.dropped:
        why = f"{facts.dropped} sweeps dropped lately: they come faster than they are answered"
        return Status(State.SLOW, why)
    if facts.slowest_ms > slow_ms:
        return Status(State.SLOW, f"a sweep took {facts.slowest_ms:.0f} ms, above {slow_ms:.0f}")
    return Status(State.OK, "flow leaves in time")
