# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The message types that this package reads from bags, and the typestore that decodes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros import pointcloud2
from zeroflow_ros.bags.storage import Topic
from zeroflow_ros.colored_cloud import COLORED_FIELDS, colored_rows
from zeroflow_ros.coloring import MAX_SPEED_MPS
from zeroflow_ros.errors import pass_interrupt
from zeroflow_ros.flow import Flow
from zeroflow_ros.sweep import Sweep

if TYPE_CHECKING:
    from rosbags.typesys.store import Typestore

CLOUD = "sensor_msgs/msg/PointCloud2"
ODOMETRY = "nav_msgs/msg/Odometry"
TRANSFORMS = "tf2_msgs/msg/TFMessage"


@cache
def jazzy() -> Typestore:
    """The types of ROS 2 Jazzy, for what is written and for bags without definitions."""
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores.ROS2_JAZZY)


def typestore_of(topics: Iterable[Topic]) -> Typestore:
    """The bag's own definitions of the types that we read; Jazzy's where one is not embedded."""
    from rosbags.typesys import Stores, TypesysError, get_typestore

    types: dict[str, Any] = dict(jazzy().fielddefs)
    for topic in topics:
        if topic.type in (CLOUD, ODOMETRY, TRANSFORMS):
            # A definition that does not parse is no reason to refuse: these types never changed.
            with suppress(TypesysError):
                types.update(_complete(_definitions(topic)))
    own = get_typestore(Stores.EMPTY)
    try:
        own.register(types)
    except Exception as error:  # a damaged definition that parses may contradict the basic types
        pass_interrupt(error)
        return jazzy()
    return own


def _complete(definitions: dict[str, Any]) -> dict[str, Any]:
    """Those of types that Jazzy does not have, or that have every field that it has in Jazzy.

    A damaged one may parse with a field under another name.
    """
    known = jazzy().fielddefs
    return {
        name: definition
        for name, definition in definitions.items()
        if name not in known or _fields(known[name]) <= _fields(definition)
    }


def _fields(definition: Any) -> set[str]:
    return {name for name, _ in definition[1]}


def _definitions(topic: Topic) -> dict[str, Any]:
    """Field definitions of a topic's type and the types inside of it, as rosbags keeps them."""
    from rosbags.typesys import get_types_from_idl, get_types_from_msg

    kind, text = topic.definition
    if kind == "msg":
        return dict(get_types_from_msg(text, topic.type))
    types: dict[str, Any] = {}
    if kind == "idl":
        for part in text.split("=" * 80 + "\n"):
            body = part.partition("\n")[2] if part.startswith("IDL: ") else part
            if body.strip():
                types.update(get_types_from_idl(body))
    return types


def flow_message(cloud: Any, sweep: Sweep, flow: Flow) -> Any:
    """PointCloud2 with the flow of `sweep`: header and shape of `cloud`, rows of pointcloud2.py."""
    fields = pointcloud2.flow_fields("intensity" in sweep.extras)
    return _message(cloud, fields, pointcloud2.flow_rows(sweep, flow))


def colored_message(cloud: Any, sweep: Sweep, flow: Flow) -> Any:
    """The same for the eye: rows of colored_cloud.py, in the colours that the node has."""
    columns = pointcloud2.FlowColumns.of(sweep, flow)
    return _message(cloud, COLORED_FIELDS, colored_rows(columns, MAX_SPEED_MPS))


def _message(cloud: Any, fields: Sequence[pointcloud2.Field], rows: npt.NDArray[np.uint8]) -> Any:
    """`rows` [N, point_step] as a cloud with header and shape of another."""
    types, step = jazzy().types, rows.shape[1]
    point_field = types["sensor_msgs/msg/PointField"]
    return types[CLOUD](
        header=cloud.header,
        height=cloud.height,
        width=cloud.width,
        fields=[point_field(f.name, f.offset, f.datatype, f.count) for f in fields],
        is_bigendian=False,
        point_step=step,
        row_step=step * cloud.width,
        data=np.ascontiguousarray(rows).reshape(-1),
        is_dense=cloud.is_dense,
    )
