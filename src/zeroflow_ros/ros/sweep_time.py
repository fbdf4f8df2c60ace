# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Time as the sweeps tell it: how far two stamps are apart, and how long to wait for something."""

from __future__ import annotations

from typing import Any

from zeroflow_ros.sweep import LONGEST_GAP

CLOCKS_DIFFER_S = 60.0
SHORTEST_STEP = 0.1  # in intervals of the model: no lidar is ten times as fast
LONGEST_STEP_NS = 500_000_000


def stamp_ns(stamp: Any) -> int:
    """Nanoseconds of a builtin_interfaces/Time."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def apart(what: str, sweep_ns: int, other_ns: int) -> str:
    """How much older or newer than the sweep `what` is, and what that may mean, in words."""
    older_s = (sweep_ns - other_ns) * 1e-9
    side = "older" if older_s > 0 else "newer"
    differ = abs(older_s) > CLOCKS_DIFFER_S
    cure = "; are both on the same clock (use_sim_time)?" if differ else ""
    return f"{what} is {abs(older_s):.3f} s {side} than the sweep{cure}"


def odd_step(step_ns: int, interval_s: float) -> str:
    """Why a sweep finds none to be compared with, if it is the time since the one before.

    In words, with the cure; empty where that time is fine. `interval_s`: of the model.
    """
    step_s, longest_s = step_ns * 1e-9, LONGEST_GAP * interval_s
    said = f"its stamp is {step_s:.6f} s after the one before"
    if step_s > longest_s:
        return (
            f"{said}, and above {longest_s:.2f} s there is no flow: sweeps were lost or dropped, "
            "the lidar is too slow, or its driver stamps in another unit than seconds"
        )
    if 0 < step_s < SHORTEST_STEP * interval_s:
        return f"{said}: the driver stamps in another unit than seconds, or sends sweeps in parts"
    return ""


class Patience:
    """How long something is waited for, in the sweeps' time; of a gap, little counts."""

    def __init__(self, seconds: float) -> None:
        self._longest_ns = round(seconds * 1e9)
        self.reset()

    def reset(self) -> None:
        """Wait anew."""
        self._passed_ns = 0
        self._last_ns: int | None = None

    def over(self, now_ns: int) -> bool:
        """Whether that time has passed since this was first asked, once for each sweep."""
        if self._last_ns is not None:
            self._passed_ns += min(max(now_ns - self._last_ns, 0), LONGEST_STEP_NS)
        self._last_ns = now_ns
        return self._passed_ns > self._longest_ns
