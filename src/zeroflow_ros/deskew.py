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
from typing import NamedTuple

import numpy as np

from zeroflow_ros import deskew_loops
from zeroflow_ros.geometry import Points, Transform, interpolate, invert
from zeroflow_ros.pillar_loops import F32
from zeroflow_ros.point_times import point_times
from zeroflow_ros.skew_witnesses import was_straight
from zeroflow_ros.sweep import PosedSweep, Sweep

LONGEST_STEP_S = 1.0  # between two sweeps; beyond it, their poses may share no frame
FASTEST_MPS = 100.0  # no vehicle is; an odometry jumped
# Each sweep's vote is in standard deviations; those of earlier sweeps count less and less.
MEMORY, CERTAIN = 0.9, 6.0


class Path(NamedTuple):
    """How a sensor moved in the time of a sweep.

    The parabola in time, from `first_s` to `last_s` after the stamp, of sensor at the stamp <-
    sensor then: float32 [3, 3, 4], see `deskew_loops`.
    """

    parabola: F32
    first_s: float
    last_s: float

    @staticmethod
    def over(times_s: F32, motion: Transform, step_s: float) -> Path:
        """The path of a sensor that moves by `motion` [4, 4], before <- now, in `step_s` seconds.

        `times_s` float32 [N], s from the stamp to each point, N > 0.
        """
        first_s, last_s = float(times_s.min()), float(times_s.max())
        start, middle, end = [
            _part(motion, at_s / step_s)[:3] for at_s in (first_s, (first_s + last_s) / 2, last_s)
        ]
        # Through three poses: turning by 0.1 rad in a sweep, 50 m away, it is off by 0.4 mm.
        parabola = start, 4 * middle - 3 * start - end, 2 * start - 4 * middle + 2 * end
        return Path(np.array(parabola, np.float32), first_s, last_s)

    def straight(self, points: Points, times_s: F32) -> Points:
        """Points [N, 3] float32, m, as seen from where the sensor was at the stamp; NaN stays."""
        points = np.asarray(points, np.float32)
        return deskew_loops.straight(points, times_s, self.parabola, self.first_s, self.last_s)


class Deskewing:
    """Sweeps in, one after another; out as if measured at their stamp, once their motion is known.

    Many clouds with times were deskewed on their way here, and once more would bend them to the
    other side: the sweeps themselves witness it (`skew_witnesses.py`). Without witnesses, as from a
    lidar that does not spin, a cloud with times is taken as raw; one without is left as it is.
    """

    def __init__(self, times: Callable[[Sweep], F32 | None] = point_times) -> None:
        """`times`: of a sweep's points, s from its stamp; None where they are not known."""
        self._times = times
        self.reset()

    def reset(self) -> None:
        """Forget the sweep before, and what its witnesses said."""
        self._before: PosedSweep | None = None
        self._waiting = False
        self._votes = 0.0  # for clouds that were straight before they came here

    def add(self, newest: PosedSweep) -> list[PosedSweep]:
        """What is ready now, oldest first.

        That is the newest sweep. The first one waits for the second, which tells how both moved.
        """
        before, self._before = self._before, newest
        step_s = 0.0 if before is None else newest.seconds_after(before)
        if before is None or not 0 < step_s <= LONGEST_STEP_S:
            self._waiting = True
            return []
        ready = [before, newest] if self._waiting else [newest]
        self._waiting = False
        motion = invert(before.pose) @ newest.pose
        if np.linalg.norm(motion[:3, 3]) > FASTEST_MPS * step_s:
            return ready
        straight = [self._judged(posed, motion, step_s) for posed in ready]
        return ready if self._votes > CERTAIN else [sweep() for sweep in straight]

    def _judged(
        self, posed: PosedSweep, motion: Transform, step_s: float
    ) -> Callable[[], PosedSweep]:
        """Let a sweep's witnesses vote; what it is, deskewed, for when all have voted."""
        times_s = self._times(posed.sweep)
        if times_s is None:
            return lambda: posed
        path = Path.over(times_s, motion, step_s)
        vote = was_straight(posed.sweep.points, times_s, path.straight)
        if vote:
            self._votes = MEMORY * self._votes + vote
        return lambda: posed.with_points(path.straight(posed.sweep.points, times_s))


def _part(motion: Transform, fraction: float) -> Transform:
    """A part of a motion; a negative one bends like the way that came before."""
    part = interpolate(np.eye(4), motion, abs(fraction))
    return part if fraction >= 0 else invert(part)
