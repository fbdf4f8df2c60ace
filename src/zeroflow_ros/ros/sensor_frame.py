# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SensorFrame: the frame in which the clouds come."""

from __future__ import annotations

from collections.abc import Callable

from zeroflow_ros.sweep import Sweep


class SensorFrame:
    """Its `name` is that of the newest sweep, as TF spells it; a change is said."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self.name = ""
        self._known = False
        self._say = say

    def observe(self, sweep: Sweep) -> None:
        """See the newest sweep."""
        name = sweep.frame_id.lstrip("/")  # drivers from ROS 1
        if self._known and name != self.name:
            self._say(
                f"clouds are in '{name}' now, not in '{self.name}': all starts anew. If that goes "
                "on, two lidars share the topic: one node for each, or their clouds joined before"
            )
        self.name, self._known = name, True
