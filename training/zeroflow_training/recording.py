# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recording: a simulated drive as a rosbag2, with odometry, TF and a truth topic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zeroflow_ros.bags import BagWriter
from zeroflow_ros.bags.messages import CLOUD, ODOMETRY, TRANSFORMS, flow_message, jazzy
from zeroflow_ros.bags.reader import TRUTH_TOPIC
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Transform, to_quaternion
from zeroflow_ros.pointcloud2 import FLOAT32
from zeroflow_ros.sweep import Sweep
from zeroflow_training.simulation.classes import NO_MOTION
from zeroflow_training.simulation.simulator import SimulatedSweep, Simulation

CLOUD_TOPIC = "/lidar/points"
ODOMETRY_TOPIC = "/odometry"
LIDAR_FRAME, ODOMETRY_FRAME = "lidar", "odom"
EPOCH_NS = 1_000 * 1_000_000_000
"""Stamps begin here, as on a simulator's clock: no date, for what never took place has none."""
POSES_PER_SWEEP = 5


def record(
    simulation: Simulation,
    count: int,
    path: Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[SimulatedSweep]:
    """Write `count` sweeps to a new MCAP bag and return them; raises BagError.

    Topics: `/lidar/points` (x y z intensity t), `/odometry` and `/tf` (`odom` -> `lidar`, 50 Hz),
    and `/truth/flow` with the exact flow in the layout of the node's output.
    """
    sweeps = []
    with BagWriter(path, overwrite=overwrite) as writer:
        writer.add_topic(CLOUD_TOPIC, CLOUD)
        writer.add_topic(ODOMETRY_TOPIC, ODOMETRY)
        writer.add_topic("/tf", TRANSFORMS)
        writer.add_topic(TRUTH_TOPIC, CLOUD)
        for sweep in simulation.sweeps(count):
            _write_poses(writer, simulation, sweep.stamp_ns)
            _write_clouds(writer, sweep, simulation.interval_s)
            sweeps.append(sweep)
            if progress is not None:
                progress(len(sweeps), count)
    return sweeps


def as_sweep(simulated: SimulatedSweep) -> Sweep:
    """The sweep as a driver would deliver it."""
    return Sweep(
        simulated.points,
        EPOCH_NS + simulated.stamp_ns,
        LIDAR_FRAME,
        {"intensity": simulated.intensity, "t": simulated.time_offset},
    )


def _write_poses(writer: BagWriter, simulation: Simulation, stamp_ns: int) -> None:
    """The poses of the interval that ends at a sweep's stamp."""
    for k in reversed(range(POSES_PER_SWEEP)):
        before_ns = round(k * 1e9 / simulation.rate_hz / POSES_PER_SWEEP)
        if before_ns <= stamp_ns:
            pose = simulation.pose((stamp_ns - before_ns) * 1e-9)
            at_ns = EPOCH_NS + stamp_ns - before_ns
            writer.write_message(ODOMETRY_TOPIC, at_ns, _odometry(at_ns, pose))
            writer.write_message("/tf", at_ns, _transforms(at_ns, pose))


def _write_clouds(writer: BagWriter, simulated: SimulatedSweep, interval_s: float) -> None:
    sweep = as_sweep(simulated)
    stamp_ns = sweep.stamp_ns
    cloud = _cloud(sweep)
    writer.write_message(CLOUD_TOPIC, stamp_ns, cloud)
    valid = ~np.isin(simulated.class_id, NO_MOTION)
    truth = Flow(simulated.flow, valid, interval_s, FlowStatus.ESTIMATED)
    writer.write_message(TRUTH_TOPIC, stamp_ns, flow_message(cloud, sweep, truth))


def _cloud(sweep: Sweep) -> Any:
    rows = np.column_stack([sweep.points, sweep.extras["intensity"], sweep.extras["t"]])
    rows = np.ascontiguousarray(rows, np.float32)
    types = jazzy().types
    field = types["sensor_msgs/msg/PointField"]
    return types[CLOUD](
        header=_header(sweep.stamp_ns, LIDAR_FRAME),
        height=1,
        width=len(rows),
        fields=[
            field(name, 4 * k, FLOAT32, 1)
            for k, name in enumerate(("x", "y", "z", "intensity", "t"))
        ],
        is_bigendian=False,
        point_step=20,
        row_step=20 * len(rows),
        data=rows.view(np.uint8).reshape(-1),
        is_dense=True,
    )


def _header(stamp_ns: int, frame: str) -> Any:
    types = jazzy().types
    seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
    time = types["builtin_interfaces/msg/Time"](seconds, nanoseconds)
    return types["std_msgs/msg/Header"](time, frame)


def _odometry(stamp_ns: int, pose: Transform) -> Any:
    types = jazzy().types
    point, quaternion = types["geometry_msgs/msg/Point"], types["geometry_msgs/msg/Quaternion"]
    vector = types["geometry_msgs/msg/Vector3"]
    unknown = np.zeros(36)
    return types[ODOMETRY](
        _header(stamp_ns, ODOMETRY_FRAME),
        LIDAR_FRAME,
        types["geometry_msgs/msg/PoseWithCovariance"](
            types["geometry_msgs/msg/Pose"](
                point(*pose[:3, 3].tolist()), quaternion(*to_quaternion(pose).tolist())
            ),
            unknown,
        ),
        types["geometry_msgs/msg/TwistWithCovariance"](
            types["geometry_msgs/msg/Twist"](vector(0.0, 0.0, 0.0), vector(0.0, 0.0, 0.0)), unknown
        ),
    )


def _transforms(stamp_ns: int, pose: Transform) -> Any:
    types = jazzy().types
    transform = types["geometry_msgs/msg/Transform"](
        types["geometry_msgs/msg/Vector3"](*pose[:3, 3].tolist()),
        types["geometry_msgs/msg/Quaternion"](*to_quaternion(pose).tolist()),
    )
    stamped = types["geometry_msgs/msg/TransformStamped"](
        _header(stamp_ns, ODOMETRY_FRAME), LIDAR_FRAME, transform
    )
    return types[TRANSFORMS]([stamped])
