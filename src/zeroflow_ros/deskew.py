# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Deskew: points as if all were measured at the sweep's stamp.

A spinning lidar on a vehicle at 20 m/s moves two metres while it looks around once. What it sees
late in the revolution seems nearer than it is, and by another amount in the next sweep: beside the
vehicle, a standing wall creeps. Needs the time of each point; speed and turn are those of the poses
of two sweeps, taken as constant (as KISS-ICP does, Vizzo et al. 2023).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zeroflow_ros import deskew_loops
from zeroflow_ros.geometry import Points, Transform, interpolate, invert
from zeroflow_ros.pillar_loops import F32
from zeroflow_ros.point_times import point_times
from zeroflow_ros.sweep import PosedSweep, Sweep

LONGEST_STEP_S = 1.0  # between two sweeps; beyond it, their poses may share no frame
# Points that witness: near enough for the vehicle's motion to show, of another side than its own.
WITNESSES, WITNESS_RANGE_M = 2000, (2.0, 30.0)
WIDEST_STEP = 0.2  # rad; more is another scan head's
SMALLEST = 1e-6  # rad; nothing shows while the vehicle stands
MEMORY, CERTAIN = 0.9, 6.0  # of one sweep to the next; of those, together


class Deskewing:
    """Sweeps in, one after another; out as if measured at their stamp, once their motion is known.

    Many clouds with times were deskewed on their way here, and once more would bend them to the
    other side. In a raw cloud, what is measured at one time lies in one direction, be it near or
    far: each sweep of a lidar that spins and moves witnesses which of the two it is. Without
    witnesses a cloud with times is taken as raw; one without times is left as it is.
    """

    def __init__(self, times: Callable[[Sweep], F32 | None] = point_times) -> None:
        """`times`: of a sweep's points, s from its stamp; None where they are not known."""
        self._times = times
        self.reset()

    def reset(self) -> None:
        """Forget the sweep before, and what its witnesses said."""
        self._before: PosedSweep | None = None
        self._waiting = False
        self._bent = 0.0  # how surely what comes was deskewed before, in standard deviations

    def add(self, newest: PosedSweep) -> list[PosedSweep]:
        """What is ready now, oldest first.

        That is the newest sweep. The first one waits for the second, which tells how both moved.
        """
        before, self._before = self._before, newest
        step_s = 0.0 if before is None else newest.seconds_after(before)
        if before is None or not 0 < step_s <= LONGEST_STEP_S:
            self._waiting = True
            return []
        motion = invert(before.pose) @ newest.pose
        ready = [before, newest] if self._waiting else [newest]
        self._waiting = False
        return self._deskewed(ready, motion, step_s)

    def _deskewed(
        self, ready: list[PosedSweep], motion: Transform, step_s: float
    ) -> list[PosedSweep]:
        straight = list(ready)
        for k, posed in enumerate(ready):
            given, times_s = posed.sweep.points, self._times(posed.sweep)
            if times_s is not None:
                points = deskewed(given, times_s, motion, step_s)
                self._bent = MEMORY * self._bent + _bent(given, points, times_s)
                straight[k] = posed.with_points(points)
        return ready if self._bent > CERTAIN else straight


def deskewed(points: Points, times_s: F32, motion: Transform, step_s: float) -> Points:
    """Points [N, 3] float32, m, as seen from where the sensor was at the stamp; NaN stays NaN.

    `times_s` float32 [N], finite, s from the stamp to each point; `motion` [4, 4] is the sensor's
    over `step_s` seconds: the frame before <- the frame now.
    """
    if not len(points):
        return points
    first_s, last_s = float(times_s.min()), float(times_s.max())
    start, middle, end = [
        _part(motion, at_s / step_s)[:3] for at_s in (first_s, (first_s + last_s) / 2, last_s)
    ]
    # The parabola through three poses: in a turn of 1 rad/s, 50 m away, it is off by 0.2 mm.
    parabola = start, 4 * middle - 3 * start - end, 2 * start - 4 * middle + 2 * end
    return deskew_loops.deskewed(points, times_s, np.array(parabola, np.float32), first_s, last_s)


def _part(motion: Transform, fraction: float) -> Transform:
    """A part of a motion; a negative one bends like the way that came before."""
    part = interpolate(np.eye(4), motion, abs(fraction))
    return part if fraction >= 0 else invert(part)


def _bent(given: Points, straight: Points, times_s: F32) -> float:
    """How surely a cloud was deskewed before (> 0) or is raw (< 0), in standard deviations.

    From one point to the next in time, raw directions step as the lidar spins, and from laser to
    laser; deskewed ones step as well by how much the vehicle's motion shows at either range. Less
    of a step is left when that is taken off, or more. `straight`: `given`, deskewed.
    """
    rows = _witnesses(given, times_s)
    azimuth = _azimuth(given[rows])
    step = _wrapped(np.diff(azimuth))
    shown = np.diff(_wrapped(_azimuth(straight[rows]) - azimuth))
    near = (np.abs(step) < WIDEST_STEP) & (np.abs(shown) < WIDEST_STEP)
    step, shown = step[near], shown[near]
    if not len(step):
        return 0.0
    step -= np.median(step)
    shorter = np.abs(step) - np.abs(step - shown)
    return float(shorter.sum() / max(np.sqrt(shorter @ shorter), SMALLEST))


def _witnesses(points: Points, times_s: F32) -> npt.NDArray[np.intp]:
    """Rows of some points at middle distance, in the order of their times."""
    # At random: every n-th could be of two lasers that fire to different sides.
    count = min(WITNESSES, len(points))
    rows = np.random.default_rng(0).integers(0, max(len(points), 1), count)
    distance = np.hypot(points[rows, 0], points[rows, 1])
    rows = rows[(distance > WITNESS_RANGE_M[0]) & (distance < WITNESS_RANGE_M[1])]
    return rows[np.argsort(times_s[rows], kind="stable")]


def _azimuth(points: Points) -> F32:
    azimuth: F32 = np.arctan2(points[:, 1], points[:, 0])
    return azimuth


def _wrapped(angle: F32) -> F32:
    """Angles within half a turn."""
    wrapped: F32 = (angle + np.pi) % (2 * np.pi) - np.pi
    return wrapped
