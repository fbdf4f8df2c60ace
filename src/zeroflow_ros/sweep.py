# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sweep and SweepHistory: one lidar revolution, and which past ones a model gets to see."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import CloudError
from zeroflow_ros.geometry import Points, Transform

LONGEST_GAP = 2.6  # between two sweeps that are compared, in intervals of the model


@dataclass(frozen=True)
class Sweep:
    """One lidar revolution.

    `points` float32 [N, 3], metres, sensor frame (REP-103), rows may be NaN; `stamp_ns` of the
    message header; `extras` per-point columns (intensity, time ...) of the same N, in row order.
    Raises CloudError for points or columns of another shape.
    """

    points: Points
    stamp_ns: int
    frame_id: str = ""
    extras: Mapping[str, npt.NDArray[np.generic]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_points(self.points)
        for name, column in self.extras.items():
            if column.shape != (len(self.points),):
                raise CloudError(
                    f"column '{name}' has the shape {list(column.shape)}, but there are "
                    f"{len(self.points)} points: an extra is [N], selected like its points"
                )

    def __len__(self) -> int:
        return len(self.points)


def require_points(points: Points) -> None:
    """Raise CloudError unless `points` is an array [N, 3]."""
    if points.ndim != 2 or points.shape[1] != 3:
        raise CloudError(
            f"points have the shape {list(points.shape)}, not [N, 3]: give x, y, z as "
            "points[:, :3] and other columns as extras"
        )


@dataclass(frozen=True)
class PosedSweep:
    """A sweep with the pose that was known for it: `pose` is odometry frame <- sensor, [4, 4]."""

    sweep: Sweep
    pose: Transform

    def seconds_after(self, earlier: PosedSweep) -> float:
        """By how much its stamp is later."""
        return (self.sweep.stamp_ns - earlier.sweep.stamp_ns) * 1e-9

    def with_points(self, points: Points) -> PosedSweep:
        """The same with other points, row by row."""
        return replace(self, sweep=replace(self.sweep, points=points))


class SweepHistory:
    """The recent sweeps, from which those nearest to t - lag * interval are chosen.

    A 20 Hz lidar thus feeds a 10 Hz model every second sweep. After a lost sweep, and from a 5 Hz
    lidar, the last one before the gap is given, alone: over a doubled interval a model reads slow
    movers better and those above 10 m/s worse (docs/benchmarks.md). Velocity is over the measured
    interval. A clock that jumps back (a bag loop) empties the history.
    """

    def __init__(
        self,
        lags: Sequence[int],
        interval_s: float,
        tolerance: float = 0.55,
        longest_gap: float = LONGEST_GAP,
    ) -> None:
        """`lags` in intervals of `interval_s`, ascending from 0; within `tolerance` intervals.

        `longest_gap`, in intervals, is how far back the sweep before a gap may lie. No limit is a
        multiple of half an interval: a lidar's jitter would decide.
        """
        if len(lags) < 2 or lags[0] != 0 or list(lags) != sorted(set(lags)):
            raise ValueError(f"a history needs at least 2 lags that ascend from 0, not {lags}")
        self.lags = tuple(lags)
        self.interval_ns = round(interval_s * 1e9)
        self.tolerance_ns = round(tolerance * interval_s * 1e9)
        self.longest_gap_ns = round(longest_gap * interval_s * 1e9)
        self._sweeps: deque[PosedSweep] = deque()

    def __len__(self) -> int:
        return len(self._sweeps)

    def clear(self) -> None:
        """Forget everything, as after a clock jump."""
        self._sweeps.clear()

    def push(self, posed: PosedSweep) -> None:
        """Add the newest sweep; one that is not newer than the last starts a new history."""
        if self._sweeps and posed.sweep.stamp_ns <= self._sweeps[-1].sweep.stamp_ns:
            self.clear()
        self._sweeps.append(posed)
        span = max(self.lags[-1] * self.interval_ns + self.tolerance_ns, self.longest_gap_ns)
        while posed.sweep.stamp_ns - self._sweeps[0].sweep.stamp_ns > span:
            self._sweeps.popleft()

    def select(self) -> list[PosedSweep | None]:
        """A sweep for each of `lags`, newest first; None where it is missing.

        When the first earlier one is missing, the last before it takes its place, at most
        `longest_gap` back, and the others are left out: their lags would not fit that interval.
        Raises IndexError before the first `push`.
        """
        newest = self._sweeps[-1]
        chosen: list[PosedSweep | None] = [newest]
        latest_ns = newest.sweep.stamp_ns
        for lag in self.lags[1:]:
            wanted = newest.sweep.stamp_ns - lag * self.interval_ns
            nearest = min(self._sweeps, key=lambda posed: abs(posed.sweep.stamp_ns - wanted))
            found_ns = nearest.sweep.stamp_ns
            fits = abs(found_ns - wanted) <= self.tolerance_ns and found_ns < latest_ns
            chosen.append(nearest if fits else None)
            latest_ns = found_ns if fits else latest_ns
        if chosen[1] is None:
            chosen[1:] = [self._before_gap(newest), *[None] * (len(chosen) - 2)]
        return chosen

    def _before_gap(self, newest: PosedSweep) -> PosedSweep | None:
        ages = [newest.sweep.stamp_ns - posed.sweep.stamp_ns for posed in self._sweeps]
        shortest = self.interval_ns + self.tolerance_ns
        behind = [k for k, age in enumerate(ages) if shortest <= age <= self.longest_gap_ns]
        return self._sweeps[behind[-1]] if behind else None
