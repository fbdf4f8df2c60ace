# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Point times: when each point was measured, whatever the driver calls it and counts it in.

Drivers disagree on name, type, unit (s, ms, us, ns) and origin (the message's stamp or an epoch).
A revolution, or the sector of it that is left, takes 4 to 250 ms: its duration tells the unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from zeroflow_ros.geometry import Points
from zeroflow_ros.jit import DOUBLES, FLOAT_ROWS, compiled
from zeroflow_ros.pillar_loops import F32, F64
from zeroflow_ros.sweep import Sweep

TIME_FIELDS = (
    *("t", "time", "timestamp", "time_stamp", "timeStamp", "timestampSec"),
    *("offset_time", "time_offset", "time_offset_ns"),
)
UNITS_S = (1.0, 1e-3, 1e-6, 1e-9)
REVOLUTION_S = (0.004, 0.25)  # less than a factor of 1000 apart: one unit fits
NEAR_S = 0.5  # a time farther from the stamp is of another clock


def point_times(sweep: Sweep) -> F32 | None:
    """Seconds from the stamp to each point, float32 [N]; None where the sweep does not tell.

    Of another clock than the stamp's only differences count: its first point is at the stamp.
    Rows that are no points, whose time may be anything, get one within the sweep's.
    """
    points = np.asarray(sweep.points, np.float32)
    for name in TIME_FIELDS:
        if name in sweep.extras:
            values = sweep.extras[name].astype(np.float64)  # of an epoch in ns, 256 are lost
            first, last = _first_and_last(points, values)
            unit = _unit(last - first)
            if unit is not None:
                start_s = _from_stamp(first * unit, sweep.stamp_ns)
                return _seconds(values, first, last, unit, start_s)
    return None


@compiled(FLOAT_ROWS, DOUBLES)
def _first_and_last(points: Points, values: F64) -> tuple[Any, Any]:
    """The first and last time of rows that are points: neither NaN nor at the origin.

    NaN where one of them has no time.
    """
    first, last = np.inf, -np.inf
    for row in range(len(points)):
        x, y = points[row, 0], points[row, 1]
        if np.isfinite(x + y + points[row, 2]) and (x != 0 or y != 0):
            if not np.isfinite(values[row]):
                return np.nan, np.nan
            first, last = min(first, values[row]), max(last, values[row])
    return first, last


@compiled(DOUBLES, *[types.float64] * 4)
def _seconds(values: F64, first: Any, last: Any, unit: Any, start_s: Any) -> F32:
    """Seconds from the stamp, within those of the first and last point; NaN is as the first."""
    seconds = np.empty(len(values), np.float32)
    for row in range(len(values)):
        since_first = values[row] - first if values[row] > first else 0.0
        seconds[row] = start_s + unit * min(since_first, last - first)
    return seconds


def _unit(ticks: float) -> float | None:
    """Seconds of a tick, of which a revolution takes so many."""
    shortest, longest = REVOLUTION_S
    return next((unit for unit in UNITS_S if shortest <= ticks * unit <= longest), None)


def _from_stamp(first_s: float, stamp_ns: int) -> float:
    """Seconds from the stamp to the first point, by whichever origin comes near the stamp."""
    since_stamp = min(first_s, first_s - stamp_ns * 1e-9, key=abs)
    return since_stamp if abs(since_stamp) < NEAR_S else 0.0
