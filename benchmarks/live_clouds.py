# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages of benchmarks: clouds and odometry of a drive, and clouds that no driver should send."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from drive import FIELDS
from nav_msgs.msg import Odometry
from sensor_msgs.msg import PointCloud2, PointField

from zeroflow_ros.geometry import Transform, to_quaternion

LIDAR_FRAME, ODOMETRY_FRAME = "lidar", "odom"
Rows = npt.NDArray[np.float32]


def cloud_message(
    rows: Rows, names: Sequence[str] = FIELDS, *, big_endian: bool = False
) -> PointCloud2:
    """A cloud of float32 fields; `rows` float32 [N, fields]."""
    step = 4 * rows.shape[1]
    message = PointCloud2(
        height=1,
        width=len(rows),
        fields=[
            PointField(name=name, offset=4 * k, datatype=PointField.FLOAT32, count=1)
            for k, name in enumerate(names)
        ],
        is_bigendian=big_endian,
        point_step=step,
        row_step=step * len(rows),
    )
    message.header.frame_id = LIDAR_FRAME
    message.data.frombytes(rows.astype(">f4" if big_endian else "<f4").tobytes())
    return message


def odometry_message(stamp_ns: int, pose: Transform) -> Odometry:
    """The lidar's pose, [4, 4], at a stamp."""
    message = Odometry(child_frame_id=LIDAR_FRAME)
    message.header.frame_id = ODOMETRY_FRAME
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
    place, turn = message.pose.pose.position, message.pose.pose.orientation
    place.x, place.y, place.z = pose[:3, 3].tolist()
    turn.x, turn.y, turn.z, turn.w = to_quaternion(pose).tolist()
    return message


def _without_z(rows: Rows) -> PointCloud2:
    return cloud_message(rows, ("x", "y", "range", "intensity", "t"))


def _other_layout(rows: Rows) -> PointCloud2:
    return cloud_message(np.ascontiguousarray(rows[:, [3, 2, 0, 1]]), ("intensity", "z", "x", "y"))


def _nan(rows: Rows) -> PointCloud2:
    return cloud_message(np.full_like(rows, np.nan))


def _empty(rows: Rows) -> PointCloud2:
    return cloud_message(rows[:0])


def _truncated(rows: Rows) -> PointCloud2:
    message = cloud_message(rows)
    del message.data[len(message.data) // 2 :]
    return message


def _big_endian(rows: Rows) -> PointCloud2:
    return cloud_message(rows, big_endian=True)


def _other_frame(rows: Rows) -> PointCloud2:
    message = cloud_message(rows)
    message.header.frame_id = "another_lidar"
    return message


ODD_CLOUDS: dict[str, Callable[[Rows], PointCloud2]] = {
    "without z": _without_z,
    "other layout": _other_layout,
    "NaN": _nan,
    "empty": _empty,
    "truncated": _truncated,
    "big-endian": _big_endian,
    "other frame": _other_frame,
}
UNREADABLE = ("without z", "truncated")
