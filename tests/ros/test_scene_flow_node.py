# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The real node in a process of its own, over real DDS."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from nav_msgs.msg import Odometry
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Float64
from tests.ros.driver import Driver, cloud, scene
from visualization_msgs.msg import MarkerArray

from zeroflow_ros.coloring import flow_colors
from zeroflow_ros.pointcloud2 import point_dtype
from zeroflow_ros.ros.probe import FlowProbe

FLOW_M_S = (5.0, -2.5, 0.0)


def test_second_sweep_has_flow_in_the_rows_of_the_input(
    start_node: Callable[..., Any], driver: Driver
) -> None:
    start_node(**{"ego_motion.source": "none"})
    driver.wait_for_node()
    first = driver.ask(cloud(scene(seed=1)))
    assert not first.columns().valid.any()
    assert not first.columns().velocity.any()

    points = scene(columns=4, seed=2)
    points[7, :3] = np.nan
    points[9, 0] = 500.0  # outside of the grid
    sent = cloud(points, names=("x", "y", "z", "intensity"), height=4)
    sample = driver.ask(sent)
    message = sample.message
    assert message.header == sent.header
    assert (message.height, message.width) == (4, 125)
    assert [field.name for field in message.fields] == [
        "x", "y", "z", "intensity", "vx", "vy", "vz", "valid"
    ]  # fmt: skip
    assert message.width * message.height * message.point_step == len(message.data)
    assert message.row_step == message.width * message.point_step
    found = sample.columns()
    np.testing.assert_array_equal(found.points, points[:, :3])
    expected = np.ones(500, bool)
    expected[[7, 9]] = False
    np.testing.assert_array_equal(found.valid, expected)
    np.testing.assert_allclose(found.velocity[expected], [FLOW_M_S] * 498, atol=0.05)
    assert not found.velocity[~expected].any()


def test_velocity_is_over_the_measured_interval(
    start_node: Callable[..., Any], driver: Driver
) -> None:
    start_node(**{"ego_motion.source": "none"})
    driver.wait_for_node()
    driver.ask(cloud(scene(seed=1)))
    velocity = driver.ask(cloud(scene(seed=2)), dt_ms=125).columns().velocity
    np.testing.assert_allclose(velocity, [np.array(FLOW_M_S) * 0.8] * 500, atol=0.05)


def without_z() -> PointCloud2:
    return cloud(scene(), names=("x", "y", "range"))


def truncated() -> PointCloud2:
    message = cloud(scene())
    message.width += 1
    message.row_step += 12
    return message


@pytest.mark.parametrize(
    ("make_bad", "reason", "number"),
    [
        (without_z, "no field z; its fields: x, y, range", signal.SIGINT),
        (truncated, "data has 6000 bytes, but 1 rows of 6012 bytes", signal.SIGTERM),
    ],
)
def test_bad_input_is_answered_or_counted_and_signals_end_it_well(
    start_node: Callable[..., Any],
    driver: Driver,
    make_bad: Callable[[], PointCloud2],
    reason: str,
    number: signal.Signals,
) -> None:
    node = start_node(**{"ego_motion.source": "none"})
    driver.wait_for_node()
    driver.ask(cloud(scene(seed=1)))

    driver.send(make_bad())
    assert reason in node.wait_for("cloud not readable")
    driver.ask(cloud(scene(seed=2)))  # the node is well, and the unreadable one has no answer

    empty = driver.ask(cloud(np.zeros((0, 3))))
    assert (empty.message.width, len(empty.message.data)) == (0, 0)
    nothing = driver.ask(cloud(np.full((50, 3), np.nan)))
    assert not nothing.columns().valid.any()
    driver.ask(cloud(scene(seed=3)))
    swapped = driver.ask(cloud(scene(seed=4), big_endian=True)).columns()
    np.testing.assert_array_equal(swapped.points, scene(seed=4))
    assert swapped.valid.all()

    assert node.stop(number) == 0
    summary = node.lines[-1]
    counts = r"(\d+) sweeps received, (\d+) answered.* (\d+) not asked for"
    received, answered, unheard = map(int, re.findall(counts, summary)[0])
    assert received == answered + unheard + 1 >= 8
    assert "0 dropped for a newer one, 1 unreadable, 0 failed" in summary
    assert "Traceback" not in node.output


def test_ego_motion_comes_from_odometry_and_is_never_assumed(
    start_node: Callable[..., Any], driver: Driver
) -> None:
    node = start_node()
    driver.wait_for_node()
    assert not driver.ask(cloud(scene(seed=1))).columns().valid.any()
    assert "no odometry came on /scene_flow/input/odometry yet" in node.wait_for("no ego motion")
    driver.move(0.0)
    for k in range(1, 50):  # the odometry's subscription may match after the first few
        driver.move(1.0 * k, dt_ms=100)
        found = driver.ask(cloud(scene(seed=k + 1))).columns()
        if found.valid.any():
            break
    assert found.valid.all()
    np.testing.assert_allclose(found.velocity, [FLOW_M_S] * 500, atol=0.05)

    message = Odometry()  # quaternion left at zero
    message.pose.pose.orientation.w = 0.0
    driver.odometry.publish(message)  # it is matched by now
    assert "has no direction" in node.wait_for("odometry refused")
    assert node.stop() == 0
    assert "1 odometry messages refused" in node.lines[-1]
    assert " 0 without ego motion" not in node.lines[-1]


