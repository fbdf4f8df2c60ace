# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The street a scene is arranged along, and which places on it are taken."""

import math
from dataclasses import dataclass

from .dice import Dice

REACH = 72.0  # m; nothing is built further from the ego vehicle than this


@dataclass(frozen=True)
class Road:
    """A straight road through the world frame.

    A place on it is (s, l): ``s`` m along ``heading``, ``l`` m to the left of the centre line,
    which passes the ego vehicle's start at ``offset`` m to its left. The built-up part spans
    ``begin`` to ``end`` along s. Traffic keeps right; a cross street may lead through at
    ``crossing``.
    """

    heading: float
    offset: float
    lanes: int
    lane_width: float
    begin: float
    end: float
    crossing: float | None = None
    crossing_lanes: int = 2

    @property
    def half_width(self) -> float:
        """Distance of the edges from the centre line, m."""
        return 0.5 * self.lanes * self.lane_width

    @property
    def length(self) -> float:
        """Length of the built-up part, m."""
        return self.end - self.begin

    def place(self, s: float, left: float) -> tuple[float, float]:
        """World x, y of the place (s, l)."""
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        left += self.offset
        return s * cos - left * sin, s * sin + left * cos

    def lane_centre(self, lane: int) -> float:
        """Left offset of a lane's centre; lane 0 is the rightmost."""
        return -self.half_width + self.lane_width * (lane + 0.5)

    def near_crossing(self, s: float, margin: float) -> bool:
        """Whether s lies on the cross street or within ``margin`` m of it."""
        if self.crossing is None:
            return False
        return abs(s - self.crossing) < 0.5 * self.crossing_lanes * self.lane_width + margin

    def anywhere(self, dice: Dice) -> float:
        """A random s within the built-up part."""
        return dice.between(self.begin, self.end)


class Occupancy:
    """Discs on the ground that are taken, so that things do not stand inside each other."""

    _CELL = 8.0  # m, above twice the largest radius

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[tuple[float, float, float]]] = {}

    def claim(self, x: float, y: float, radius: float) -> bool:
        """Take the disc if it is free, and say whether it was."""
        column, row = math.floor(x / self._CELL), math.floor(y / self._CELL)
        for i in (column - 1, column, column + 1):
            for j in (row - 1, row, row + 1):
                for other_x, other_y, other in self._cells.get((i, j), ()):
                    if (x - other_x) ** 2 + (y - other_y) ** 2 < (radius + other) ** 2:
                        return False
        self._cells.setdefault((column, row), []).append((x, y, radius))
        return True
