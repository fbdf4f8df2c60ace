# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PointCloud2 parsing for any layout, and the output rows."""

from __future__ import annotations

import array
import warnings
from types import SimpleNamespace as Namespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zeroflow_ros.errors import CloudError
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.pointcloud2 import flow_fields, flow_point_step, flow_rows, read_cloud
from zeroflow_ros.sweep import Sweep

CODES = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 8}


def cloud(
    columns: dict[str, np.ndarray],
    *,
    height: int = 1,
    big_endian: bool = False,
    gaps: dict[str, int] | None = None,
    tail: int = 0,
    row_padding: int = 0,
    container: Any = bytes,
) -> Namespace:
    """A PointCloud2-like message of the columns, in order, with `gaps` bytes before fields."""
    order = ">" if big_endian else "<"
    offset, fields, formats = 0, [], []
    for name, column in columns.items():
        offset += (gaps or {}).get(name, 0)
        code = column.dtype.str[1:]
        fields.append(Namespace(name=name, offset=offset, datatype=CODES[code], count=1))
        formats.append(order + code)
        offset += column.dtype.itemsize
    step = offset + tail
    spec = {
        "names": list(columns),
        "formats": formats,
        "offsets": [field.offset for field in fields],
        "itemsize": step,
    }
    count = len(next(iter(columns.values())))
    rows = np.zeros(count, np.dtype(spec))
    for name, column in columns.items():
        rows[name] = column
    width = count // height
    padded = np.full((height, width * step + row_padding), 0xAB, np.uint8)
    padded[:, : width * step] = np.frombuffer(rows.tobytes(), np.uint8).reshape(height, -1)
    stamp = Namespace(sec=7, nanosec=250)
    return Namespace(
        header=Namespace(stamp=stamp, frame_id="lidar"),
        height=height,
        width=width,
        fields=fields,
        is_bigendian=big_endian,
        point_step=step,
        row_step=padded.shape[1],
        data=container(padded.tobytes()),
        is_dense=False,
    )


def xyz_columns(count: int, dtype: str = "f4", seed: int = 0) -> dict[str, np.ndarray]:
    values = np.random.default_rng(seed).normal(0, 40, (count, 3)).astype("f4")
    return {name: values[:, k].astype(dtype) for k, name in enumerate("xyz")}


