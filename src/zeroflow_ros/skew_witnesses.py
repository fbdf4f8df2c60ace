# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Skew witnesses: whether a cloud was deskewed before it came here; no message says so.

In a raw cloud of a spinning lidar, what is measured at one time lies in one direction (but for the
angles between lasers), be it near or far. Once deskewed, near things lie aside from far ones.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points
from zeroflow_ros.pillar_loops import F32

WITNESSES, RANGE_M = 2000, (2.0, 30.0)  # near enough for the vehicle's motion to show
WIDEST_STEP = 0.2  # rad; more is another scan head's
SMALLEST = 1e-4  # rad, of all together; less is rounding, as while the vehicle stands
SPINNING = 0.4  # of 1, see `_spins`; 0.5 is the least of our simulated lidars, with two heads


def was_straight(points: Points, times_s: F32, straight: Callable[[Points, F32], Points]) -> float:
    """How surely points [N, 3] are straight (> 0) or raw (< 0), in standard deviations.

    From each witness to the next in time, the direction steps from laser to laser, and in a
    straight cloud as well by what the other range shows of the vehicle's motion. Less of a step is
    left when that is taken off, or more. `times_s` float32 [N], s from the stamp to each point;
    `straight` deskews points with their times. 0: no telling.
    """
    rows = _witnesses(points, times_s)
    points, times_s = points[rows], times_s[rows]
    azimuth = _azimuth(points)
    if not _spins(azimuth, times_s):
        return 0.0
    step, shown = _wrapped(np.diff(azimuth)), _shown(points, times_s, straight)
    near = (np.abs(step) < WIDEST_STEP) & (np.abs(shown) < WIDEST_STEP)
    if not near.any():
        return 0.0
    step, shown = step[near], shown[near]
    step -= np.median(step)
    shorter = np.abs(step) - np.abs(step - shown)
    spread = np.sqrt(shorter @ shorter)
    return float(shorter.sum() / spread) if spread > SMALLEST else 0.0


def _witnesses(points: Points, times_s: F32) -> npt.NDArray[np.intp]:
    """Rows of some points at middle distance, in the order of their times."""
    # At random: every n-th could be of two lasers that fire to different sides.
    count = min(WITNESSES, len(points))
    rows = np.random.default_rng(0).integers(0, max(len(points), 1), count)
    with np.errstate(over="ignore", invalid="ignore"):  # any number may be in a cloud
        distance = np.hypot(points[rows, 0], points[rows, 1])
    level = np.abs(points[rows, 2]) < RANGE_M[1]
    rows = rows[(distance > RANGE_M[0]) & (distance < RANGE_M[1]) & level]
    return rows[np.argsort(times_s[rows], kind="stable")]


def _spins(azimuth: F32, times_s: F32) -> bool:
    """Whether directions go round once in the sweep, either way, of one head or of two.

    What does not spin looks at things in an order of its own, and range may go with direction.
    """
    span_s = np.ptp(times_s) if len(times_s) else 0.0
    if not span_s:
        return False
    turn, looked = np.exp(2j * np.pi * (times_s - times_s[0]) / span_s), np.exp(1j * azimuth)
    ways = (looked * turn, looked / turn)
    agreed = max(abs((way**heads).mean()) for way in ways for heads in (1, 2))
    return bool(agreed > SPINNING)


def _shown(points: Points, times_s: F32, straight: Callable[[Points, F32], Points]) -> F32:
    """Angle [n - 1] by which each point would step if it had the range of the next."""
    distance = np.linalg.norm(points, axis=1)
    moved_away = points[:-1] * (distance[1:] / distance[:-1])[:, None]
    here, there = (straight(at, times_s[:-1]) for at in (points[:-1], moved_away))
    return _wrapped(_azimuth(there) - _azimuth(here))


def _azimuth(points: Points) -> F32:
    azimuth: F32 = np.arctan2(points[:, 1], points[:, 0])
    return azimuth


def _wrapped(angle: F32) -> F32:
    """Angles within half a turn."""
    wrapped: F32 = (angle + np.pi) % (2 * np.pi) - np.pi
    return wrapped
