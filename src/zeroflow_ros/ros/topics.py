# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node's topics: one definition of their names, from which their table is generated."""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """A topic as the node names it, the type of its messages, and what they say."""

    name: str
    type: str
    help: str


STAGES = (
    "parse", "ego_motion", "deskew", "levelling", "ground_and_grid", "pillars", "network", "bodies",
    "output", "publish",
)  # fmt: skip
"""Stages of the pipeline, in the order in which they run."""

CLOUD = Topic(
    "~/input/pointcloud",
    "sensor_msgs/msg/PointCloud2",
    "The lidar's clouds, in any layout with x, y, z: float32 or float64, any order and padding,"
    " big-endian, organised.",
)
ODOMETRY = Topic(
    "~/input/odometry",
    "nav_msgs/msg/Odometry",
    "The vehicle's poses, where ego motion comes from odometry.",
)
FLOW = Topic(
    "~/output/flow",
    "sensor_msgs/msg/PointCloud2",
    "Header, rows and shape of the input; fields below.",
)
FLOW_COLORED = Topic(
    "~/output/flow_colored",
    "sensor_msgs/msg/PointCloud2",
    "The same for the eye: hue is direction, strength is speed; fields below.",
)
MARKERS = Topic(
    "~/output/markers",
    "visualization_msgs/msg/MarkerArray",
    "Arrows of what moves, thinned.",
)
PROCESSING_TIME = Topic(
    "~/debug/processing_time_ms",
    "std_msgs/msg/Float64",
    "From when the work for a sweep began to its flow.",
)
PIPELINE_LATENCY = Topic(
    "~/debug/pipeline_latency_ms", "std_msgs/msg/Float64", "From a sweep's stamp to its flow."
)
CYCLIC_TIME = Topic("~/debug/cyclic_time_ms", "std_msgs/msg/Float64", "From flow to flow.")
STAGE_TIME = Topic(
    "~/debug/processing_time/STAGE_ms",
    "std_msgs/msg/Float64",
    f"Of each stage: {', '.join(STAGES)}.",
)
DIAGNOSTICS = Topic(
    "/diagnostics",
    "diagnostic_msgs/msg/DiagnosticArray",
    "What the node does, and what is wrong, once a second.",
)

INPUTS = (CLOUD, ODOMETRY)
OUTPUTS = (
    FLOW, FLOW_COLORED, MARKERS, PROCESSING_TIME, PIPELINE_LATENCY, CYCLIC_TIME, STAGE_TIME,
    DIAGNOSTICS,
)  # fmt: skip


def stage_topic(stage: str) -> str:
    """Name of the topic with a stage's time."""
    return STAGE_TIME.name.replace("STAGE", stage)
