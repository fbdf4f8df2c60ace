# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node says of a sweep, as messages and over real DDS between two nodes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Float64, Header
from visualization_msgs.msg import Marker, MarkerArray

from zeroflow_ros.arrows import Arrows
from zeroflow_ros.coloring import UNKNOWN, flow_colors
from zeroflow_ros.ego_motion import Standstill
from zeroflow_ros.estimator import FlowEstimator
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.pointcloud2 import FlowColumns, point_dtype, read_flow
from zeroflow_ros.ros.debug_topics import DebugTopics
from zeroflow_ros.ros.markers import arrow_markers
from zeroflow_ros.ros.outputs import FlowOutputs
from zeroflow_ros.ros.pointcloud2 import colored_message, to_sweep
from zeroflow_ros.ros.settings import Settings
from zeroflow_ros.ros.topics import STAGES
from zeroflow_ros.sweep import Sweep

TIMEOUT_S = 60.0
EAST = (5.0, 0.0, 0.0)


def cloud(points: np.ndarray, height: int = 1) -> PointCloud2:
    message = PointCloud2(header=Header(frame_id="lidar"), height=height, is_dense=False)
    message.header.stamp.sec = 17
    message.fields = [
        PointField(name=name, offset=4 * k, datatype=PointField.FLOAT32, count=1)
        for k, name in enumerate("xyz")
    ]
    message.width = len(points) // height
    message.point_step, message.row_step = 12, 12 * message.width
    message.data.frombytes(points.astype("<f4").tobytes())
    return message


def example(height: int = 2) -> tuple[PointCloud2, Flow]:
    """Six points 10 m apart: three go east at 5 m/s, one stands, one is NaN, one is unknown."""
    points = np.zeros((6, 3), np.float32)
    points[:, 0] = 10 * np.arange(6)
    points[4] = np.nan
    displacement = np.zeros((6, 3), np.float32)
    displacement[:3] = np.array(EAST) / 10
    valid = np.array([True, True, True, True, False, False])
    return cloud(points, height), Flow(displacement, valid, 0.1, FlowStatus.ESTIMATED)


def check_colored(message: PointCloud2, sent: PointCloud2) -> None:
    assert message.header == sent.header
    assert (message.height, message.width) == (2, 3)
    assert [field.name for field in message.fields] == ["x", "y", "z", "rgb", "speed"]
    assert {field.name: field.datatype for field in message.fields}["rgb"] == PointField.UINT32
    # RViz refuses a cloud where this does not hold.
    assert message.width * message.height * message.point_step == len(message.data)
    assert message.row_step == message.width * message.point_step == 3 * 20
    assert (message.is_bigendian, message.is_dense) == (False, False)
    rows = np.frombuffer(message.data, point_dtype(message))
    red, green, blue = (int(part) for part in flow_colors(np.array([EAST], np.float32), 10.0)[0])
    assert rows["rgb"][:3].tolist() == [red << 16 | green << 8 | blue] * 3
    assert rows["rgb"][4:].tolist() == [UNKNOWN[0] << 16 | UNKNOWN[1] << 8 | UNKNOWN[2]] * 2
    assert rows["speed"].tolist() == [5, 5, 5, 0, 0, 0]
    assert np.isnan(rows["x"]).tolist() == [False] * 4 + [True, False]


def check_markers(message: MarkerArray, sent: PointCloud2) -> None:
    (marker,) = message.markers
    assert marker.header == sent.header
    assert (marker.ns, marker.id, marker.type) == ("flow", 0, Marker.LINE_LIST)
    assert marker.action == Marker.ADD
    assert marker.pose.orientation.w == 1.0
    assert marker.scale.x == 0.05
    assert marker.lifetime.sec * 10**9 + marker.lifetime.nanosec == 200_000_000
    ends = np.array([(point.x, point.y, point.z) for point in marker.points]).reshape(-1, 2, 3)
    np.testing.assert_array_equal(np.sort(ends[:, 0, 0]), [0, 10, 20])
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], [[2.5, 0, 0]] * 3, rtol=1e-6)
    expected = flow_colors(np.array([EAST], np.float32), 10.0)[0] / 255
    found = [(color.r, color.g, color.b) for color in marker.colors]
    np.testing.assert_allclose(found, [expected] * 6, atol=1e-6)
    assert {color.a for color in marker.colors} == {1.0}


def test_the_coloured_cloud_keeps_header_and_shape() -> None:
    message, flow = example()
    columns = FlowColumns.of(to_sweep(message), flow)
    check_colored(colored_message(message, columns, 10.0), message)


def test_without_arrows_the_last_ones_are_deleted() -> None:
    nothing = Arrows(*[np.empty((0, 3), np.float32)] * 2, np.empty((0, 3), np.uint8))
    (marker,) = arrow_markers(Header(frame_id="lidar"), nothing, 0.0).markers
    assert (marker.ns, marker.id, marker.action) == ("flow", 0, Marker.DELETE)
    assert len(marker.points) == len(marker.colors) == 0
    assert marker.header.frame_id == "lidar"


class Pair:
    """A node that publishes and one that listens, in this process."""

    def __init__(self, *arguments: str) -> None:
        self._context = Context()
        rclpy.init(
            args=["--ros-args", *arguments],
            context=self._context,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        self.node = Node("scene_flow", context=self._context)
        self._listener = Node("listener", context=self._context, use_global_arguments=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._listener)
        self.received: dict[str, list[Any]] = {}

    def listen(self, type_: type[Any], name: str) -> None:
        """Keep what comes on a topic of the node, once the node knows of it."""
        self.received[name] = []
        topic = f"/scene_flow/{name}"
        self._listener.create_subscription(type_, topic, self.received[name].append, 10)

    def spin_until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + TIMEOUT_S
        while not done():
            assert time.monotonic() < end
            self._executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        self._executor.shutdown()
        self._listener.destroy_node()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)


