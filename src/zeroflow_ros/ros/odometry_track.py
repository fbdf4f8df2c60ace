# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OdometryTrack: poses that one thread receives and another waits for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from zeroflow_ros.ego_motion import PoseTrack
from zeroflow_ros.geometry import Transform, from_quaternion
from zeroflow_ros.ros.sweep_time import apart, stamp_ns

if TYPE_CHECKING:
    from nav_msgs.msg import Odometry

# Ten seconds of fast odometry; only poses around the newest sweep are ever asked for.
CAPACITY = 4000
LATE_NS = 1_000_000_000  # odometry that is later than that is not worth waiting for
# So little is extrapolated at once: at 3 m/s^2 by 6 mm too far, while a wait of half the period of
# an odometry of 50 Hz would be a seventh of the time in which a sweep is answered.
SURE_NS = 25_000_000


class OdometryTrack:
    """Fed by the executor's thread, asked by the worker's, who is woken by what arrives."""

    def __init__(self) -> None:
        self.base_frame = ""
        self._frames: tuple[str, str] | None = None
        self._track = PoseTrack(capacity=CAPACITY)
        self._changed = threading.Condition()
        self._stopped = False

    def start(self) -> None:
        """Know nothing yet, and let others wait."""
        with self._changed:
            self._stopped, self._frames = False, None
            self._track.reset()

    def stop(self) -> None:
        """Let nobody wait."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def add(self, message: Odometry) -> None:
        """Take a message.

        Raises ValueError for one without orientation, with NaN, or of other frames than the first.
        """
        p, q = message.pose.pose.position, message.pose.pose.orientation
        pose = from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))
        frames = message.header.frame_id, message.child_frame_id.lstrip("/")
        with self._changed:
            if self._frames not in (None, frames):  # between them, poses would mean nothing
                raise ValueError(
                    f"it is of {_named(frames)}, and the first was of {_named(self._frames)}: "
                    "several publishers on the topic? Deactivate and activate to take another"
                )
            self._frames, self.base_frame = frames, frames[1]
            self._track.add(stamp_ns(message.header.stamp), pose)
            self._changed.notify_all()

    def pose(self, at_ns: int, timeout_s: float = 0.0) -> Transform | None:
        """Odometry frame <- base at a stamp, or None when the odometry does not cover it.

        Waits for odometry that reaches the stamp, if it is late, but not for long.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._is_worth_waiting(at_ns), timeout_s)
            return None if self._stopped else self._track.pose(at_ns)

    @property
    def received(self) -> bool:
        """Whether any pose is known."""
        with self._changed:
            return self._track.newest_ns is not None

    def _is_worth_waiting(self, at_ns: int) -> bool:
        newest_ns = self._track.newest_ns
        if self._stopped or newest_ns is None or not 0 < at_ns - newest_ns <= LATE_NS:
            return False
        return at_ns - newest_ns > SURE_NS or self._track.pose(at_ns) is None

    def why_unknown(self, at_ns: int) -> str:
        """In words, what the odometry lacks for a stamp at which it has no pose."""
        with self._changed:
            newest_ns = self._track.newest_ns
        if newest_ns is None:
            return "no odometry was received yet"
        if at_ns > newest_ns:
            return apart("the newest odometry", at_ns, newest_ns)
        return "the odometry has a gap there, or does not reach back that far"

    def reset(self) -> None:
        """Forget all poses."""
        with self._changed:
            self._track.reset()


def _named(frames: tuple[str, str] | None) -> str:
    return "nothing" if frames is None else f"'{frames[1]}' in '{frames[0]}'"
