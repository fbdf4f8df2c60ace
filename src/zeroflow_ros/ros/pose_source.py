# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PoseSource: what the node asks of a source of ego motion, beyond the poses themselves."""

from __future__ import annotations

from typing import Protocol

from zeroflow_ros.ego_motion import EgoMotion
from zeroflow_ros.geometry import Transform
from zeroflow_ros.sweep import Sweep


class PoseSource(EgoMotion, Protocol):
    """An EgoMotion that starts and stops, and explains itself.

    The executor's thread calls `start`, `stop` and `forget`, the worker's the others; that of the
    diagnostics reads `description` and `refused`.
    """

    @property
    def description(self) -> str:
        """For log and diagnostics."""

    @property
    def refused(self) -> int:
        """How many messages were refused."""

    def start(self) -> None:
        """Subscribe; nothing is known yet."""

    def stop(self) -> None:
        """Unsubscribe; who waits for a pose, waits no longer."""

    def forget(self) -> None:
        """Forget what was received: the clock jumped back."""

    def why_unknown(self, stamp_ns: int) -> str:
        """Why a sweep has no pose, in words, with the cure."""

    def warning(self, sweep: Sweep) -> str | None:
        """What looks like a mistake in the set-up; None for nothing."""


class SweepsEgoMotion:
    """A PoseSource that receives nothing: the sweeps, or the user, tell it all."""

    refused = 0

    def __init__(self, description: str, motion: EgoMotion, why_unknown: str) -> None:
        """`why_unknown`: what a sweep lacks for which `motion` has no pose."""
        self.description = description
        self._motion, self._why_unknown = motion, why_unknown

    def start(self) -> None:
        """Forget the sweeps before a pause."""
        self._motion.reset()

    def stop(self) -> None:
        """Nothing is subscribed."""

    def forget(self) -> None:
        """Nothing was received; the sweeps tell of a jump themselves."""

    def observe(self, sweep: Sweep) -> None:
        """As the motion does."""
        self._motion.observe(sweep)

    def pose(self, stamp_ns: int) -> Transform | None:
        """As the motion does."""
        return self._motion.pose(stamp_ns)

    def reset(self) -> None:
        """As the motion does."""
        self._motion.reset()

    def why_unknown(self, stamp_ns: int) -> str:
        """In words, with the cure."""
        return self._why_unknown

    def warning(self, sweep: Sweep) -> str | None:
        """Nothing is known to look like a mistake."""
        return None
