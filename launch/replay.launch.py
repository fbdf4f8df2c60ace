# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bag, the node and RViz: `ros2 launch zeroflow_ros replay.launch.py bag:=drive/`.

The bag gives the clock, and is played once the node is active: nothing of it is lost on a node that
still loads its model. All arguments of flow.launch.py hold here too; `--show-args` lists them.
"""

import json
import os
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    SetLaunchConfiguration,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, LaunchLogDir, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

PACKAGE = "zeroflow_ros"
CLOCK_HZ = "100"
RELIABLE = {"reliability": "reliable", "history": "keep_last", "durability": "volatile"}
DEPTH = {"clouds": 10, "odometry": 200}


def generate_launch_description() -> LaunchDescription:
    """Arguments, flow.launch.py with the bag's time, and the player behind it."""
    flow = PathJoinSubstitution([FindPackageShare(PACKAGE), "launch", "flow.launch.py"])
    name = [LaunchConfiguration("namespace"), "/", LaunchConfiguration("node_name")]
    until_active = ExecuteProcess(
        cmd=["python3", "-m", f"{PACKAGE}.ros.until_active", name], name="until_active"
    )
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="rosbag2 folder, .mcap or .db3 file"),
            _argument("topic", "", "PointCloud2 of the bag; empty: the only one that it has"),
            _argument("input_odometry", "", "Odometry of the bag; empty: the only one that it has"),
            _argument("rate", "1.0", "pace of the bag; 0.5: half as fast"),
            _argument("loop", "false", "true: start the bag again at its end"),
            _argument("rviz", "true", "false: no RViz"),
            _argument("rviz_frame", "", "fixed frame of RViz; empty: that of the clouds"),
            OpaqueFunction(function=_replay, args=[until_active]),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(flow),
                launch_arguments=[("use_sim_time", "true"), ("reliability", "reliable")],
            ),
            until_active,
        ]
    )


def _argument(name: str, default: str, description: str) -> DeclareLaunchArgument:
    return DeclareLaunchArgument(name, default_value=default, description=description)


def _replay(context: LaunchContext, until_active: ExecuteProcess) -> list[Action]:
    """What was left empty, as the bag says; and its player, which waits for the node."""
    try:
        from zeroflow_ros.bags.playing import playing
    except ImportError as error:
        raise RuntimeError(
            f"the Python of `ros2 launch` has no {PACKAGE} ({error}): from a virtual environment, "
            f"python3 $(which ros2) launch {PACKAGE} replay.launch.py ..."
        ) from error

    given = {
        name: LaunchConfiguration(name).perform(context)
        for name in ("bag", "topic", "input_odometry", "rviz_frame", "rate", "loop")
    }
    bag = Path(given["bag"]).expanduser()
    found = playing(bag, given["topic"] or None, given["input_odometry"] or None)
    qos = Path(LaunchLogDir().perform(context)) / "reliable_bag.yaml"
    depths = {found.clouds: DEPTH["clouds"], found.odometry: DEPTH["odometry"]}
    # JSON is YAML.
    qos.write_text(json.dumps({t: {**RELIABLE, "depth": n} for t, n in depths.items() if t}))
    command = [
        *("ros2", "bag", "play", str(bag), "--rate", given["rate"]),
        *("--qos-profile-overrides-path", str(qos), "--disable-keyboard-controls"),
        *(() if found.has_clock else ("--clock", CLOCK_HZ)),
        *(("--loop",) if given["loop"].lower() in ("true", "1") else ()),
        *(("--exclude-topics", *found.left_out) if found.left_out else ()),
    ]
    player = ExecuteProcess(
        cmd=command, output="screen", additional_env=_dds(), on_exit=_end_if_failed
    )
    return [
        SetLaunchConfiguration("topic", found.clouds),
        SetLaunchConfiguration("input_odometry", found.odometry or "odom"),
        SetLaunchConfiguration("rviz_frame", given["rviz_frame"] or found.frame),
        RegisterEventHandler(
            OnProcessExit(
                target_action=until_active,
                on_exit=lambda event, _: Shutdown() if event.returncode else player,
            )
        ),
    ]


def _dds() -> dict[str, str]:
    """What the player's environment lacks for large clouds: the writer's shared memory counts."""
    from zeroflow_ros.ros.dds import prepare_dds

    environment = dict(os.environ)
    prepare_dds(environment)
    return {name: environment[name] for name in environment.keys() - os.environ.keys()}


def _end_if_failed(event: ProcessExited, context: LaunchContext) -> list[Action]:
    """At the end of the bag all stays as it is, to be looked at."""
    if not event.returncode or context.is_shutdown:
        return []
    why = f"`ros2 bag play` ended with {event.returncode}; where it is missing: sudo apt install"
    package = f"ros-{os.environ.get('ROS_DISTRO', '$ROS_DISTRO')}-rosbag2"
    return [LogInfo(msg=f"{why} {package}"), Shutdown()]
