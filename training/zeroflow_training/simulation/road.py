# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The street a scene is arranged along."""

import math
from dataclasses import dataclass, replace

from .dice import Dice
from .place import Place

REACH = 72.0  # m; nothing is built further from the ego vehicle than this


@dataclass(frozen=True)
class Road:
    """A straight road through the world frame.

    A place on it is (s, l): ``s`` m along ``heading``, ``l`` m to the left of the centre line,
    which passes the ego vehicle's start at ``offset`` m to its left. The built-up part spans
    ``begin`` to ``end`` along s. Traffic keeps right; a cross street may lead through at
    ``crossing``. A strip of ``median`` m divides the directions.
    """

    heading: float
    offset: float
    lanes: int
    lane_width: float
    begin: float
    end: float
    crossing: float | None = None
    crossing_lanes: int = 2
    median: float = 0.0

    @property
    def half_width(self) -> float:
        """Distance of the edges from the centre line, m."""
        return 0.5 * (self.lanes * self.lane_width + self.median)

    @property
    def length(self) -> float:
        """Length of the built-up part, m."""
        return self.end - self.begin

    def place(self, s: float, left: float) -> Place:
        """The place (s, l) in the world, looking along the road."""
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        left += self.offset
        return Place(s * cos - left * sin, s * sin + left * cos, self.heading)

    def shifted(self, offset: float) -> "Road":
        """The same road with its centre line at ``offset``."""
        return replace(self, offset=offset)

    def lane_centre(self, lane: int) -> float:
        """Left offset of a lane's centre; lane 0 is the rightmost."""
        strip = self.median if 2 * lane >= self.lanes else 0.0
        return -self.half_width + self.lane_width * (lane + 0.5) + strip

    def is_forward(self, lane: int) -> bool:
        """Whether traffic on a lane drives along the heading."""
        return self.lanes == 1 or self.lane_centre(lane) < 0.0

    def on_lane(self, s: float, lane: int, aside: float = 0.0) -> Place:
        """The place on a lane, ``aside`` m left of its centre, looking the way traffic drives."""
        place = self.place(s, self.lane_centre(lane) + aside)
        return place if self.is_forward(lane) else place.turned(math.pi)

    def is_inner(self, lane: int) -> bool:
        """Whether a lane is next to the centre line."""
        return abs(2 * lane + 1 - self.lanes) <= 1

    @property
    def crossing_half_width(self) -> float:
        """Distance of the cross street's edges from its centre line, m."""
        return 0.5 * self.crossing_lanes * self.lane_width

    def to_junction(self, s: float, forward: bool) -> float:
        """Way (m) from s to the edge of the cross street, negative if there is none ahead."""
        if self.crossing is None:
            return -1.0
        way = self.crossing - s if forward else s - self.crossing
        return way - self.crossing_half_width

    def near_crossing(self, s: float, margin: float) -> bool:
        """Whether s lies on the cross street or within ``margin`` m of it."""
        if self.crossing is None:
            return False
        return abs(s - self.crossing) < self.crossing_half_width + margin

    def anywhere(self, dice: Dice) -> float:
        """A random s within the built-up part."""
        return dice.between(self.begin, self.end)
