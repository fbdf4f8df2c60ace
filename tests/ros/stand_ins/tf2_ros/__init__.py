# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for tf2_ros, which is not on PyPI: the part of it that the node uses, as of Jazzy.

Names, arguments, exceptions and what is kept are those of geometry2; /tf and /tf_static carry
geometry_msgs/TransformStamped, for lack of tf2_msgs.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time

from zeroflow_ros.geometry import Transform, from_quaternion, interpolate, invert, to_quaternion

CACHE_NS = 10_000_000_000


class TransformException(Exception):  # noqa: N818 (the name that tf2 has)
    pass


class LookupException(TransformException):
    pass


class ConnectivityException(TransformException):
    pass


class ExtrapolationException(TransformException):
    pass


class InvalidArgumentException(TransformException):
    pass


class Buffer:
    def __init__(self, cache_time: Duration | None = None, node: Any = None) -> None:
        self._cache_ns = CACHE_NS if cache_time is None else cache_time.nanoseconds
        self._frames: set[str] = set()
        self._links: dict[str, list[tuple[int, str, Transform]]] = {}  # by child, by time
        self._static: set[str] = set()

    def clear(self) -> None:
        self._links = {child: self._links[child] for child in self._static}

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        self._set(transform, is_static=False)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        self._set(transform, is_static=True)

    def _set(self, transform: TransformStamped, is_static: bool) -> None:
        child, parent = transform.child_frame_id.lstrip("/"), transform.header.frame_id.lstrip("/")
        p, q = transform.transform.translation, transform.transform.rotation
        stamp = transform.header.stamp
        entry = (
            stamp.sec * 1_000_000_000 + stamp.nanosec,
            parent,
            from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w)),
        )
        self._frames |= {child, parent}
        if is_static:
            self._static.add(child)
            self._links[child] = [entry]
            return
        self._static.discard(child)
        known = self._links.setdefault(child, [])
        if known and entry[0] < known[-1][0] - self._cache_ns:
            return  # TF_OLD_DATA
        insort(known, entry, key=lambda one: one[0])
        while known[0][0] < known[-1][0] - self._cache_ns:
            del known[0]

    def can_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration | None = None
    ) -> bool:
        return bool(self.can_transform_core(target_frame, source_frame, time)[0])

    def can_transform_core(
        self, target_frame: str, source_frame: str, time: Time
    ) -> tuple[bool, str]:
        try:
            self.lookup_transform_core(target_frame, source_frame, time)
        except TransformException as error:
            return False, str(error)
        return True, ""

    def lookup_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration | None = None
    ) -> TransformStamped:
        assert timeout is None, "tf2's own waiting polls on a clock that may stand still"
        return self.lookup_transform_core(target_frame, source_frame, time)

    def lookup_transform_core(
        self, target_frame: str, source_frame: str, time: Time
    ) -> TransformStamped:
        for frame in (target_frame, source_frame):
            if frame.startswith("/"):
                raise InvalidArgumentException(f"'{frame}': frame_ids cannot start with a '/'")
            if frame not in self._frames:
                raise LookupException(f'"{frame}" passed to lookupTransform does not exist. ')
        up, down = self._ancestors(source_frame), self._ancestors(target_frame)
        common = next((frame for frame in up if frame in down), None)
        if common is None:
            raise ConnectivityException(
                f"Could not find a connection between '{target_frame}' and '{source_frame}'"
            )
        up, down = up[: up.index(common)], down[: down.index(common)]
        moving = [self._links[child][-1][0] for child in up + down if child not in self._static]
        at_ns = time.nanoseconds or min(moving, default=0)
        pose = invert(self._chained(down, at_ns)) @ self._chained(up, at_ns)
        message = TransformStamped()
        message.header.frame_id, message.child_frame_id = target_frame, source_frame
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(at_ns, 1_000_000_000)
        place, turn = message.transform.translation, message.transform.rotation
        place.x, place.y, place.z = pose[:3, 3].tolist()
        turn.x, turn.y, turn.z, turn.w = to_quaternion(pose).tolist()
        return message

    def all_frames_as_string(self) -> str:
        return "".join(
            f"Frame {child} exists with parent {known[-1][1]}.\n"
            for child, known in self._links.items()
        )

    def _ancestors(self, frame: str) -> list[str]:
        frames = [frame]
        while self._links.get(frames[-1]):
            frames.append(self._links[frames[-1]][-1][1])
        return frames

    def _chained(self, children: list[str], at_ns: int) -> Transform:
        """Topmost parent <- first child."""
        pose = from_quaternion((0, 0, 0), (0, 0, 0, 1))
        for child in children:
            pose = self._link(child, at_ns) @ pose
        return pose

    def _link(self, child: str, at_ns: int) -> Transform:
        known = self._links[child]
        if child in self._static:
            return known[0][2]
        at = bisect_left(known, at_ns, key=lambda one: one[0])
        if at < len(known) and known[at][0] == at_ns:
            return known[at][2]
        if at == len(known):
            raise ExtrapolationException("Lookup would require extrapolation into the future.")
        if at == 0:
            raise ExtrapolationException("Lookup would require extrapolation into the past.")
        (start_ns, _, start), (end_ns, _, end) = known[at - 1], known[at]
        return interpolate(start, end, (at_ns - start_ns) / (end_ns - start_ns))


class TransformListener:
    def __init__(
        self,
        buffer: Any,
        node: Any,
        *,
        spin_thread: bool = False,
        qos: QoSProfile | None = None,
        static_qos: QoSProfile | None = None,
    ) -> None:
        self.buffer, self.node = buffer, node
        latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.tf_sub = node.create_subscription(
            TransformStamped, "/tf", self.callback, qos or QoSProfile(depth=100)
        )
        self.tf_static_sub = node.create_subscription(
            TransformStamped, "/tf_static", self.static_callback, static_qos or latched
        )

    def unregister(self) -> None:
        self.node.destroy_subscription(self.tf_sub)
        self.node.destroy_subscription(self.tf_static_sub)

    def callback(self, data: TransformStamped) -> None:
        self.buffer.set_transform(data, "default_authority")

    def static_callback(self, data: TransformStamped) -> None:
        self.buffer.set_transform_static(data, "default_authority")