def test_dropped_sweeps_are_told_while_it_runs(
    start_node: Callable[..., Any], driver: Driver
) -> None:
    node = start_node(**{"ego_motion.source": "none", "input.depth": 50})
    driver.wait_for_node()
    for seed in range(60):
        driver.send(cloud(scene(20_000, seed=seed % 3)))
    assert "come faster than they are answered" in node.wait_for("were dropped for a newer one")
    assert node.stop() == 0


STAGES_SEEN = ("parse", "ego_motion", "levelling", "network", "output", "publish")


def test_times_are_published(start_node: Callable[..., Any], driver: Driver) -> None:
    names = [f"debug/{name}_ms" for name in ("processing_time", "pipeline_latency", "cyclic_time")]
    stages = [f"debug/processing_time/{stage}_ms" for stage in STAGES_SEEN]
    received = driver.listen(Float64, [*names, *stages])
    start_node(**{"ego_motion.source": "none"})
    driver.wait_for_node()
    for seed in range(50):  # the first ones may be gone before the subscriptions match
        driver.ask(cloud(scene(seed=seed)))
        driver.hear()
        if all(received.values()):
            break
    latency = received["debug/pipeline_latency_ms"][-1].data
    assert latency > 1e9  # the stamps are of 2023
    del received["debug/pipeline_latency_ms"]
    assert all(0 < messages[-1].data < 60_000 for messages in received.values())


def test_colours_and_arrows_are_of_the_same_flow_and_the_own_vehicle_has_none(
    start_node: Callable[..., Any], driver: Driver
) -> None:
    names = ["output/flow_colored", "output/markers"]
    colored = driver.listen(PointCloud2, names[:1])[names[0]]
    markers = driver.listen(MarkerArray, names[1:])[names[1]]
    start_node(
        **{
            "ego_motion.source": "none",
            "input.crop_box": "[3.0, 2.0, -3.0, -2.0, -2.0, 1.0]",
            "colors.max_speed": 10.0,
            "markers.max_count": 50,
            "markers.seconds": 2.0,
        }
    )
    driver.wait_for_node()
    for seed in range(50):
        points = scene(seed=seed)
        sample = driver.ask(cloud(points, height=4))
        driver.hear()
        said = [*colored[-1:], *(array.markers[0] for array in markers[-1:])]
        if [message.header for message in said] == [sample.message.header] * 2 and seed:
            break
    own = ((points > [-2, -2, -3]) & (points < [3, 2, 1])).all(1)
    assert 5 < own.sum() < 50
    found = sample.columns()
    np.testing.assert_array_equal(found.valid, ~own)
    np.testing.assert_array_equal(found.points, points)  # where they are is not hidden

    cloud_said, marker = said
    rows = np.frombuffer(cloud_said.data, point_dtype(cloud_said))
    np.testing.assert_allclose(rows["speed"], np.where(own, 0, np.hypot(5, 2.5)), atol=0.05)
    red, green, blue = flow_colors(found.velocity[~own], 10.0).T.astype(np.uint32)
    np.testing.assert_array_equal(rows["rgb"][~own], red << 16 | green << 8 | blue)

    ends = np.array([(point.x, point.y, point.z) for point in marker.points]).reshape(-1, 2, 3)
    assert 5 <= len(ends) <= 50
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], [[10, -5, 0]] * len(ends), atol=0.1)
    starts = {tuple(start) for start in ends[:, 0].tolist()}
    assert starts <= {tuple(point) for point in points[~own].tolist()}


def test_while_nobody_listens_nothing_is_computed_and_nothing_forgotten(
    start_node: Callable[..., Any], driver: Driver
) -> None:
    driver.probe.close()
    node = start_node(**{"ego_motion.source": "none", "input.depth": 50})
    driver.wait_for_input()
    for seed in range(4):
        driver.send(cloud(scene(seed=seed)))
    driver.probe = FlowProbe()
    assert driver.probe.wait_for_publisher(30.0)
    first = driver.ask(cloud(scene(seed=4))).columns()
    assert first.valid.all()
    np.testing.assert_allclose(first.velocity, [FLOW_M_S] * 500, atol=0.05)
    assert node.stop() == 0
    summary = node.lines[-1]
    assert "1 answered (1 estimated, 0 without an earlier sweep, " in summary
    counts = r"(\d+) not asked for, (\d+) dropped"
    unheard, dropped = map(int, re.findall(counts, summary)[0])
    assert unheard + dropped == 4
    assert unheard >= 1
