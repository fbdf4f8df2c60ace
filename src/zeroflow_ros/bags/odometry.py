# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ego motion that was recorded: the odometry of a bag, brought into the lidar's frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zeroflow_ros.bags.reader import BagReader
from zeroflow_ros.errors import EgoMotionError
from zeroflow_ros.geometry import Transform

if TYPE_CHECKING:
    from zeroflow_ros.ego_motion import PoseTrack

_CURE = "record /tf_static too, or use --ego-motion kiss-icp"


def recorded_odometry(reader: BagReader, cloud_topic: str, odometry_topic: str) -> PoseTrack:
    """Poses of the lidar over the recording, from an odometry topic and the TF frames of the bag.

    Raises EgoMotionError when the odometry is empty, or speaks of a frame that nothing in the bag
    connects with the frame of the clouds.
    """
    from zeroflow_ros.ego_motion import PoseTrack

    poses = reader.read_odometry(odometry_topic)
    if not poses:
        raise EgoMotionError(
            f"no message of {odometry_topic} in '{reader.path}' holds a pose (zero quaternions?); "
            "use --ego-motion kiss-icp"
        )
    mounting = sensor_in_base(reader, cloud_topic, odometry_topic)
    # A recording is all there at once, so nothing of it may be forgotten.
    track = PoseTrack(mounting, capacity=len(poses))
    for stamp_ns, pose in poses:
        track.add(stamp_ns, pose)
    return track


def sensor_in_base(reader: BagReader, cloud_topic: str, odometry_topic: str) -> Transform:
    """Mounting of the lidar, odometry's child frame <- cloud's frame [4, 4], from the bag's TF."""
    cloud, odometry = reader.first_message(cloud_topic), reader.first_message(odometry_topic)
    sensor = cloud.header.frame_id if cloud else ""
    base = odometry.child_frame_id if odometry else ""
    if not sensor or not base:
        what = f"{odometry_topic} names no child_frame_id" if sensor else f"{cloud_topic} no frame"
        raise EgoMotionError(
            f"{what}, so the lidar's place on the vehicle is unknown; use --ego-motion kiss-icp"
        )
    tree = reader.read_frames(static_only=True)
    try:
        return tree.lookup(base, sensor)
    except EgoMotionError:
        tree = reader.read_frames()  # fixed frames may be on /tf; it is large, so it comes second
    try:
        return tree.lookup(base, sensor)
    except EgoMotionError as error:
        raise EgoMotionError(
            f"{odometry_topic} gives poses of '{base}', clouds are in '{sensor}': {error}; {_CURE}"
        ) from error
