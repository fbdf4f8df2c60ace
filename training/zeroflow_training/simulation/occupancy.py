# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who is where and when, so that nothing stands or drives inside anything else.

Everything is covered by discs on the ground. Those of what moves are sampled along its path.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .jit import compiled
from .motion import PATH_DTYPE, path_pose, travelled
from .place import Place

F64 = npt.NDArray[np.float64]
_STEP = 0.1  # s between samples
_BRICK = 1.5  # m; radius of the discs that large things are made of


class Footprint(NamedTuple):
    """The ground (m) that a thing takes, wherever it moves from its place at time 0."""

    place: Place
    length: float
    width: float


class Occupancy:
    """Discs that are taken for ``duration_s`` seconds from time 0, and a little before."""

    def __init__(self, duration_s: float) -> None:
        # Scenes are seen backwards too; then what matters is as long before time 0.
        before = max(0.3, min(duration_s, 0.6))
        self._times = np.arange(-before, duration_s + 0.2, _STEP)
        self._standing = np.empty((256, 3))
        self._tracks = np.empty((64, self._times.size, 2))
        self._bounds = np.empty((64, 5))  # radius, and box of the track widened by it
        self._discs = self._moving = 0

    def claim(self, place: Place, radius: float) -> bool:
        """Take a standing disc if it is free, and say whether it was."""
        return self._claim_all([(place.x, place.y)], radius)

    def claim_line(self, place: Place, length: float, radius: float) -> bool:
        """Take a row of discs about a place, the way it faces, if all are free, and say so."""
        return self._claim_all(list(_grid(place, length, 0.0, radius)), radius)

    def claim_box(self, place: Place, length: float, width: float) -> bool:
        """Take a rectangle about a place, its length the way it faces, if free, and say so."""
        return self._claim_all(list(_grid(place, length, width, _BRICK)), _BRICK)

    def _claim_all(self, discs: Sequence[tuple[float, float]], radius: float) -> bool:
        standing, bounds = self._standing[: self._discs], self._bounds[: self._moving]
        for x, y in discs:
            if not _is_free(standing, self._tracks, bounds, x, y, radius):
                return False
        for x, y in discs:
            self._block(x, y, radius)
        return True

    def _block(self, x: float, y: float, radius: float) -> None:
        """Take a standing disc, whoever else is there."""
        if self._discs == len(self._standing):
            self._standing = np.concatenate([self._standing, np.empty_like(self._standing)])
        self._standing[self._discs] = x, y, radius
        self._discs += 1

    def admit(self, footprints: Sequence[Footprint]) -> bool:
        """Let things that belong together move, if nothing comes in their way ever."""
        tracks, radii = self._cover(footprints)
        bounds = _bound(tracks, radii)
        standing, others = self._standing[: self._discs], self._bounds[: self._moving]
        if not _passes(tracks, bounds, standing, self._tracks, others):
            return False
        if any(footprint.place.motion.top_speed > 0.0 for footprint in footprints):
            self._enter(tracks, bounds)
        else:
            for (at_x, at_y), radius in zip(tracks[:, 0], radii, strict=True):
                self._block(at_x, at_y, radius)
        return True

    def reserve(self, footprint: Footprint, margin: float) -> None:
        """Keep everybody ``margin`` m away from a thing, whoever else is there."""
        tracks, radii = self._cover([footprint])
        self._enter(tracks, _bound(tracks, radii + margin))

    def _cover(self, footprints: Sequence[Footprint]) -> tuple[F64, F64]:
        """Discs that cover things over time: middles [discs, times, 2] and radii [discs]."""
        tracks, radii = [], []
        for place, length, width in footprints:
            count = max(1, math.ceil(length / (1.1 * width)))
            half = 0.5 * length / count
            offsets = np.array([half * (2 * k + 1) - 0.5 * length for k in range(count)])
            path = np.array([place.path], PATH_DTYPE)
            tracks.append(_sample(path, offsets, self._times))
            radii += [math.hypot(half, 0.5 * width)] * count
        return np.concatenate(tracks), np.array(radii)

    def _enter(self, tracks: F64, bounds: F64) -> None:
        while self._moving + len(bounds) > len(self._bounds):
            self._tracks = np.concatenate([self._tracks, np.empty_like(self._tracks)])
            self._bounds = np.concatenate([self._bounds, np.empty_like(self._bounds)])
        rows = slice(self._moving, self._moving + len(bounds))
        self._tracks[rows], self._bounds[rows] = tracks, bounds
        self._moving += len(bounds)


