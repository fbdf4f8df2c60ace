# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""AutoEgoMotion: the first source that is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from zeroflow_ros.errors import MissingPackageError
from zeroflow_ros.geometry import Transform
from zeroflow_ros.ros.pose_source import PoseSource
from zeroflow_ros.ros.sweep_time import Patience
from zeroflow_ros.sweep import Sweep

PATIENCE_S = 2.0


class Candidate(PoseSource, Protocol):
    """A source that may be there or not."""

    @property
    def is_expected(self) -> bool:
        """Whether it is there, and should know the poses of sweeps soon."""


class AutoEgoMotion:
    """A PoseSource that takes one of others, once for each activation.

    The first of `candidates` that knows the pose of a sweep; one that is expected to know the next
    ones goes before those behind it. When for two seconds of sweeps none is known: the `last`.
    Until then sweeps have no pose.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        last: Callable[[], PoseSource],
        say: Callable[[str], object],
    ) -> None:
        """`last` may raise MissingPackageError; `say` is told what was chosen."""
        self._candidates, self._make_last, self._say = candidates, last, say
        self._patience = Patience(PATIENCE_S)
        self._chosen: PoseSource | None = None
        self._missing = ""  # why the last cannot be had

    @property
    def description(self) -> str:
        """What was chosen, or that nothing was yet."""
        if self._chosen is not None:
            return f"{self._chosen.description}, chosen by auto"
        return f"auto: none yet ({', '.join(c.description for c in self._candidates)})"

    @property
    def refused(self) -> int:
        """Messages that were refused."""
        return sum(candidate.refused for candidate in self._candidates)

    def start(self) -> None:
        """Start all candidates and choose anew."""
        self._chosen, self._missing = None, ""
        self._patience.reset()
        for candidate in self._candidates:
            candidate.start()

    def stop(self) -> None:
        """Stop all candidates."""
        for candidate in self._candidates:
            candidate.stop()

    def forget(self) -> None:
        """Forget what was received."""
        for candidate in self._candidates:
            candidate.forget()

    def observe(self, sweep: Sweep) -> None:
        """Choose, if that is still to be done, and let the chosen one see the sweep."""
        if self._chosen is None:
            self._chosen = self._choose(sweep.stamp_ns)
            if self._chosen is not None:
                self._say(f"ego motion: {self.description}")
        if self._chosen is not None:
            self._chosen.observe(sweep)

    def _choose(self, stamp_ns: int) -> PoseSource | None:
        over = self._patience.over(stamp_ns)
        for candidate in self._candidates:
            if candidate.pose(stamp_ns) is not None:
                return candidate
            if candidate.is_expected and not over:
                return None
        return self._last() if over and not self._missing else None

    def _last(self) -> PoseSource | None:
        try:
            last = self._make_last()
        except MissingPackageError as error:
            self._missing = str(error)
            return None
        last.start()
        return last

    def pose(self, stamp_ns: int) -> Transform | None:
        """As the chosen one knows it."""
        return None if self._chosen is None else self._chosen.pose(stamp_ns)

    def reset(self) -> None:
        """Forget earlier sweeps."""
        if self._chosen is not None:
            self._chosen.reset()

    def why_unknown(self, stamp_ns: int) -> str:
        """In words, with the cure."""
        if self._chosen is not None:
            return self._chosen.why_unknown(stamp_ns)
        reasons = [candidate.why_unknown(stamp_ns) for candidate in self._candidates]
        last = self._missing or f"kiss_icp is taken after {PATIENCE_S:.0f} s without them"
        return "; ".join([*reasons, last])

    def warning(self, sweep: Sweep) -> str | None:
        """Of the chosen one."""
        return None if self._chosen is None else self._chosen.warning(sweep)