def stacked(columns: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([columns[name] for name in "xyz"], 1).astype(np.float32)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[dict[str, np.ndarray], Namespace]:
    height, width = draw(st.integers(1, 4)), draw(st.integers(1, 9))
    count, seed = height * width, draw(st.integers(0, 2**32 - 1))
    columns = xyz_columns(count, draw(st.sampled_from(["f4", "f8"])), seed)
    if draw(st.booleans()):
        columns["y"] = columns["y"].astype(draw(st.sampled_from(["f4", "f8"])))
    columns["x"][draw(st.integers(0, count - 1))] = draw(st.sampled_from([np.nan, np.inf, 3.5]))
    generator = np.random.default_rng(seed)
    for name in draw(st.lists(st.sampled_from(["intensity", "ring", "t", "other"]), unique=True)):
        kind = draw(st.sampled_from(sorted(CODES)))
        columns[name] = generator.integers(0, 127, count).astype(kind)
    names = draw(st.permutations(list(columns)))
    message = cloud(
        {name: columns[name] for name in names},
        height=height,
        big_endian=draw(st.booleans()),
        gaps={name: draw(st.integers(0, 5)) for name in names},
        tail=draw(st.integers(0, 9)),
        row_padding=draw(st.integers(0, 7)),
        container=draw(
            st.sampled_from(
                [bytes, lambda b: array.array("B", b), lambda b: np.frombuffer(b, np.uint8)]
            )
        ),
    )
    return columns, message


@settings(deadline=None, max_examples=300)
@given(layouts())
def test_any_layout_reads_back_its_numbers(case: tuple[dict[str, np.ndarray], Namespace]) -> None:
    columns, message = case
    sweep = read_cloud(message)
    assert sweep.points.dtype == np.float32
    assert sweep.points.dtype.isnative
    np.testing.assert_array_equal(sweep.points, stacked(columns))
    assert set(sweep.extras) == set(columns) & {"intensity", "ring", "t"}
    for name, column in sweep.extras.items():
        assert column.dtype == columns[name].dtype
        np.testing.assert_array_equal(column, columns[name])


def test_stamp_and_frame_come_from_the_header() -> None:
    sweep = read_cloud(cloud(xyz_columns(3)))
    assert sweep.stamp_ns == 7_000_000_250
    assert sweep.frame_id == "lidar"


@pytest.mark.parametrize("tail", [0, 2, 10])
def test_consecutive_native_floats_are_a_read_only_view(tail: int) -> None:
    message = cloud(xyz_columns(50), tail=tail, container=lambda b: array.array("B", b))
    points = read_cloud(message).points
    assert np.shares_memory(points, np.frombuffer(message.data, np.uint8))
    assert not points.flags.writeable


def test_nan_rows_stay_in_place() -> None:
    columns = xyz_columns(6)
    columns["y"][[1, 4]] = np.nan
    points = read_cloud(cloud(columns, height=2)).points
    assert np.flatnonzero(np.isnan(points[:, 1])).tolist() == [1, 4]


@pytest.mark.parametrize("name", ["t", "time", "timestamp", "time_stamp", "offset_time"])
def test_time_columns_are_kept(name: str) -> None:
    columns = xyz_columns(4) | {name: np.arange(4, dtype="u4")}
    assert read_cloud(cloud(columns)).extras[name].tolist() == [0, 1, 2, 3]


def test_cloud_without_points_is_an_empty_sweep() -> None:
    for message in (cloud(xyz_columns(0)), cloud(xyz_columns(2))):
        message.width, message.data, message.row_step = 0, b"", 0
        assert read_cloud(message).points.shape == (0, 3)
    message.fields, message.point_step = [], 0
    assert read_cloud(message).points.shape == (0, 3)


def test_repeated_and_nameless_fields_and_count_zero_are_understood() -> None:
    message = cloud(xyz_columns(4) | {"intensity": np.arange(4, dtype="f4")})
    again = Namespace(name="x", offset=12, datatype=7, count=1)
    message.fields += [again, Namespace(name="", offset=0, datatype=2, count=16)]
    for field in message.fields[:3]:
        field.count = 0
    np.testing.assert_array_equal(read_cloud(message).points, stacked(xyz_columns(4)))


def test_field_with_several_numbers_is_skipped_over() -> None:
    message = cloud(xyz_columns(4) | {"normal": np.zeros(4, "f4")}, tail=8)
    message.fields[3].count = 3
    sweep = read_cloud(message)
    np.testing.assert_array_equal(sweep.points, stacked(xyz_columns(4)))
    assert not sweep.extras


@pytest.mark.parametrize(("height", "row_step"), [(1, 0), (2, 0), (1, 12)])
def test_forgotten_row_step_means_tight_rows(height: int, row_step: int) -> None:
    message = cloud(xyz_columns(6), height=height)
    message.row_step = row_step
    np.testing.assert_array_equal(read_cloud(message).points, stacked(xyz_columns(6)))


def test_double_coordinates_beyond_float32_become_infinite_without_a_warning() -> None:
    columns = xyz_columns(2, "f8")
    columns["z"][0] = 1e300
    assert np.isinf(read_cloud(cloud(columns)).points[0, 2])


def test_missing_coordinates_name_the_fields_there_are() -> None:
    columns = xyz_columns(3)
    del columns["z"]
    columns["range"] = np.zeros(3, "f4")
    with pytest.raises(CloudError, match=r"no field z; its fields: x, y, range"):
        read_cloud(cloud(columns))


def test_integer_coordinates_are_refused() -> None:
    columns = xyz_columns(3)
    columns["y"] = np.arange(3, dtype="i2")
    with pytest.raises(CloudError, match="field 'y' is int16"):
        read_cloud(cloud(columns))


def test_vector_coordinates_are_refused() -> None:
    message = cloud(xyz_columns(3))
    message.fields[0].count = 3
    with pytest.raises(CloudError, match="field 'x' holds 3 numbers"):
        read_cloud(message)


def test_point_step_smaller_than_its_fields_is_refused() -> None:
    message = cloud(xyz_columns(3))
    message.point_step = 11
    with pytest.raises(CloudError, match="point_step is 11 bytes, but field 'z' ends at 12"):
        read_cloud(message)


def test_point_step_that_no_point_has_is_refused() -> None:
    message = cloud(xyz_columns(3))
    message.point_step = 2**31
    with pytest.raises(CloudError, match="point_step is 2147483648 bytes, more than a point can"):
        read_cloud(message)


def test_names_of_any_kind_leave_the_error_one_line() -> None:
    columns = xyz_columns(3)
    del columns["z"]
    columns["a\nb"] = columns[100 * "long "] = np.zeros(3, "f4")
    with pytest.raises(CloudError, match=r"no field z; its fields: x, y, a b, .*\.\.\.$") as caught:
        read_cloud(cloud(columns))
    assert len(str(caught.value)) < 200


def test_short_data_says_both_numbers() -> None:
    message = cloud(xyz_columns(6), height=2)
    message.data = message.data[:-1]
    with pytest.raises(CloudError, match="data has 71 bytes, but 2 rows of 36 bytes need 72"):
        read_cloud(message)


def test_row_step_shorter_than_a_row_is_refused() -> None:
    message = cloud(xyz_columns(6), height=2)
    message.row_step = 35
    with pytest.raises(CloudError, match="row_step is 35 bytes, but 3 points of 12 bytes need 36"):
        read_cloud(message)


def test_unknown_datatype_is_refused() -> None:
    message = cloud(xyz_columns(3))
    message.fields[2].datatype = 9
    with pytest.raises(CloudError, match="field 'z' has datatype 9"):
        read_cloud(message)


def output(sweep: Sweep, flow: Flow) -> np.ndarray:
    """Rows of the output read back as a structured array, by its own field list."""
    fields = flow_fields("intensity" in sweep.extras)
    spec = {
        "names": [field.name for field in fields],
        "formats": ["<f4" if field.datatype == 7 else "u1" for field in fields],
        "offsets": [field.offset for field in fields],
        "itemsize": flow_point_step(fields),
    }
    rows = flow_rows(sweep, flow)
    assert rows.dtype == np.uint8
    assert rows.shape == (len(sweep), flow_point_step(fields))
    return rows.view(np.dtype(spec))[:, 0]


@pytest.mark.parametrize("intensity", [True, False])
def test_rows_carry_velocity_in_metres_per_second(intensity: bool) -> None:
    points = np.arange(12, dtype=np.float32).reshape(4, 3)
    extras = {"intensity": np.array([9, 8, 7, 255], np.uint8)} if intensity else {}
    displacement = np.array([[1, 0, 0], [0, -0.5, 0], [0, 0, 0.25], [0, 0, 0]], np.float32)
    valid = np.array([True, True, True, False])
    rows = output(
        Sweep(points, 0, "", extras), Flow(displacement, valid, 0.1, FlowStatus.ESTIMATED)
    )
    names = ("x", "y", "z", *(["intensity"] if intensity else []), "vx", "vy", "vz", "valid")
    assert rows.dtype.names == names
    assert rows.dtype.itemsize == (32 if intensity else 28)
    np.testing.assert_array_equal(rows["y"], points[:, 1])
    np.testing.assert_allclose(rows["vx"], [10, 0, 0, 0])
    np.testing.assert_allclose(rows["vy"], [0, -5, 0, 0])
    np.testing.assert_allclose(rows["vz"], [0, 0, 2.5, 0])
    assert rows["valid"].tolist() == [1, 1, 1, 0]
    if intensity:
        assert rows["intensity"].tolist() == [9, 8, 7, 255]


def test_intensity_beyond_float32_becomes_infinite_without_a_warning() -> None:
    sweep = Sweep(np.ones((1, 3), np.float32), 0, "", {"intensity": np.array([1e300])})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = output(sweep, Flow.none(1, FlowStatus.FIRST_SWEEP))
    assert np.isinf(rows["intensity"][0])


def test_rows_that_are_not_finite_read_zero_and_invalid() -> None:
    points = np.ones((4, 3), np.float32)
    points[0, 2] = np.nan
    displacement = np.ones((4, 3), np.float32)
    displacement[1, 0], displacement[2, 1] = np.nan, np.inf
    rows = output(Sweep(points, 0), Flow(displacement, np.ones(4, bool), 0.1, FlowStatus.ESTIMATED))
    assert np.isnan(rows["z"][0])
    assert rows["valid"].tolist() == [0, 0, 0, 1]
    for name in ("vx", "vy", "vz"):
        np.testing.assert_allclose(rows[name], [0, 0, 0, 10])


def test_sweep_without_estimate_reads_zero() -> None:
    sweep = Sweep(np.ones((3, 3), np.float32), 0)
    rows = output(sweep, Flow.none(3, FlowStatus.FIRST_SWEEP))
    assert not rows["valid"].any()
    assert not rows["vx"].any()


def test_flow_of_another_sweep_is_refused() -> None:
    sweep = Sweep(np.ones((3, 3), np.float32), 0)
    with pytest.raises(ValueError, match="sweep has 3 points, its flow 2 rows"):
        flow_rows(sweep, Flow.none(2, FlowStatus.EMPTY))
    for shape, count in (((3, 2), 3), ((3, 4), 3), ((3,), 3), ((3, 3), 1), ((3, 3), 4)):
        odd = Flow(np.ones(shape, np.float32), np.ones(count, bool), 0.1, FlowStatus.ESTIMATED)
        with pytest.raises(ValueError, match="its flow 3 rows: displacement"):
            flow_rows(sweep, odd)


def test_flow_of_other_number_types_is_written_alike() -> None:
    points = np.arange(12, dtype=np.float32).reshape(4, 3)
    valid = np.array([1, 1, 0, 1])
    usual = Flow(0.5 * points, valid.astype(bool), 0.1, FlowStatus.ESTIMATED)
    odd = Flow(0.5 * points.astype(float), valid.astype(np.uint8), 0.1, FlowStatus.ESTIMATED)
    expected = flow_rows(Sweep(points, 0), usual)
    np.testing.assert_array_equal(flow_rows(Sweep(points.astype(">f4"), 0), odd), expected)
