# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow replay`: what goes out when, what is left out, and the whole over DDS."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from zeroflow_ros.bags import BagReader, Record
from zeroflow_ros.cli.main import build_app
from zeroflow_ros.errors import BagError
from zeroflow_ros.ros.playback import CLOCK_PERIOD_S, Playback

START_NS = 1_700_000_000_000_000_000


class Time:
    """A clock that goes on by as long as somebody sleeps; `spent` is what work takes."""

    def __init__(self) -> None:
        self.s = 50.0
        self.ticks: list[tuple[float, float]] = []

    def sleep(self, seconds: float) -> None:
        self.s += seconds

    def tick(self, now_ns: int) -> None:
        self.ticks.append((self.s - 50.0, (now_ns - START_NS) * 1e-9))


def record(seconds: float, topic: str = "/points") -> Record:
    return Record(topic, "type", START_NS + round(seconds * 1e9), b"")


def played(records: list[Record], work_s: float = 0.0, **options: Any) -> tuple[Time, list[Any]]:
    """When each record came out, and the time that was told."""
    time = Time()
    playback = Playback(time.tick, now=lambda: time.s, sleep=time.sleep, **options)
    out = []
    for one in playback.paced(records, latched={"/tf_static"}):
        out.append((one.topic, round(time.s - 50.0, 6)))
        time.s += work_s
    return time, [*out, round(playback.late_ms, 3)]


@pytest.mark.parametrize("rate", [1.0, 0.25, 4.0])
def test_records_come_at_their_pace(rate: float) -> None:
    _, out = played([record(0), record(0.1), record(0.35)], rate=rate)
    assert out == [("/points", 0.0), ("/points", 0.1 / rate), ("/points", 0.35 / rate), 0.0]


def test_the_time_of_then_rises_with_the_pace_and_never_runs_ahead() -> None:
    time, _ = played([record(0), record(0.1)], rate=2.0)
    assert [then for _, then in time.ticks] == sorted(then for _, then in time.ticks)
    assert time.ticks[0] == (0.0, 0.0)
    assert time.ticks[-1] == pytest.approx((0.05, 0.1))
    for real, then in time.ticks:
        assert then == pytest.approx(2 * real, abs=1e-6)
    assert len(time.ticks) >= 0.05 / CLOCK_PERIOD_S


def test_what_still_holds_is_published_although_it_is_from_before_the_start() -> None:
    records = [record(0, "/tf_static"), record(0), record(1), record(2.5), record(3)]
    _, out = played(records, start_s=2.0)
    assert out == [("/tf_static", 0.0), ("/points", 0.0), ("/points", 0.5), 0.0]


def test_who_is_late_says_so_and_catches_up() -> None:
    time, out = played([record(0), record(0.1), record(0.5)], work_s=0.3)
    assert out == [("/points", 0.0), ("/points", 0.3), ("/points", 0.6), 200.0]
    assert time.ticks[-1][1] == pytest.approx(0.5)


def test_files_that_overlap_do_not_turn_the_time_back() -> None:
    time, out = played([record(0), record(0.2), record(0.15), record(0.3)])
    assert [when for _, when in out[:-1]] == [0.0, 0.2, 0.2, 0.3]
    assert [then for _, then in time.ticks] == sorted(then for _, then in time.ticks)


def test_without_ros_the_extra_is_named(factory: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "rclpy", None)
    bag = factory.write(factory.sweeps(1))
    result = CliRunner().invoke(build_app(), ["replay", str(bag)])
    assert result.exit_code == 1
    assert "zeroflow replay needs the Python package 'rclpy'" in result.stderr
    assert "zeroflow_ros[ros]" in result.stderr


@pytest.fixture
def bag(factory: Any) -> Any:
    """Three sweeps, poses, static TF, and a type that nobody has."""
    entries = factory.sweeps(3) + factory.drive(3)
    transforms = factory.transforms(("base", "lidar", (1, 0, 0)))
    static = entries[0]._replace(
        topic="/tf_static", type="tf2_msgs/msg/TFMessage", message=transforms
    )
    return factory.write([static, *entries])


def test_topics_without_their_package_are_left_out(bag: Any, monkeypatch: Any) -> None:
    pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")
    from zeroflow_ros.ros.bag_player import choose

    monkeypatch.setitem(sys.modules, "tf2_msgs", None)
    with BagReader(bag) as reader:
        choice = choose(reader)
        assert set(choice.topics) == {"/points", "/odom"}
        assert choice.left_out == {
            "/tf_static": "no package tf2_msgs here; it comes with a ROS installation"
        }
        assert set(choose(reader, ["odom"]).topics) == {"/odom"}
        with pytest.raises(BagError, match=r"has no topic /scan; its topics: /odom, /points"):
            choose(reader, ["/scan"])
        with pytest.raises(BagError, match=r"nothing of .* can be published: .*tf2_msgs"):
            choose(reader, ["/tf_static"])


@pytest.mark.parametrize(
    "type_", ["os/path", "os.path/msg/join", "sensor_msgs/msg/No", "", "a/b/c"]
)
def test_only_message_types_are_imported(type_: str) -> None:
    pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")
    from zeroflow_ros.ros.bag_player import message_class

    with pytest.raises(ImportError):
        message_class(type_)


def test_a_bag_arrives_with_its_stamps_and_its_time(bag: Any, start: Callable[..., Any]) -> None:
    import rclpy
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from rosgraph_msgs.msg import Clock
    from sensor_msgs.msg import PointCloud2

    clouds: list[int] = []
    times: list[int] = []

    def stamp(time: Any) -> int:
        return int(time.sec) * 10**9 + int(time.nanosec)

    context = Context()
    rclpy.init(context=context)
    try:
        node = Node("listener", context=context)
        node.create_subscription(
            PointCloud2, "/points", lambda m: clouds.append(stamp(m.header.stamp)), 10
        )
        node.create_subscription(Clock, "/clock", lambda m: times.append(stamp(m.clock)), 100)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        replay = start("zeroflow_ros.cli", "replay", str(bag), "--rate", "0.5", "--loop")
        while len(clouds) < 5:
            executor.spin_once(timeout_sec=30.0)
        assert replay.stop() == 143
    finally:
        rclpy.try_shutdown(context=context)
    assert clouds[:5] == [START_NS + k * 10**8 for k in (0, 1, 2, 0, 1)]
    assert START_NS <= min(times) <= max(times) <= START_NS + 2 * 10**8
    assert len(set(times)) >= 10
    assert "publishing /odom, /points" in replay.output