@pytest.fixture
def make_pair(ros_domain: None) -> Iterator[Callable[..., Pair]]:
    pairs: list[Pair] = []

    def make_pair(*arguments: str) -> Pair:
        pairs.append(Pair(*arguments))
        return pairs[-1]

    yield make_pair
    for pair in pairs:
        pair.close()


OUTPUTS = {
    "output/flow": PointCloud2,
    "output/flow_colored": PointCloud2,
    "output/markers": MarkerArray,
}


def test_each_listener_gets_its_topic(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair()
    outputs = FlowOutputs(pair.node)
    assert not outputs.wanted()
    for name, type_ in OUTPUTS.items():
        pair.listen(type_, name)
    message, flow = example()

    def publish_until_all_came() -> bool:
        outputs.publish(message, to_sweep(message), flow, Settings())
        return all(pair.received.values())

    pair.spin_until(publish_until_all_came)
    assert outputs.wanted()
    check_colored(pair.received["output/flow_colored"][0], message)
    check_markers(pair.received["output/markers"][0], message)
    found = read_flow(pair.received["output/flow"][0])
    np.testing.assert_allclose(found.velocity[:3], [EAST] * 3)
    outputs.close()
    names = {name for name, _ in pair.node.get_publisher_names_and_types_by_node("scene_flow", "/")}
    assert not any("output" in name for name in names)


@pytest.mark.parametrize("name", list(OUTPUTS))
def test_nothing_is_made_for_topics_without_listener(
    make_pair: Callable[..., Pair], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    for maker in ("flow_message", "colored_message", "arrow_markers"):
        monkeypatch.setattr(
            f"zeroflow_ros.ros.outputs.{maker}",
            lambda *_, maker=maker: made.append(maker) or _message_of(maker),
        )
    pair = make_pair()
    outputs = FlowOutputs(pair.node)
    message, flow = example()
    outputs.publish(message, to_sweep(message), flow, Settings())
    assert made == []
    pair.listen(OUTPUTS[name], name)
    pair.spin_until(outputs.wanted)
    outputs.publish(message, to_sweep(message), flow, Settings())
    expected = dict(zip(OUTPUTS, ["flow_message", "colored_message", "arrow_markers"], strict=True))
    assert made == [expected[name]]


def _message_of(maker: str) -> Any:
    return MarkerArray() if maker == "arrow_markers" else PointCloud2()


def test_settings_of_now_are_used(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair()
    outputs = FlowOutputs(pair.node)
    pair.listen(MarkerArray, "output/markers")
    pair.spin_until(outputs.wanted)
    message, flow = example()
    received = pair.received["output/markers"]
    for settings in (
        Settings(markers_max_count=1, markers_seconds=1.0),
        Settings(markers_min_speed=5.5),
    ):
        count = len(received)
        outputs.publish(message, to_sweep(message), flow, settings)
        pair.spin_until(lambda count=count: len(received) > count)
    first, second = (array.markers[0] for array in received)
    assert len(first.points) == 2
    assert first.points[1].x - first.points[0].x == pytest.approx(5.0)
    assert second.action == Marker.DELETE


def test_quality_of_service_is_overridden_as_in_any_node(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair(
        "-p", "qos_overrides./scene_flow/output/flow.publisher.reliability:=best_effort",
        "-p", "qos_overrides./scene_flow/output/flow.publisher.depth:=7",
    )  # fmt: skip
    for _ in range(2):  # as after deactivate and activate
        outputs = FlowOutputs(pair.node)
        found = {}
        for name in OUTPUTS:
            (info,) = pair.node.get_publishers_info_by_topic(f"/scene_flow/{name}")
            found[name] = info.qos_profile.reliability.name
        assert list(found.values()) == ["BEST_EFFORT", "RELIABLE", "RELIABLE"]
        outputs.close()
    depth = pair.node.get_parameter("qos_overrides./scene_flow/output/flow.publisher.depth")
    assert depth.value == 7


def test_times_of_every_stage_are_published(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair()
    debug = DebugTopics(pair.node)
    names = ["processing_time", "pipeline_latency", "cyclic_time"]
    names += [f"processing_time/{stage}" for stage in (*STAGES, "new")]
    for name in names:
        pair.listen(Float64, f"debug/{name}_ms")
    stages = {stage: float(k) for k, stage in enumerate((*STAGES, "new"))}

    def publish_until_all_came() -> bool:
        debug.publish(stages, 40.0, 45.0, 100.0)
        return all(pair.received.values())

    debug.publish(stages, 40.0, 45.0, None)
    pair.spin_until(publish_until_all_came)
    found = {name: pair.received[f"debug/{name}_ms"][0].data for name in names}
    expected = [40.0, 45.0, 100.0, *stages.values()]
    assert found == dict(zip(names, expected, strict=True))
    debug.close()
    names_left = pair.node.get_publisher_names_and_types_by_node("scene_flow", "/")
    assert not any("debug" in name for name, _ in names_left)


def test_the_stages_are_those_of_the_estimator(tiny_model: Path) -> None:
    estimator = FlowEstimator(tiny_model, ego_motion=Standstill())
    points = np.random.default_rng(0).uniform(-15, 15, (500, 3)).astype(np.float32)
    for stamp_ns in (0, 100_000_000):
        flow = estimator.update(Sweep(points, stamp_ns))
    assert flow.status is FlowStatus.ESTIMATED
    assert ("parse", *flow.stage_ms, "publish") == STAGES
