# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Milliseconds of PointCloud2 in and out: `python benchmarks/pointcloud2.py [POINTS]`."""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2, PointField

from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.pointcloud2 import flow_rows
from zeroflow_ros.ros.pointcloud2 import flow_message, to_sweep

REPEATS = 30


def cloud(count: int, big_endian: bool) -> PointCloud2:
    """A cloud of x y z intensity, 16 bytes a point."""
    message = PointCloud2(height=1, width=count, is_bigendian=big_endian)
    message.fields = [
        PointField(name=name, offset=4 * k, datatype=PointField.FLOAT32, count=1)
        for k, name in enumerate(("x", "y", "z", "intensity"))
    ]
    message.point_step, message.row_step = 16, 16 * count
    rows = np.random.default_rng(0).normal(0, 20, (count, 4))
    message.data.frombytes(rows.astype(">f4" if big_endian else "<f4").tobytes())
    return message


def median_ms(action: Callable[[], object]) -> float:
    """Median wall time of one call."""
    return 1e3 * float(np.median(timeit.repeat(action, number=1, repeat=REPEATS)))


def main() -> None:
    """Print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 120_000
    message, swapped = cloud(count, False), cloud(count, True)
    sweep = to_sweep(message)
    displacement = np.random.default_rng(1).normal(0, 1, (count, 3)).astype(np.float32)
    flow = Flow(displacement, np.arange(count) % 7 > 0, 0.1, FlowStatus.ESTIMATED)
    answer = flow_message(message, sweep, flow)
    data = serialize_message(message)
    table: dict[str, Callable[[], object]] = {
        "deserialize (rclpy)": lambda: deserialize_message(data, PointCloud2),
        "read, native order": lambda: to_sweep(message),
        "read, big-endian": lambda: to_sweep(swapped),
        "flow rows": lambda: flow_rows(sweep, flow),
        "flow message, with its rows": lambda: flow_message(message, sweep, flow),
        "serialize the flow (rclpy)": lambda: serialize_message(answer),
    }
    print(f"{count} points, {len(answer.data) / 1e6:.2f} MB out, median of {REPEATS}")
    for name, action in table.items():
        print(f"{name:30} {median_ms(action):8.3f} ms")


if __name__ == "__main__":
    main()
