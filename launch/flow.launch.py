# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node: `ros2 launch zeroflow_ros flow.launch.py topic:=/lidar/points`.

`--show-args` lists the arguments. Works in a launch file of yours by IncludeLaunchDescription: all
topics are relative, so a namespace that is pushed around it holds.
"""

import os
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

PACKAGE = "zeroflow_ros"
SHIPPED_PARAMETERS = ("config", "flow.param.yaml")
SHIPPED_RVIZ = ("rviz", "flow.rviz")
# Arguments that go before params_file where they are given (an empty one would hide what it says),
# the parameters they are for, and the type: a model named 3 is no number.
OVERRIDES: dict[str, tuple[str, type]] = {
    "model": ("model", str),
    "backend": ("backend", str),
    "ego_motion": ("ego_motion.source", str),
    "fixed_frame": ("ego_motion.fixed_frame", str),
    "base_frame": ("levelling.base_frame", str),
    "reliability": ("input.reliability", str),
    "use_sim_time": ("use_sim_time", bool),
    "autostart": ("autostart", bool),
    "build_only": ("build_only", bool),
}


def generate_launch_description() -> LaunchDescription:
    """Arguments, the node, and RViz where it is asked for."""
    parameters = PathJoinSubstitution([FindPackageShare(PACKAGE), *SHIPPED_PARAMETERS])
    return LaunchDescription(
        [
            _argument("topic", "points", "PointCloud2 of the lidar"),
            _argument(
                "input_pointcloud", LaunchConfiguration("topic"), "the same, by its long name"
            ),
            _argument("input_odometry", "odom", "Odometry, for ego_motion:=odometry"),
            _argument("node_name", "scene_flow", "name of the node"),
            _argument(
                "output_flow",
                [LaunchConfiguration("node_name"), "/output/flow"],
                "PointCloud2 with vx, vy, vz",
            ),
            _override("model", "path or name of a model"),
            _override("backend", "auto, tensorrt, ..."),
            _override("ego_motion", "auto, tf, odometry, kiss_icp or none"),
            _override("fixed_frame", "frame of the world, for ego_motion:=tf"),
            _override("base_frame", "frame of the vehicle, z up"),
            _override("reliability", "best_effort or reliable, of the clouds' subscription"),
            _override("use_sim_time", "true when a bag or a simulator gives the clock"),
            _override("autostart", "false: a lifecycle manager configures and activates"),
            _override("build_only", "true: build the model's engine, and end"),
            _argument("params_file", parameters, "YAML file with the parameters"),
            _argument("namespace", "", "namespace of the node"),
            _argument("rviz", "false", "true: start RViz as well"),
            _argument("rviz_frame", "", "frame_id of the clouds, for RViz; empty: lidar"),
            _argument("respawn", "false", "true: start the node again when it ends"),
            _argument("log_level", "info", "debug, info, warn, error or fatal"),
            # RViz first: when that fails, no node is to run yet, which would be left behind.
            OpaqueFunction(function=_rviz, condition=IfCondition(LaunchConfiguration("rviz"))),
            OpaqueFunction(function=_flow),
        ]
    )


def _argument(name: str, default: object, description: str) -> DeclareLaunchArgument:
    return DeclareLaunchArgument(name, default_value=default, description=description)


def _override(name: str, description: str) -> DeclareLaunchArgument:
    return _argument(name, "", f"{description}; empty: as params_file says")


def _given(context: LaunchContext, *names: str) -> dict[str, ParameterValue]:
    """Parameters for those of the arguments that are not empty."""
    given = ((*OVERRIDES[name], LaunchConfiguration(name)) for name in names)
    return {
        parameter: ParameterValue(value, value_type=type_)
        for parameter, type_, value in given
        if value.perform(context)
    }


def _flow(context: LaunchContext) -> list[Node]:
    """The node: a lifecycle node, which by its own parameter `autostart` brings itself up.

    So a plain Node action is right. LifecycleNode would need events that each launch file emits by
    hand, and could not start what `ros2 run` starts.
    """
    node = Node(
        package=PACKAGE,
        executable="scene_flow_node",
        name=LaunchConfiguration("node_name"),
        namespace=LaunchConfiguration("namespace"),
        output="screen",
        parameters=[LaunchConfiguration("params_file"), _given(context, *OVERRIDES)],
        remappings=[
            ("~/input/pointcloud", LaunchConfiguration("input_pointcloud")),
            ("~/input/odometry", LaunchConfiguration("input_odometry")),
            ("~/output/flow", LaunchConfiguration("output_flow")),
        ],
        arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
        respawn=LaunchConfiguration("respawn"),
        respawn_delay=1.0,
    )
    return [node]


def _rviz(context: LaunchContext) -> list[Node]:
    """RViz with the view that is shipped; its topics are relative, and are those of the node."""
    view = PathJoinSubstitution([FindPackageShare(PACKAGE), *SHIPPED_RVIZ]).perform(context)
    if not Path(view).is_file():
        raise RuntimeError(f"rviz:=true, but there is no {view}: launch without, and start rviz2")
    try:
        get_package_prefix("rviz2")
    except PackageNotFoundError as error:
        package = f"ros-{os.environ.get('ROS_DISTRO', '$ROS_DISTRO')}-rviz2"
        raise RuntimeError(
            f"rviz:=true, but RViz is not here: sudo apt install {package}, or rviz:=false"
        ) from error
    frame = LaunchConfiguration("rviz_frame").perform(context)
    node = Node(
        package="rviz2",
        executable="rviz2",
        name="rviz",
        namespace=LaunchConfiguration("namespace"),
        arguments=["-d", view, *(["-f", frame] if frame else [])],
        parameters=[_given(context, "use_sim_time")],
        remappings=[
            ("points", LaunchConfiguration("input_pointcloud")),
            *(
                (f"scene_flow/output/{name}", [LaunchConfiguration("node_name"), "/output/", name])
                for name in ("flow_colored", "markers")
            ),
        ],
    )
    return [node]
