# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Drive: sweeps of a recording in, as they come; those with a pose, deskewed, into a sequence."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from zeroflow_ros.deskew import LONGEST_STEP_S, Deskewing
from zeroflow_ros.ego_motion import EgoMotion, KissIcpOdometry
from zeroflow_ros.ego_motion.kiss_icp import GAP_S
from zeroflow_ros.levelling import FixedLevelling, GroundLevelling, Levelling
from zeroflow_ros.sweep import PosedSweep, Sweep
from zeroflow_training.sequences import SequenceWriter, StoredSweep
from zeroflow_training.sources.ground import mark_ground

EMPTY = "no points"
AHEAD = "stamped after the sweep that comes next (one wrong stamp)"
CLOCK = "stamped before the sweep that came before (the clock jumped back)"
GAP = f"after a gap of more than {GAP_S:g} s, where KISS-ICP starts anew, up to the next sequence"
NO_POSE = "ego motion unknown at the stamp"
ALONE = f"no other sweep within {LONGEST_STEP_S:g} s"


class Drive:
    """One sequence in the making, as the vehicle would see its sweeps.

    Where `sensor_height_m` is None, height and tilt are medians over all sweeps. What cannot be
    used is counted in `dropped` by its reason.
    """

    def __init__(
        self,
        writer: SequenceWriter,
        ego_motion: EgoMotion,
        dropped: Counter[str],
        *,
        sensor_height_m: float | None = None,
        deskew: bool = True,
    ) -> None:
        self._writer, self._ego_motion, self._dropped = writer, ego_motion, dropped
        self._deskewing = Deskewing() if deskew else Deskewing(times=lambda sweep: None)
        self._levelling: Levelling = (
            GroundLevelling(memory=1_000_000)  # all of them
            if sensor_height_m is None
            else FixedLevelling(sensor_height_m)
        )
        self._level = np.eye(4)
        self._newest_ns: int | None = None  # of those that have a pose
        self._doubtful: Sweep | None = None
        self._waiting = False

    def add(self, sweep: Sweep) -> None:
        """The next sweep, as it was recorded."""
        if len(sweep) == 0:
            self._drop(EMPTY)
            return
        before, self._doubtful = self._doubtful, None
        if before is not None and sweep.stamp_ns < before.stamp_ns and self._seconds_to(sweep) > 0:
            self._drop(AHEAD)
        elif before is not None:
            self._take(before)
        # After a gap, or a wrong stamp that would make all that follow look late: the next tells.
        if self._seconds_to(sweep) > LONGEST_STEP_S:
            self._doubtful = sweep
        else:
            self._take(sweep)

    def finish(self) -> None:
        """After the last sweep: what only the whole sequence tells, its level and its ground."""
        if self._doubtful is not None:
            self._take(self._doubtful)
        self._drop(ALONE, self._waiting)
        self._writer.set_level(self._level)
        mark_ground(self._writer, self._level)

    def _seconds_to(self, sweep: Sweep) -> float:
        """From the newest sweep that has a pose; infinity where there is none yet."""
        return math.inf if self._newest_ns is None else (sweep.stamp_ns - self._newest_ns) * 1e-9

    def _take(self, sweep: Sweep) -> None:
        step_s = self._seconds_to(sweep)
        if step_s <= 0:
            self._drop(CLOCK)
        # Poses before and after it would share no frame.
        elif step_s > GAP_S and len(self._writer) and isinstance(self._ego_motion, KissIcpOdometry):
            self._drop(GAP)
        else:
            self._ego_motion.observe(sweep)
            pose = self._ego_motion.pose(sweep.stamp_ns)
            if pose is None or not np.isfinite(pose).all():
                self._drop(NO_POSE)
            else:
                self._newest_ns = sweep.stamp_ns
                self._deskew(PosedSweep(sweep, pose))

    def _drop(self, reason: str, one: bool = True) -> None:
        if one:
            self._dropped[reason] += 1

    def _deskew(self, newest: PosedSweep) -> None:
        """Pass on what is ready; the first sweep waits, for the second tells how it moved."""
        ready = self._deskewing.add(newest)
        self._drop(ALONE, self._waiting and not ready)
        self._waiting = not ready
        for posed in ready:
            self._level = self._levelling.level(posed.sweep.points)
            self._writer.add(StoredSweep(posed, np.zeros(len(posed.sweep), bool)))
