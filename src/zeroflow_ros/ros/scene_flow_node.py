# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The process of the node `scene_flow`, which says in one line where there is no ROS."""

from __future__ import annotations

import sys

from zeroflow_ros.errors import MissingRosError
from zeroflow_ros.memory import keep_memory
from zeroflow_ros.ros.dds import prepare_dds
from zeroflow_ros.ros.health import MESSAGES


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; returns the exit code."""
    try:
        from zeroflow_ros.ros.lifecycle_node import NODE_NAME, SceneFlowNode
        from zeroflow_ros.ros.process import run_node
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("rclpy", *MESSAGES):
            raise
        print(f"zeroflow: error: {MissingRosError(package, 'the node')}", file=sys.stderr)
        return 1
    keep_memory()
    middleware = prepare_dds()
    return run_node(NODE_NAME, lambda: SceneFlowNode(middleware), args)


if __name__ == "__main__":
    raise SystemExit(main())
