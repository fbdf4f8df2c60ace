# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node: `ros2 launch zeroflow_ros flow.launch.py input_pointcloud:=/lidar/points`."""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SHIPPED_PARAMETERS = ("config", "flow.param.yaml")


def generate_launch_description() -> LaunchDescription:
    """Arguments and the node; all topics are relative, so a namespace holds."""
    parameters = PathJoinSubstitution([FindPackageShare("zeroflow_ros"), *SHIPPED_PARAMETERS])
    return LaunchDescription(
        [
            _argument("input_pointcloud", "points", "PointCloud2 of the lidar"),
            _argument("input_odometry", "odom", "Odometry, for ego_motion.source = odometry"),
            _argument("output_flow", "scene_flow/output/flow", "PointCloud2 with vx, vy, vz"),
            _argument("model", "", "path or name of a model; empty: as params_file says"),
            _argument("backend", "", "auto, tensorrt, ...; empty: as params_file says"),
            _argument("build_only", "false", "true: build the model's engine, and end"),
            _argument("params_file", parameters, "YAML file with the parameters"),
            _argument("namespace", "", "namespace of the node"),
            _argument("use_sim_time", "false", "true when a bag or a simulator gives the clock"),
            _argument("log_level", "info", "debug, info, warn, error or fatal"),
            OpaqueFunction(function=_nodes),
        ]
    )


def _argument(name: str, default: object, description: str) -> DeclareLaunchArgument:
    return DeclareLaunchArgument(name, default_value=default, description=description)


def _nodes(context: LaunchContext) -> list[Node]:
    use_sim_time = ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)
    build_only = ParameterValue(LaunchConfiguration("build_only"), value_type=bool)
    overrides: dict[str, object] = {"use_sim_time": use_sim_time, "build_only": build_only}
    for name in ("model", "backend"):
        # An empty one would hide that of params_file.
        if chosen := LaunchConfiguration(name).perform(context):
            overrides[name] = chosen
    return [
        Node(
            package="zeroflow_ros",
            executable="scene_flow_node",
            name="scene_flow",
            namespace=LaunchConfiguration("namespace"),
            output="screen",
            parameters=[LaunchConfiguration("params_file"), overrides],
            remappings=[
                ("~/input/pointcloud", LaunchConfiguration("input_pointcloud")),
                ("~/input/odometry", LaunchConfiguration("input_odometry")),
                ("~/output/flow", LaunchConfiguration("output_flow")),
            ],
            arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
        )
    ]