def _grid(
    place: Place, length: float, width: float, radius: float
) -> Iterator[tuple[float, float]]:
    """Centres of overlapping discs that fill a rectangle about a place, or a line (``width`` 0).

    They stay just inside of its ends, so that terraced houses do not claim each other's place.
    """
    x, y, cos, sin = place.x, place.y, math.cos(place.heading), math.sin(place.heading)
    for ahead in _spread(length, radius):
        for aside in _spread(width, radius):
            yield x + ahead * cos - aside * sin, y + ahead * sin + aside * cos


def _spread(extent: float, radius: float) -> list[float]:
    """Middles of discs that cover -``extent`` / 2 to ``extent`` / 2."""
    inner = max(extent - 2.02 * radius, 0.0)
    steps = math.ceil(inner / (1.4 * radius))
    return [inner * (k / steps - 0.5) for k in range(steps + 1)] if steps else [0.0]


@compiled
def _sample(path: npt.NDArray[np.void], offsets: F64, times: F64) -> F64:
    """Places of points ``offsets`` m ahead of a body's centre over time, [points, times, 2]."""
    places = np.empty((offsets.size, times.size, 2))
    for t in range(times.size):
        x, y, yaw = path_pose(path[0], travelled(path[0], times[t]))
        for k in range(offsets.size):
            places[k, t, 0] = x + offsets[k] * np.cos(yaw)
            places[k, t, 1] = y + offsets[k] * np.sin(yaw)
    return places


@compiled
def _bound(tracks: F64, radius: F64) -> F64:
    bounds = np.empty((radius.size, 5))
    for k in range(radius.size):
        r = radius[k]
        x, y = tracks[k, :, 0], tracks[k, :, 1]
        bounds[k, 0] = r
        bounds[k, 1], bounds[k, 2] = x.min() - r, x.max() + r
        bounds[k, 3], bounds[k, 4] = y.min() - r, y.max() + r
    return bounds


@compiled
def _meets_disc(track: F64, bound: F64, x: float, y: float, radius: float) -> bool:
    """Whether a moving disc ever overlaps a standing one."""
    if x + radius < bound[1] or x - radius > bound[2]:
        return False
    if y + radius < bound[3] or y - radius > bound[4]:
        return False
    square = (radius + bound[0]) ** 2
    for t in range(track.shape[0]):
        if (track[t, 0] - x) ** 2 + (track[t, 1] - y) ** 2 < square:
            return True
    return False


@compiled
def _is_free(standing: F64, tracks: F64, bounds: F64, x: float, y: float, radius: float) -> bool:
    for k in range(standing.shape[0]):
        square = (standing[k, 2] + radius) ** 2
        if (standing[k, 0] - x) ** 2 + (standing[k, 1] - y) ** 2 < square:
            return False
    for k in range(bounds.shape[0]):  # noqa: SIM110 - numba has no any()
        if _meets_disc(tracks[k], bounds[k], x, y, radius):
            return False
    return True


@compiled
def _passes(candidate: F64, bounds: F64, standing: F64, tracks: F64, others: F64) -> bool:
    for c in range(bounds.shape[0]):
        own = bounds[c]
        for k in range(standing.shape[0]):
            x, y, radius = standing[k, 0], standing[k, 1], standing[k, 2]
            if _meets_disc(candidate[c], own, x, y, radius):
                return False
        for k in range(others.shape[0]):
            other = others[k]
            if own[1] > other[2] or other[1] > own[2] or own[3] > other[4] or other[3] > own[4]:
                continue
            square = (own[0] + other[0]) ** 2
            for t in range(candidate.shape[1]):
                dx = candidate[c, t, 0] - tracks[k, t, 0]
                dy = candidate[c, t, 1] - tracks[k, t, 1]
                if dx * dx + dy * dy < square:
                    return False
    return True
