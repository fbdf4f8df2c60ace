# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clouds as no driver should send them, 10,000 of them: a flow of their rows, or one clear line."""

from __future__ import annotations

import math
import re
import warnings
from array import array
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2, PointField

from zeroflow_ros import FlowEstimator
from zeroflow_ros.ego_motion import Standstill
from zeroflow_ros.errors import CloudError
from zeroflow_ros.pointcloud2 import read_flow
from zeroflow_ros.ros.acquaintance import strangers
from zeroflow_ros.ros.pointcloud2 import flow_message, to_sweep
from zeroflow_ros.ros.probe import FlowProbe
from zeroflow_ros.sweep import Sweep

EXAMPLES, CLOUDS = 2_500, 10_000
START_S, STEP_NS = 1_700_000_000, 100_000_000
UINT32 = 2**32 - 1
SIZES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 8: 8}
NAMES = ("x", "y", "z", "intensity", "ring", "t", "time", "timestamp", "vx", "", "a\nb")
VALUES = (0.0, -0.0, 1.0, -2.0, math.nan, math.inf, -math.inf, 1e-40, 3e38, -3e38, 1e300, 0.1, 1e9)
WRONGS = (*12 * ("",), "fields", "height", "width", "point_step", "row_step", "data")

anything = st.integers(0, UINT32) | st.sampled_from((2**31 - 1, 2**31, UINT32))
stamps = st.tuples(
    st.sampled_from((*3 * (START_S,), 0, -1, -(2**31), 2**31 - 1)),
    st.sampled_from((0, 1, 999_999_999, UINT32)),
)
HEIGHTS, WIDTHS = st.sampled_from((1, 1, 1, 1, 1, 2, 0)), st.sampled_from((*4 * (12, 40), 1, 0))
steps_ns = st.sampled_from(
    (*6 * (STEP_NS,), STEP_NS // 2, 2 * STEP_NS, 10**11, 0, 1, -1, -(10**11))
)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[PointField], int]:
    """Fields one after the other, x y z among them, and the bytes of a point."""
    extras = draw(st.lists(st.sampled_from(NAMES[3:]), max_size=3))
    fields, end = [], 0
    for name in draw(st.permutations(["x", "y", "z", *extras])):
        coordinate = name in ("x", "y", "z")
        datatype = draw(st.sampled_from((7, 7, 8) if coordinate else tuple(SIZES)))
        count = draw(st.sampled_from((1, 1, 1, 0) if coordinate else (1, 1, 0, 2)))
        end += draw(st.sampled_from((0, 0, 0, 1, 4)))  # padding
        fields.append(PointField(name=name, offset=end, datatype=datatype, count=count))
        end += SIZES[datatype] * max(count, 1)
    return fields, end + draw(st.sampled_from((0, 0, 3, 16)))


wild_fields = st.lists(
    st.builds(
        PointField,
        name=st.sampled_from(NAMES),
        offset=st.integers(0, 40) | anything,
        datatype=st.integers(0, 9),
        count=st.integers(0, 3) | anything,
    ),
    max_size=6,
)


@st.composite
def clouds(draw: st.DrawFn) -> PointCloud2:
    """Mostly sound ones, of which one thing is wrong."""
    fields, point_step = draw(layouts())
    height, width = draw(HEIGHTS), draw(WIDTHS)
    message = PointCloud2(height=height, width=width, fields=fields, point_step=point_step)
    message.header.frame_id = draw(st.sampled_from(("lidar", "lidar", "", "é\n" * 3)))
    message.header.stamp.sec, message.header.stamp.nanosec = draw(stamps)
    message.is_bigendian, message.is_dense = draw(st.booleans()), draw(st.booleans())
    message.row_step = width * point_step + draw(st.sampled_from((0, 0, 0, 1, 64)))
    message.data = _filled(draw, message)
    wrong = draw(st.sampled_from(WRONGS))
    if wrong == "fields":
        message.fields = draw(wild_fields)
    elif wrong == "data":
        del message.data[draw(st.integers(0, len(message.data))) :]
    elif wrong:
        setattr(message, wrong, draw(st.integers(0, 64) | anything))
    return message


