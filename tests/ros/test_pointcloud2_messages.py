# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages of rclpy, compared with `sensor_msgs_py` wherever that is installed."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

pytest.importorskip("sensor_msgs", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.pointcloud2 import read_flow
from zeroflow_ros.ros.pointcloud2 import flow_message, to_sweep

NAMES = ("x", "y", "z", "intensity")


def cloud(rows: np.ndarray) -> PointCloud2:
    message = PointCloud2(header=Header(frame_id="lidar"), height=1, width=len(rows))
    message.fields = [
        PointField(name=name, offset=4 * k, datatype=PointField.FLOAT32, count=1)
        for k, name in enumerate(NAMES)
    ]
    message.point_step, message.row_step = 16, 16 * len(rows)
    message.data.frombytes(rows.astype("<f4").tobytes())
    return message


def example() -> tuple[PointCloud2, np.ndarray, Flow]:
    generator = np.random.default_rng(3)
    rows = generator.normal(0, 20, (64, 4)).astype(np.float32)
    rows[5, 1] = np.nan
    displacement = generator.normal(0, 1, (64, 3)).astype(np.float32)
    return cloud(rows), rows, Flow(displacement, np.ones(64, bool), 0.1, FlowStatus.ESTIMATED)


def test_message_in_is_not_copied_and_message_out_reads_back() -> None:
    message, rows, flow = example()
    sweep = to_sweep(message)
    np.testing.assert_array_equal(sweep.points, rows[:, :3])
    assert np.shares_memory(sweep.points, np.frombuffer(message.data, np.uint8))
    answer = flow_message(message, sweep, flow)
    assert answer.header == message.header
    assert isinstance(answer.data, array)
    assert len(answer.data) == answer.height * answer.row_step == 64 * answer.point_step
    found = read_flow(answer)
    np.testing.assert_array_equal(found.points, rows[:, :3])
    assert np.flatnonzero(~found.valid).tolist() == [5]
    moving = found.valid
    np.testing.assert_allclose(found.velocity[moving], 10 * flow.displacement[moving], rtol=1e-6)


def test_both_ways_agree_with_sensor_msgs_py() -> None:
    module = pytest.importorskip(
        "sensor_msgs_py.point_cloud2", reason="not on PyPI: apt install ros-jazzy-sensor-msgs-py"
    )
    message, _, flow = example()
    sweep = to_sweep(message)
    theirs = module.read_points_numpy(message, ("x", "y", "z"))
    np.testing.assert_array_equal(sweep.points, theirs)
    answer = flow_message(message, sweep, flow)
    found = read_flow(answer)
    velocity = module.read_points_numpy(answer, ("vx", "vy", "vz"))
    np.testing.assert_array_equal(found.velocity, velocity)
    valid = module.read_points(answer, ("valid",))["valid"]
    np.testing.assert_array_equal(found.valid, valid.astype(bool))
