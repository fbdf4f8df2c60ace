# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A lidar as a process of its own: `python -m tests.ros.lidar`, sweeps until it is killed."""

from __future__ import annotations

import itertools
import time

import rclpy
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from tests.ros.driver import cloud, scene, set_stamp


def main() -> None:
    rclpy.init()
    publisher = Node("lidar").create_publisher(PointCloud2, "/scene_flow/input/pointcloud", 5)
    for k in itertools.count():
        message = cloud(scene(seed=k))
        set_stamp(message, time.time_ns())
        publisher.publish(message)
        time.sleep(0.1)  # its rate


if __name__ == "__main__":
    main()