@st.composite
def drives(draw: st.DrawFn) -> list[PointCloud2]:
    """Clouds that are mostly a tenth of a second apart."""
    drive = [draw(clouds()) for _ in range(CLOUDS // EXAMPLES)]
    for before, after in pairwise(message.header.stamp for message in drive):
        stamp_ns = before.sec * 10**9 + before.nanosec + draw(steps_ns)
        if -(2**31) <= stamp_ns // 10**9 < 2**31:
            after.sec, after.nanosec = divmod(stamp_ns, 10**9)
    return drive


def _filled(draw: st.DrawFn, message: PointCloud2) -> array[int]:
    """Bytes: points around the sensor and VALUES, in place; noise where nothing is."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    odd = draw(st.sampled_from((0.0, 0.05, 0.5, 1.0)))
    data = rng.integers(0, 256, message.height * message.row_step, dtype=np.uint8)
    order = ">" if message.is_bigendian else "<"
    floats = [field for field in message.fields if field.datatype >= 7]
    if not message.height * message.width:
        floats = []
    for field in floats:  # elsewhere, any bytes are a number
        shape = (message.height, message.width, max(field.count, 1))
        values = rng.normal(0, 4, shape)
        values = np.where(rng.random(shape) < odd, rng.choice(VALUES, shape), values)
        with np.errstate(over="ignore"):
            raw = values.astype(f"{order}f{SIZES[field.datatype]}")
        steps = (message.row_step, message.point_step, 1)
        raw = raw.view(np.uint8).reshape(*shape[:2], shape[2] * SIZES[field.datatype])
        np.ndarray(raw.shape, np.uint8, data, field.offset, steps)[:] = raw
    return array("B", data.tobytes())


def read(message: PointCloud2) -> Sweep | None:
    """The sweep, or None with a reason that a person can read."""
    try:
        return to_sweep(message)
    except CloudError as error:
        reason = str(error)
    assert 10 < len(reason) < 500
    assert "\n" not in reason
    return None


def check(message: PointCloud2, answer: PointCloud2) -> None:
    """Rows of the input, numbers everywhere."""
    assert (answer.height, answer.width) == (message.height, message.width)
    assert answer.header == message.header
    assert len(answer.data) == answer.height * answer.width * answer.point_step
    flow = read_flow(answer)
    assert np.isfinite(flow.velocity).all()
    assert not flow.velocity[~flow.valid].any()
    valid = np.frombuffer(answer.data, np.uint8).reshape(-1, answer.point_step)[:, -4]
    assert set(np.unique(valid)) <= {0, 1}


@pytest.fixture(scope="module")
def estimator(tiny_model: Path) -> FlowEstimator:
    return FlowEstimator(tiny_model, ego_motion=Standstill(), threads=1)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drive=drives(), moved_m=st.sampled_from((0.0, 0.5, 1e6)))
def test_any_clouds_bring_their_rows_or_one_clear_line(
    estimator: FlowEstimator, drive: list[PointCloud2], moved_m: float
) -> None:
    estimator.reset()
    pose = np.eye(4)
    for message in drive:
        pose[0, 3] += moved_m
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            sweep = read(message)
            if sweep is None:
                continue
            flow = estimator.update(sweep, pose.copy())
            answer = flow_message(message, sweep, flow)
        check(message, answer)


class Lidar:
    """A reliable publisher of clouds, and a listener to what the node answers."""

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node("fuzzer", context=self._context)
        topic = "/scene_flow/input/pointcloud"
        self._clouds = self._node.create_publisher(PointCloud2, topic, 5)
        subscribers = partial(self._node.get_subscriptions_info_by_topic, topic)
        self.probe = FlowProbe()
        assert self.probe.wait_for_publisher(30.0)
        assert not strangers(self._node, subscribers, 30.0)
        self.sent = 0

    def send(self, message: PointCloud2) -> None:
        self._clouds.publish(message)
        self.sent += 1

    def answer(self) -> PointCloud2:
        (sample,) = self.probe.collect(1, 30.0)
        return sample.message

    def close(self) -> None:
        self.probe.close()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)


@pytest.fixture
def fuzzed() -> list[PointCloud2]:
    """200 of them, always the same."""
    found: list[PointCloud2] = []

    @settings(
        max_examples=200, derandomize=True, database=None, deadline=None, phases=[Phase.generate]
    )
    @given(clouds())
    def collect(message: PointCloud2) -> None:
        found.append(message)

    collect()
    return found


def test_the_node_lives_and_counts_them_all(
    start_node: Callable[..., Any], fuzzed: list[PointCloud2]
) -> None:
    node = start_node(**{"ego_motion.source": "none", "input.depth": 100})
    lidar = Lidar()
    unreadable = 0
    try:
        for message in fuzzed:
            lidar.send(message)
            if read(message) is None:
                unreadable += 1
            else:
                check(message, lidar.answer())
    finally:
        lidar.close()
    assert node.stop() == 0
    summary = next(line for line in node.lines if "sweeps received" in line)
    outcomes = re.sub(r"\(.*?\)", "", summary).partition(";")[0]
    received, *others = map(int, re.findall(r"(\d+) [a-z]", outcomes))
    assert received == sum(others) == lidar.sent == 200
    assert f"{200 - unreadable} answered" in summary
    assert "0 failed" in summary
    assert "Traceback" not in node.output
