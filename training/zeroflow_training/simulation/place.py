# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where things stand in the world, and how they move from there."""

import math
from dataclasses import dataclass, replace

from .motion import STILL, Motion


@dataclass(frozen=True)
class Place:
    """Where a body is at time 0 (world frame: x, y in m, heading in rad), and how it moves."""

    x: float = 0.0
    y: float = 0.0
    heading: float = 0.0
    motion: Motion = STILL

    def facing(self, heading: float) -> "Place":
        """The same spot, looking along ``heading``."""
        return replace(self, heading=heading)

    def turned(self, angle: float) -> "Place":
        """The same spot, looking ``angle`` further to the left."""
        return replace(self, heading=self.heading + angle)

    def shifted(self, ahead: float, left: float = 0.0) -> "Place":
        """The place ``ahead`` m in front and ``left`` m to the left, looking the same way."""
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        x, y = ahead * cos - left * sin, ahead * sin + left * cos
        return replace(self, x=self.x + x, y=self.y + y)

    def moving(self, motion: Motion) -> "Place":
        """The same pose, left by ``motion``."""
        return replace(self, motion=motion)

    def behind(self, lag: float) -> "Place":
        """The place of what follows ``lag`` m behind on the same path."""
        return replace(self, motion=self.motion.behind(lag))

    @property
    def path(self) -> tuple[float, ...]:
        """The row of `PATH_FIELDS` for a body that starts here."""
        return self.motion.from_pose(self.x, self.y, self.heading)
