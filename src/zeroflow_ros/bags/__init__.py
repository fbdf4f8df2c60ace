# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""rosbag2 in and out without a ROS installation: MCAP and sqlite3, whole or cut off."""

from zeroflow_ros.bags.reader import BagReader
from zeroflow_ros.bags.storage import Record, Topic
from zeroflow_ros.bags.writer import BagWriter

__all__ = ["BagReader", "BagWriter", "Record", "Topic"]
