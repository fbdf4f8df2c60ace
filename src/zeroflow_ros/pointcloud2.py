# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PointCloud2 messages as arrays: clouds in, flow rows out. Duck-typed, needs no ROS.

Works on the messages of rclpy and of the `rosbags` package alike: whatever has `height`, `width`,
`fields`, `is_bigendian`, `point_step`, `row_step`, `data` and a stamped `header`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import CloudError
from zeroflow_ros.flow import Flow
from zeroflow_ros.flow_loops import flow_columns
from zeroflow_ros.geometry import Points
from zeroflow_ros.point_times import TIME_FIELDS
from zeroflow_ros.sweep import Sweep

UINT8, FLOAT32 = 2, 7
"""`sensor_msgs/PointField` datatype codes that the output uses."""

_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
_LARGEST_POINT = 2**31 - 1  # bytes; NumPy's limit
EXTRA_FIELDS = ("intensity", "ring", *TIME_FIELDS)


@dataclass(frozen=True)
class Field:
    """One field of a cloud, with the attributes of `sensor_msgs/PointField`."""

    name: str
    offset: int
    datatype: int
    count: int = 1


def point_dtype(message: Any) -> np.dtype[np.void]:
    """Structured dtype of one point of `message`, itemsize = point_step, in its byte order.

    Any field order and padding; a repeated name keeps its first field, nameless fields are padding.
    Raises CloudError for an unknown datatype code, for fields that reach beyond point_step, and for
    a point_step that is no number of bytes of a point.
    """
    if message.point_step > _LARGEST_POINT:
        raise CloudError(f"point_step is {message.point_step} bytes, more than a point can have")
    order = ">" if message.is_bigendian else "<"
    names: list[str] = []
    formats: list[Any] = []
    offsets: list[int] = []
    for field in message.fields:
        if not field.name or field.name in names:
            continue
        if field.datatype not in _TYPES:
            raise CloudError(
                f"field '{_said(field.name)}' has datatype {field.datatype}, PointField knows "
                "1 to 8"
            )
        scalar = np.dtype(order + _TYPES[field.datatype])
        count = max(int(field.count), 1)  # several drivers leave count at 0
        end = field.offset + count * scalar.itemsize
        if end > message.point_step:
            raise CloudError(
                f"point_step is {message.point_step} bytes, but field '{_said(field.name)}' ends "
                f"at {end}"
            )
        names.append(field.name)
        formats.append((scalar, (count,)) if count > 1 else scalar)
        offsets.append(int(field.offset))
    spec = {
        "names": names,
        "formats": formats,
        "offsets": offsets,
        "itemsize": int(message.point_step),
    }
    return np.dtype(spec)  # type: ignore[call-overload, no-any-return]


def _said(names: str) -> str:
    """Names as they fit into a line, whatever a driver calls its fields."""
    return shorten(names, 120, placeholder="...")


def read_cloud(message: Any) -> Sweep:
    """Read a PointCloud2-like message as a Sweep of height * width points, row-major.

    `points` is a read-only view of the message's buffer [N, 3] where x, y, z are consecutive native
    float32 in rows without padding, else a float32 copy. NaN points stay in their rows. `extras`
    holds intensity, ring and the per-point time fields there are, in native byte order.
    Raises CloudError for a cloud without float x, y, z and for a layout the data does not fill.
    """
    stamp, count = message.header.stamp, int(message.height) * int(message.width)
    stamp_ns = int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
    frame_id = str(message.header.frame_id)
    if count == 0 and not len(message.fields):
        return Sweep(np.zeros((0, 3), np.float32), stamp_ns, frame_id)
    dtype = point_dtype(message)
    _check_coordinates(dtype)
    rows = _rows(message, dtype, count)
    extras = {
        name: _native(rows[name])
        for name in EXTRA_FIELDS
        if name in (dtype.names or ()) and rows[name].ndim == 1
    }
    return Sweep(_points(rows), stamp_ns, frame_id, extras)


def _check_coordinates(dtype: np.dtype[np.void]) -> None:
    """Raise CloudError unless x, y and z are there as single floats."""
    names = dtype.names or ()
    missing = [name for name in "xyz" if name not in names]
    if missing:
        present = _said(", ".join(names)) or "none"
        raise CloudError(f"cloud has no field {', '.join(missing)}; its fields: {present}")
    for name in "xyz":
        if dtype[name].shape:
            raise CloudError(f"field '{name}' holds {dtype[name].shape[0]} numbers, not one")
        if dtype[name].kind != "f":
            kind = dtype[name].base.name
            raise CloudError(f"field '{name}' is {kind}; coordinates must be float32 or float64")


def _rows(message: Any, dtype: np.dtype[np.void], count: int) -> npt.NDArray[np.void]:
    """Structured array [N] over the message's data; a view unless the rows are padded."""
    if count == 0:
        return np.zeros(0, dtype)
    height, width = int(message.height), int(message.width)
    tight = width * dtype.itemsize
    row_step = int(message.row_step)
    if row_step == 0 or (height == 1 and row_step < tight):
        row_step = tight  # drivers leave it at 0, or forget it when they crop a row
    if row_step < tight:
        raise CloudError(
            f"row_step is {row_step} bytes, but {width} points of {dtype.itemsize} bytes "
            f"need {tight}"
        )
    data = message.data if isinstance(message.data, np.ndarray) else memoryview(message.data)
    if data.nbytes < height * row_step:
        raise CloudError(
            f"data has {data.nbytes} bytes, but {height} rows of {row_step} bytes "
            f"need {height * row_step}"
        )
    shape, strides = (height, width), (row_step, dtype.itemsize)
    rows: npt.NDArray[np.void] = np.ndarray(shape, dtype, buffer=data, strides=strides)
    rows.flags.writeable = False
    return rows.reshape(count)


