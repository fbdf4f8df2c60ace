# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Starting the node where there is no ROS: one line that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys

# As `python -m`, of a Python that finds none of it.
STARTED = """
import runpy, sys
sys.modules["rclpy"] = sys.modules["lifecycle_msgs"] = None
runpy.run_module("zeroflow_ros.ros.scene_flow_node", run_name="__main__")
"""


def test_a_line_and_exit_code_1() -> None:
    environment = {**os.environ, "ROS_DISTRO": "kilted"}
    command = [sys.executable, "-c", STARTED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "zeroflow: error: the node needs ROS 2, and this Python finds no 'lifecycle_msgs': source "
        "/opt/ros/kilted/setup.bash, or where ROS is not installed, pip install "
        "'zeroflow_ros[ros]'; zeroflow doctor says more\n"
    )
