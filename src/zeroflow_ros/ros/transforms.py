# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Transforms: what TF says, by tf2_ros, which pip does not bring."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from rclpy.time import Time

from zeroflow_ros.errors import MissingRosPackageError
from zeroflow_ros.geometry import Transform, from_quaternion
from zeroflow_ros.ros.sweep_time import apart, stamp_ns

if TYPE_CHECKING:
    from rclpy.node import Node

LATE_NS = 1_000_000_000  # TF that is later than that is not worth waiting for
FORGOTTEN_NS = 10_000_000_000  # tf2 refuses what is so much older than its newest: a bag loop
NEWEST = 0  # tf2's word for the newest that there is


class Transforms:
    """Fed by the executor's thread, asked by the worker's.

    tf2's own waiting polls every 20 ms, by a clock that may stand still. Here whoever waits is
    woken by what arrives, and by `stop`.
    """

    def __init__(self, node: Node, purpose: str) -> None:
        """Raises MissingRosPackageError; `purpose` is what needs it, for the message."""
        try:
            import tf2_ros
        except ImportError as error:
            raise MissingRosPackageError("tf2_ros", purpose, "tf2-ros-py") from error
        self._tf2_ros = tf2_ros
        self._node = node
        self._changed = threading.Condition()
        self._buffer: Any = None  # while it listens
        self._listener: Any = None
        self._newest_ns: dict[str, int] = {}  # by child frame
        self._parents: set[str] = set()

    def start(self) -> None:
        """Listen to /tf and /tf_static."""
        with self._changed:
            self._buffer = self._tf2_ros.Buffer()
            self._newest_ns, self._parents = {}, set()
        # What the listener needs of a buffer is `set_transform` and `set_transform_static`.
        self._listener = self._tf2_ros.TransformListener(self, self._node, spin_thread=False)

    def stop(self) -> None:
        """Listen no longer, forget all, and let nobody wait."""
        if self._listener is not None:
            self._listener.unregister()
            self._listener = None
        with self._changed:
            self._buffer = None
            self._changed.notify_all()

    def forget(self) -> None:
        """Forget what changes, as after a clock jump; static transforms stay."""
        with self._changed:
            if self._buffer is not None:
                self._buffer.clear()
            self._newest_ns = dict.fromkeys(self._newest_ns, NEWEST)

    def set_transform(self, transform: Any, authority: str) -> None:
        """Take one of /tf, from the listener."""
        if stamp_ns(transform.header.stamp) < self._newest(transform) - FORGOTTEN_NS:
            self.forget()
        self._take(transform, authority, "set_transform")

    def set_transform_static(self, transform: Any, authority: str) -> None:
        """Take one of /tf_static, from the listener."""
        self._take(transform, authority, "set_transform_static")

    def lookup(self, target: str, source: str, at_ns: int, timeout_s: float) -> Transform | None:
        """Target <- source [4, 4] at a stamp; None when it is not there and does not come in time.

        Waits only for TF that is a little late, not for one that has ended or never was.
        """
        if at_ns <= 0:
            return None
        end = time.monotonic() + timeout_s
        with self._changed:
            while (found := self._ask(target, source, at_ns)) is None:
                left = end - time.monotonic()
                if left <= 0 or not self._may_come(target, source, at_ns):
                    return None
                self._changed.wait(left)
            return _matrix(found)

    def newest(self, target: str, source: str) -> Transform | None:
        """Target <- source [4, 4], the newest or a static one: for mountings, which stay."""
        with self._changed:
            found = self._ask(target, source, NEWEST)
        return None if found is None else _matrix(found)

    def why_unconnected(self, target: str, source: str) -> str | None:
        """In words, what TF lacks between two frames; None when it connects them."""
        with self._changed:
            known = sorted({*self._newest_ns, *self._parents})
            if self._ask(target, source, NEWEST) is not None:
                return None
        if not source:
            return "no cloud has named its frame (frame_id) yet"
        if not known:
            return "nothing was received on /tf and /tf_static yet"
        for frame in (target, source):
            if frame not in known:
                return f"TF has no frame '{frame}' (it has {', '.join(known)})"
        return f"TF does not connect '{target}' with '{source}' (it has {', '.join(known)})"

    def why_unknown(self, target: str, source: str, at_ns: int) -> str:
        """In words, what TF lacks for target <- source at a stamp."""
        unconnected = self.why_unconnected(target, source)
        if unconnected is not None:
            return unconnected
        if at_ns <= 0:
            return "the sweep has no stamp; its driver has to set one"
        with self._changed:
            newest = self._ask(target, source, NEWEST)
        if newest is None:
            return "TF was forgotten a moment ago"
        return apart("the newest transform", at_ns, stamp_ns(newest.header.stamp))

    def _newest(self, transform: Any) -> int:
        return self._newest_ns.get(transform.child_frame_id.lstrip("/"), NEWEST)

    def _take(self, transform: Any, authority: str, how: str) -> None:
        with self._changed:
            if self._buffer is None:
                return
            getattr(self._buffer, how)(transform, authority)
            newest = max(self._newest(transform), stamp_ns(transform.header.stamp))
            self._newest_ns[transform.child_frame_id.lstrip("/")] = newest
            self._parents.add(transform.header.frame_id.lstrip("/"))
            self._changed.notify_all()

    def _ask(self, target: str, source: str, at_ns: int) -> Any:
        """TransformStamped or None, at once."""
        if self._buffer is None:
            return None
        try:
            return self._buffer.lookup_transform(target, source, Time(nanoseconds=at_ns))
        except self._tf2_ros.TransformException:
            return None

    def _may_come(self, target: str, source: str, at_ns: int) -> bool:
        newest = self._ask(target, source, NEWEST)
        return newest is not None and 0 < at_ns - stamp_ns(newest.header.stamp) <= LATE_NS


def _matrix(message: Any) -> Transform:
    p, q = message.transform.translation, message.transform.rotation
    return from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))
