# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Point times: when each point was measured, whatever the driver calls it and counts it in.

Drivers disagree on name, type, unit (s, ms, us, ns) and origin (the message's stamp or an epoch).
A revolution takes 20 to 250 ms, so its duration tells the unit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zeroflow_ros.pillar_loops import F32
from zeroflow_ros.sweep import Sweep

TIME_FIELDS = (
    *("t", "time", "timestamp", "time_stamp", "timeStamp", "timestampSec"),
    *("offset_time", "time_offset", "time_offset_ns"),
)
UNITS_S = (1.0, 1e-3, 1e-6, 1e-9)
REVOLUTION_S = (0.02, 0.25)  # less than a factor of 1000 apart: one unit fits
NEAR_S = 1.0  # a time farther from the stamp is of another clock


def point_times(sweep: Sweep) -> F32 | None:
    """Seconds from the stamp to each point, float32 [N]; None where the sweep does not tell.

    Of another clock than the stamp's only differences count: its first point is at the stamp.
    Rows that are no points, whose time may be anything, get one within the sweep's.
    """
    column = next((sweep.extras[name] for name in TIME_FIELDS if name in sweep.extras), None)
    rows = _returns(sweep)
    if column is None or not rows.any():
        return None
    # An epoch in nanoseconds has more digits than a float.
    values = column.astype(np.int64 if column.dtype.kind in "iu" else np.float64)
    first, last = values[rows].min(), values[rows].max()
    unit = _unit(float(last - first))
    if unit is None:
        return None
    # fmax and fmin take NaN, the time of some rows that are no points, as missing.
    since_first = np.fmin(np.fmax(values - first, 0), last - first) * unit
    return (since_first + _from_stamp(float(first) * unit, sweep.stamp_ns)).astype(np.float32)


def _returns(sweep: Sweep) -> npt.NDArray[np.bool_]:
    """Which rows are points: neither NaN nor at the origin."""
    x, y, z = sweep.points.T
    rows: npt.NDArray[np.bool_] = np.isfinite(x + y + z) & ((x != 0) | (y != 0))
    return rows


def _unit(ticks: float) -> float | None:
    """Seconds of a tick, of which a revolution takes so many."""
    shortest, longest = REVOLUTION_S
    return next((unit for unit in UNITS_S if shortest <= ticks * unit <= longest), None)


def _from_stamp(first_s: float, stamp_ns: int) -> float:
    """Seconds from the stamp to the first point, by whichever origin comes near the stamp."""
    since_stamp = (first_s, first_s - stamp_ns * 1e-9, 0.0)
    return next(seconds for seconds in since_stamp if abs(seconds) < NEAR_S)
