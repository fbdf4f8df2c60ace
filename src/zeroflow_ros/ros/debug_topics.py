# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""DebugTopics: how long a sweep took, as numbers to plot."""

from __future__ import annotations

from collections.abc import Mapping

from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import Float64

from zeroflow_ros.ros.outputs import heard

STAGES = (
    "parse", "ego_motion", "deskew", "levelling", "ground_and_grid", "pillars", "network", "bodies",
    "output", "publish",
)  # fmt: skip
"""Stages of the pipeline, in the order in which they run."""


class DebugTopics:
    """`~/debug/*_ms`, and `~/debug/processing_time/<stage>_ms` for each stage; all in ms."""

    def __init__(self, node: Node) -> None:
        """Create the publishers, those of all known stages included."""
        self._node = node
        self._publishers: dict[str, Publisher] = {}
        for name in ("processing_time", "pipeline_latency", "cyclic_time", *map(_name, STAGES)):
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
            "processing_time": processing_ms,
            "pipeline_latency": latency_ms,
            "cyclic_time": cyclic_ms,
            **{_name(stage): value for stage, value in stage_ms.items()},
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
            self._publishers[name] = self._node.create_publisher(Float64, f"~/debug/{name}_ms", 1)
        return self._publishers[name]


def _name(stage: str) -> str:
    return f"processing_time/{stage}"
