# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the parameters make of ego motion and levelling."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

import rclpy
from nav_msgs.msg import Odometry
from rclpy.clock import ROSClock
from rclpy.context import Context
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time

from zeroflow_ros.ego_motion import PoseTrack, Standstill
from zeroflow_ros.errors import MissingPackageError, MissingRosPackageError, ParameterError
from zeroflow_ros.ros.auto_ego_motion import AutoEgoMotion
from zeroflow_ros.ros.ego_motion_source import NodeEgoMotion, make_ego_motion
from zeroflow_ros.ros.levelling_source import make_levelling
from zeroflow_ros.ros.pose_source import PoseSource, SweepsEgoMotion
from zeroflow_ros.ros.settings import Settings
from zeroflow_ros.sweep import Sweep

MS = 1_000_000
S = 1000 * MS


def sweep(at_ns: int) -> Sweep:
    return Sweep(np.zeros((0, 3), np.float32), at_ns, "lidar")


class Source(SweepsEgoMotion):
    """Knows the poses between two stamps."""

    def __init__(self, name: str, known: tuple[int, int] | None, expected: bool = False) -> None:
        track = PoseTrack(max_gap_s=1000, reach_s=0)
        for stamp in known or ():
            track.add(stamp, np.eye(4))
        super().__init__(name, track, f"{name} is silent")
        self.is_expected = expected
        self.started = 0

    def start(self) -> None:
        self.started += 1


def kiss_icp() -> PoseSource:
    return SweepsEgoMotion("kiss_icp", Standstill(), "")


def no_kiss_icp() -> PoseSource:
    raise MissingPackageError("kiss-icp", "ego motion without odometry", "odometry")


def choose(
    *candidates: Source, last: Any = kiss_icp, seconds: float = 3.0
) -> tuple[float, str, AutoEgoMotion]:
    """Sweeps at 10 Hz; in which second what was chosen, in words."""
    said: list[str] = []
    auto = AutoEgoMotion(candidates, last, said.append)
    auto.start()
    for at_ns in range(100 * S, 100 * S + round(seconds * S), 100 * MS):
        auto.observe(sweep(at_ns))
        assert (auto.pose(at_ns) is None) == (said == [])
        if said:
            assert len(said) == 1
            return (at_ns - 100 * S) / S, said[0], auto
    return seconds, "", auto


NEVER = None
ALWAYS = (0, 1000 * S)
LATER = (101 * S, 1000 * S)


@pytest.mark.parametrize(
    ("tf", "expected", "odometry", "second", "chosen"),
    [
        (ALWAYS, True, ALWAYS, 0.0, "tf"),
        (NEVER, False, ALWAYS, 0.0, "odometry"),
        (LATER, True, ALWAYS, 1.0, "tf"),  # the frames are connected, so it is about to come
        (LATER, False, ALWAYS, 0.0, "odometry"),
        (NEVER, True, ALWAYS, 2.1, "odometry"),
        (NEVER, False, LATER, 1.0, "odometry"),
        (NEVER, False, NEVER, 2.1, "kiss_icp"),
    ],
)
def test_auto_takes_the_first_that_is_there(
    tf: Any, expected: bool, odometry: Any, second: float, chosen: str
) -> None:
    at, said, auto = choose(Source("tf", tf, expected), Source("odometry", odometry))
    assert (at, said) == (second, f"ego motion: {chosen}, chosen by auto")
    assert auto.description == f"{chosen}, chosen by auto"


def test_auto_without_kiss_icp_stays_undecided_and_says_why() -> None:
    _, said, auto = choose(Source("tf", NEVER), Source("odometry", NEVER), last=no_kiss_icp)
    assert said == ""
    assert auto.description == "auto: none yet (tf, odometry)"
    assert auto.why_unknown(103 * S) == (
        "tf is silent; odometry is silent; ego motion without odometry needs the Python package "
        "'kiss-icp': pip install 'zeroflow_ros[odometry]'"
    )
    auto = choose(Source("tf", NEVER), Source("odometry", LATER), last=no_kiss_icp)[2]
    assert auto.description == "odometry, chosen by auto"


def test_auto_keeps_what_it_chose_until_it_is_started_again() -> None:
    first, second = Source("tf", NEVER), Source("odometry", (0, 101 * S))
    said: list[str] = []
    auto = AutoEgoMotion([first, second], kiss_icp, said.append)
    auto.start()
    auto.observe(sweep(100 * S))
    auto.observe(sweep(105 * S))
    assert auto.pose(105 * S) is None
    assert auto.why_unknown(105 * S) == "odometry is silent"
    auto.start()
    assert auto.pose(100 * S) is None
    assert (first.started, second.started) == (2, 2)
    assert said == ["ego motion: odometry, chosen by auto"]


def test_a_gap_in_the_sweeps_is_no_reason_to_give_up() -> None:
    auto = AutoEgoMotion([Source("odometry", (0, 100 * S))], kiss_icp, print)
    auto.start()
    for at_ns in (200 * S, 300 * S, 100 * S):  # a bag loops
        auto.observe(sweep(at_ns))
    assert auto.description == "odometry, chosen by auto"


@pytest.fixture
def node(ros_domain: None) -> Iterator[Node]:
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = Node("scene_flow", context=context)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


def odometry(at_ns: int, x: float) -> Odometry:
    message = Odometry()
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(at_ns, S)
    message.child_frame_id = "lidar"
    message.pose.pose.position.x = x
    return message


