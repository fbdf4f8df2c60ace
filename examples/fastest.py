# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Says where the fastest thing is, beside the node: python examples/fastest.py (docs/deploy.md)."""

from contextlib import suppress

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from sensor_msgs.msg import PointCloud2

from zeroflow_ros.pointcloud2 import read_flow


def fastest(cloud):
    """Speed (m/s) and middle [x, y, z] of the fastest 2 m square with 10 moving points, or None."""
    flow = read_flow(cloud)  # points and velocity [N, 3], valid and speed [N]
    moving = flow.valid & (flow.speed > 1.0)
    points, speed = flow.points[moving], flow.speed[moving]
    square = points[:, 0] // 2 * 1000 + points[:, 1] // 2
    squares, count = np.unique(square, return_counts=True)
    inside = [square == one for one in squares[count >= 10]]
    found = [(float(np.median(speed[each])), points[each].mean(0)) for each in inside]
    return max(found, key=lambda one: one[0], default=None)


def heard(cloud):
    """Print one line of a sweep in which something moves."""
    if found := fastest(cloud):
        speed, (x, y, _) = found
        print(f"{speed:.1f} m/s at x {x:.1f}, y {y:.1f}", flush=True)


if __name__ == "__main__":
    rclpy.init()
    node = rclpy.create_node("fastest")
    node.create_subscription(PointCloud2, "/scene_flow/output/flow", heard, 1)
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)