def _points(rows: npt.NDArray[np.void]) -> Points:
    """Coordinates float32 [N, 3] of structured rows: a view where the layout allows one."""
    fields = rows.dtype.fields
    assert fields is not None  # checked by _check_coordinates
    start = fields["x"][1]
    native = np.dtype(np.float32)
    if all(fields[axis][:2] == (native, start + 4 * k) for k, axis in enumerate("xyz")):
        packed = np.dtype(
            {
                "names": ["xyz"],
                "formats": [(native, (3,))],
                "offsets": [start],
                "itemsize": rows.dtype.itemsize,
            }
        )
        view: Points = rows.view(packed)["xyz"]
        return view
    points = np.empty((len(rows), 3), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 is out of any lidar's range
        for k, axis in enumerate("xyz"):
            points[:, k] = rows[axis]
    return points


def _native(column: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The column itself, or a copy in native byte order."""
    return column if column.dtype.isnative else column.astype(column.dtype.newbyteorder("="))


def flow_fields(intensity: bool = True) -> tuple[Field, ...]:
    """Fields of an output cloud: x y z [intensity] vx vy vz float32 and valid uint8.

    Rows are padded to whole floats (32 bytes with intensity, 28 without), so that consumers in C++
    may read the floats where they stand.
    """
    names = ("x", "y", "z", *(("intensity",) if intensity else ()), "vx", "vy", "vz")
    floats = [Field(name, 4 * k, FLOAT32) for k, name in enumerate(names)]
    return (*floats, Field("valid", 4 * len(names), UINT8))


def flow_point_step(fields: Sequence[Field]) -> int:
    """Bytes of one output row: the fields, rounded up to whole floats."""
    return 4 * len(fields)


def flow_rows(sweep: Sweep, flow: Flow) -> npt.NDArray[np.uint8]:
    """Output rows of a sweep: bytes uint8 [N, point_step], little-endian, as `flow_fields` says.

    Positions as in the sweep (NaN rows kept), velocities in m/s. Rows whose position or velocity
    is not finite read velocity 0 and valid 0, so that no NaN reaches a viewer's colour range.
    Intensity is there when the sweep has it. Raises ValueError when sweep and flow differ in N.
    """
    intensity = "intensity" in sweep.extras
    width = len(flow_fields(intensity))
    rows, valid = _side_by_side(sweep, flow, width)
    if intensity:
        with np.errstate(over="ignore"):  # of float64 beyond float32, which is as good as infinite
            rows[:, 3] = sweep.extras["intensity"]
    out = rows.astype("<f4", copy=False).view(np.uint8).reshape(len(sweep), 4 * width)
    out[:, -4] = valid
    return out


def _side_by_side(
    sweep: Sweep, flow: Flow, width: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """See `flow_columns`. Raises ValueError when sweep and flow differ in N."""
    points, moved = (np.asarray(a, np.float32) for a in (sweep.points, flow.displacement))
    valid = np.asarray(flow.valid, bool)
    if moved.shape != points.shape or valid.shape != (len(sweep),):
        raise ValueError(
            f"sweep has {len(sweep)} points, its flow {len(moved)} rows: displacement "
            f"{moved.shape}, valid {valid.shape}"
        )
    interval_s = flow.interval_s if flow.interval_s > 0 else np.inf  # nothing moved, nothing moves
    return flow_columns(points, moved, valid, interval_s, width)


class FlowColumns(NamedTuple):
    """What a flow cloud says: float32 [N, 3] in m, float32 [N, 3] in m/s, bool [N].

    Where not valid, velocity is 0; only points may be NaN.
    """

    points: Points
    velocity: Points
    valid: npt.NDArray[np.bool_]

    @staticmethod
    def of(sweep: Sweep, flow: Flow) -> FlowColumns:
        """What `flow_rows` writes. Raises ValueError when sweep and flow differ in N."""
        rows, valid = _side_by_side(sweep, flow, 7)
        return FlowColumns(rows[:, :3], rows[:, 3:6], valid)

    @property
    def speed(self) -> npt.NDArray[np.float32]:
        """Float32 [N] in m/s."""
        return np.sqrt(np.einsum("ij,ij->i", self.velocity, self.velocity))


def read_flow(message: Any) -> FlowColumns:
    """Read a flow cloud, as `flow_rows` makes it, from a PointCloud2-like message.

    Raises CloudError for a cloud that has no vx, vy, vz and valid.
    """
    count = int(message.height) * int(message.width)
    dtype = point_dtype(message)
    _check_coordinates(dtype)
    names = dtype.names or ()
    missing = [name for name in ("vx", "vy", "vz", "valid") if name not in names]
    if missing:
        raise CloudError(
            f"not a flow cloud: no field {', '.join(missing)}; it has {_said(', '.join(names))}"
        )
    rows = _rows(message, dtype, count)
    velocity = np.stack([rows[name] for name in ("vx", "vy", "vz")], 1).astype(np.float32)
    return FlowColumns(_points(rows), velocity, rows["valid"].astype(bool))