def test_a_clock_that_jumps_back_makes_poses_forgotten(node: Node) -> None:
    clock = node.get_clock()
    assert isinstance(clock, ROSClock)
    clock._set_ros_time_is_active(True)
    clock.set_ros_time_override(Time(nanoseconds=100 * S, clock_type=clock.clock_type))
    motion = make_ego_motion(node, Settings(ego_motion_source="odometry"))
    for _ in range(2):  # started again, it works again
        motion.start()
        motion.observe(sweep(100 * S))
        for at_ns, x in ((99 * S, 0.0), (99 * S + 400 * MS, 4.0)):
            motion._source._take(odometry(at_ns, x))  # type: ignore[attr-defined]
        pose = motion.pose(99 * S + 200 * MS)
        assert pose is not None
        assert pose[0, 3] == pytest.approx(2.0)
        assert motion.description == "odometry of 'lidar' on /scene_flow/input/odometry"
        clock.set_ros_time_override(Time(nanoseconds=50 * S, clock_type=clock.clock_type))
        assert motion.pose(99 * S + 200 * MS) is None
        motion.stop()
        clock.set_ros_time_override(Time(nanoseconds=100 * S, clock_type=clock.clock_type))
    assert node.has_parameter("qos_overrides./scene_flow/input/odometry.subscription.reliability")


def test_refused_odometry_is_counted(node: Node) -> None:
    motion = make_ego_motion(node, Settings(ego_motion_source="auto"))
    message = odometry(0, 0.0)
    message.pose.pose.orientation.w = 0.0
    motion.start()
    motion._source._candidates[-1]._take(message)  # type: ignore[attr-defined]
    assert motion.refused == 1
    motion.stop()


def test_late_odometry_is_explained_with_the_parameter(node: Node) -> None:
    source = make_ego_motion(node, Settings(ego_motion_source="odometry", ego_motion_timeout=0.05))
    source.start()
    assert source.why_unknown(10 * S).startswith(
        "no odometry came on /scene_flow/input/odometry yet: nobody publishes there"
    )
    source._source._take(odometry(10 * S, 0.0))  # type: ignore[attr-defined]
    assert source.why_unknown(10 * S + 400 * MS) == (
        "the newest odometry is 0.400 s older than the sweep "
        "(/scene_flow/input/odometry; ego_motion.timeout is 0.05 s)"
    )
    source.stop()


def test_two_lidars_on_a_topic_are_said_now_and_then(
    node: Node, capfd: pytest.CaptureFixture[str]
) -> None:
    source = make_ego_motion(node, Settings(ego_motion_source="none"))
    for k in range(20):
        source.observe(Sweep(np.zeros((0, 3), np.float32), k * 100 * MS, "ab"[k % 2]))
    (line,) = capfd.readouterr().err.splitlines()
    assert "clouds are in 'b' now, not in 'a'" in line
    assert "two lidars share the topic" in line


def test_tf_is_needed_where_it_is_asked_for_only(no_tf2_ros: None, node: Node) -> None:
    for settings in (
        Settings(ego_motion_source="tf"),
        Settings(ego_motion_source="none", levelling_source="tf"),
    ):
        with pytest.raises(MissingRosPackageError, match="ros-jazzy-tf2-ros-py"):
            make_ego_motion(node, settings)
    for source in ("auto", "odometry", "none"):
        assert make_ego_motion(node, Settings(ego_motion_source=source)).transforms is None


def test_none_is_a_declaration(node: Node) -> None:
    motion = make_ego_motion(node, Settings(ego_motion_source="none"))
    motion.start()
    np.testing.assert_array_equal(motion.pose(0), np.eye(4))
    assert motion.description == "none (the sensor stands still)"
    motion.stop()


def without_tf() -> NodeEgoMotion:
    motion: Any = SimpleNamespace(transforms=None)
    return motion


@pytest.mark.parametrize(
    ("source", "height_m", "expected"),
    [
        ("auto", 0.0, "ground: none seen yet"),
        ("auto", 1.9, "given: height 1.90 m, tilt 0.0 deg"),
        ("parameter", 1.9, "given: height 1.90 m, tilt 0.0 deg"),
        ("ground", 1.9, "ground: none seen yet"),
    ],
)
def test_levelling_follows_the_parameters(source: str, height_m: float, expected: str) -> None:
    settings = Settings(levelling_source=source, sensor_height=height_m)
    assert make_levelling(settings, without_tf()).description == expected


def test_levelling_by_a_parameter_that_is_not_set_is_refused() -> None:
    with pytest.raises(ParameterError, match="sensor_height is 0: set it to the height of the"):
        make_levelling(Settings(levelling_source="parameter"), without_tf())


def test_a_node_that_cannot_be_configured_says_so_in_one_line(
    no_tf2_ros: None, start: Any, tiny_model: Path
) -> None:
    options = ("-p", f"model:={tiny_model}", "-p", "ego_motion.source:=tf")
    process = start("zeroflow_ros.ros.scene_flow_node", "--ros-args", *options)
    line = process.wait_for("configure failed: ")
    assert (
        "ego_motion.source = tf needs the ROS package 'tf2_ros': "
        "sudo apt install ros-jazzy-tf2-ros-py"
    ) in line
    assert process.stop() == 0
    assert "Traceback" not in process.output
