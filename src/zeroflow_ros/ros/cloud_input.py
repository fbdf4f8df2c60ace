# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""CloudInput: the subscription to the lidar's clouds, and what is wrong when none come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rclpy.clock import Clock, ClockType
from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import PointCloud2

from zeroflow_ros.ros.graph import namesakes, why_silent
from zeroflow_ros.ros.topics import CLOUD

if TYPE_CHECKING:
    from rclpy.node import Node

    from zeroflow_ros.ros.ledger import Ledger
    from zeroflow_ros.ros.settings import Settings

WATCH_EVERY_S = 5.0


class CloudInput:
    """Subscribed as the parameters say, `qos_overrides` last; `lost`: clouds that DDS lost."""

    def __init__(
        self,
        node: Node,
        settings: Settings,
        ledger: Ledger,
        take: Callable[[PointCloud2], None],
    ) -> None:
        self.lost = 0
        self._mismatch = self._silence = ""
        self._told_lost = 0
        self._node, self._ledger = node, ledger
        self.topic = node.resolve_topic_name(CLOUD.name)
        self._qos = _qos(settings)
        self._subscription = self._subscribed(take)
        self._seen = (ledger.received, ledger.dropped)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # simulated time may stand still
        self._timer = node.create_timer(WATCH_EVERY_S, self._watch, clock=steady)

    @property
    def reliability(self) -> str:
        """As it is in force."""
        return str(self._qos.reliability.name).lower()

    @property
    def trouble(self) -> str:
        """Why no clouds come, with the cure; empty while they do, and until that is known."""
        return self._mismatch or self._silence

    @property
    def values(self) -> dict[str, object]:
        """For diagnostics."""
        publishers = self._node.count_publishers(self.topic)
        return {
            "topic": self.topic,
            "publishers": publishers,
            "reliability": self.reliability,
            "depth": self._qos.depth,
            "lost by DDS": self.lost,
        }

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_subscription(self._subscription)

    def _subscribed(self, take: Callable[[PointCloud2], None]) -> Any:
        def subscribe(events: SubscriptionEventCallbacks) -> Any:
            return self._node.create_subscription(
                PointCloud2,
                CLOUD.name,
                take,
                self._qos,
                event_callbacks=events,
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            )

        try:
            return subscribe(
                SubscriptionEventCallbacks(
                    incompatible_qos=self._incompatible, message_lost=self._lost
                )
            )
        except UnsupportedEventTypeError:  # not every middleware tells what it lost
            return subscribe(SubscriptionEventCallbacks(incompatible_qos=self._incompatible))

    def _incompatible(self, event: Any) -> None:
        policy = qos_policy_name_from_kind(event.last_policy_kind).upper()
        cure = "let both sides ask for the same"
        if policy.startswith("RELIABILITY"):
            policy, cure = "reliability", "start with input.reliability:=best_effort"
        self._mismatch = f"a publisher offers another {policy} QoS: {cure}"
        self._node.get_logger().warning(f"no clouds on {self.topic} from it: {self._mismatch}")

    def _lost(self, event: Any) -> None:
        self.lost = event.total_count

    def _watch(self) -> None:
        """Say what went wrong since the last call: silence and its reason, drops, losses."""
        now = (self._ledger.received, self._ledger.dropped)
        received, dropped = (new - old for new, old in zip(now, self._seen, strict=True))
        self._seen = now
        lost, self._told_lost = self.lost - self._told_lost, self.lost
        self._silence = "" if received else self._why_silent()
        if received:
            self._mismatch = ""
        for trouble in self._troubles(received, dropped, lost):
            self._node.get_logger().warning(trouble)

    def _troubles(self, received: int, dropped: int, lost: int) -> Iterator[str]:
        if others := namesakes(self._node):
            name = self._node.get_fully_qualified_name()
            yield (
                f"{others} more nodes are called {name}, and their topics and services get mixed "
                "up: rename one with --ros-args -r __node:=other_name"
            )
        if not received:
            yield f"no cloud on {self.topic} for {WATCH_EVERY_S:.0f} s: {self._silence}"
        if dropped:
            yield (
                f"{dropped} of {received} sweeps were dropped for a newer one in "
                f"{WATCH_EVERY_S:.0f} s: they come faster than they are answered"
            )
        if lost:
            yield (
                f"DDS lost {lost} clouds on {self.topic}: give the lidar's driver the node's Fast "
                "DDS profile too (shared memory for large clouds), for one on another machine "
                "raise net.core.rmem_max here, or start with input.reliability:=reliable; "
                "`zeroflow doctor` has the commands for both"
            )

    def _why_silent(self) -> str:
        reliable = self._qos.reliability is ReliabilityPolicy.RELIABLE
        return why_silent(self._node, CLOUD, reliable)


def _qos(settings: Settings) -> QoSProfile:
    reliable = settings.input_reliability == "reliable"
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=settings.input_depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
    )
