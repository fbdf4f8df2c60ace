# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""DebugTopics: how long a sweep took, as numbers to plot."""

from __future__ import annotations

from collections.abc import Mapping

from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import Float64

from zeroflow_ros.ros.outputs import heard
from zeroflow_ros.ros.topics import (
    CYCLIC_TIME,
    PIPELINE_LATENCY,
    PROCESSING_TIME,
    STAGES,
    stage_topic,
)

TIMES = (PROCESSING_TIME, PIPELINE_LATENCY, CYCLIC_TIME)


class DebugTopics:
    """`~/debug/*_ms`, and `~/debug/processing_time/<stage>_ms` for each stage; all in ms."""

    def __init__(self, node: Node) -> None:
        """Create the publishers, those of all known stages included."""
        self._node = node
        self._publishers: dict[str, Publisher] = {}
        for name in (*(topic.name for topic in TIMES), *map(stage_topic, STAGES)):
            self._publisher(name)

    def publish(
        self,
        stage_ms: Mapping[str, float],
        processing_ms: float,
        latency_ms: float,
        cyclic_ms: float | None,
    ) -> None:
        """Publish the times of one sweep, in ms, where somebody listens.

        `processing_ms` from when its work began to its flow, `latency_ms` from its stamp,
        `cyclic_ms` since the flow before; None for the first.
        """
        times = {
            PROCESSING_TIME.name: processing_ms,
            PIPELINE_LATENCY.name: latency_ms,
            CYCLIC_TIME.name: cyclic_ms,
            **{stage_topic(stage): value for stage, value in stage_ms.items()},
        }
        for name, value in times.items():
            publisher = self._publisher(name)
            if value is not None and heard(publisher):
                publisher.publish(Float64(data=float(value)))

    def close(self) -> None:
        """Take the topics off the graph."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
        self._publishers.clear()

    def _publisher(self, name: str) -> Publisher:
        """The publisher of a time; a stage that no list knows gets its own when first seen."""
        if name not in self._publishers:
            self._publishers[name] = self._node.create_publisher(Float64, name, 1)
        return self._publishers[name]
