# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults around the real node; those of ego motion, engines and models have files of their own."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import PointCloud2
from tests.ros.conftest import FLOW_M
from tests.ros.driver import NS, Driver, cloud, scene, set_stamp

Start = Callable[..., Any]
FLOW_M_S = np.array(FLOW_M) / 0.1


def test_a_lidar_that_dies_and_comes_back(start: Start, start_node: Start, driver: Driver) -> None:
    node = start_node(**{"ego_motion.source": "none"})
    for _ in range(2):
        lidar = start("tests.ros.lidar")
        samples = driver.probe.samples(300, 60.0)
        assert any(sample.columns().valid.all() for sample in samples)
        assert lidar.stop(signal.SIGKILL) == -signal.SIGKILL
        assert "no cloud on /scene_flow/input/pointcloud" in node.wait_for("no cloud on")
    assert node.stop() == 0
    assert "0 unreadable, 0 failed" in node.output


def test_stamps_that_jump_back_start_anew_and_never_give_false_speeds(
    start_node: Start, driver: Driver
) -> None:
    node = start_node(**{"ego_motion.source": "none"})
    driver.wait_for_node()
    for _ in range(3):
        assert not driver.ask(cloud(scene(seed=1))).columns().valid.any()
        for seed in (2, 3):
            velocity = driver.ask(cloud(scene(seed=seed))).columns().velocity
            np.testing.assert_allclose(velocity, [FLOW_M_S] * 500, atol=0.05)
        driver.stamp_ns -= 30 * NS
    assert "a bag that starts again" in node.wait_for("the history starts anew")


def test_a_simulated_clock_that_starts_again(start_node: Start, driver: Driver) -> None:
    node = start_node(**{"ego_motion.source": "odometry", "use_sim_time": True})
    clock = driver._node.create_publisher(Clock, "/clock", 10)
    driver.wait_for_node()
    begin_ns = driver.stamp_ns
    for _ in range(2):
        driver.stamp_ns, found = begin_ns, None
        for k in range(100):  # subscriptions may match after the first few
            now = Clock()
            now.clock.sec, now.clock.nanosec = divmod(driver.stamp_ns, NS)
            clock.publish(now)
            driver.move(0.1 * k, dt_ms=100)
            found = driver.ask(cloud(scene(seed=k))).columns()
            if found.valid.any() and k > 30:
                break
        assert found is not None
        np.testing.assert_allclose(found.velocity, [FLOW_M_S] * 500, atol=0.05)
    assert "poses received before are forgotten" in node.wait_for("the clock jumped")
    assert node.stop() == 0


def test_an_incompatible_publisher_is_named_with_the_cure(
    start_node: Start, driver: Driver
) -> None:
    node = start_node(**{"ego_motion.source": "none"})  # reliable, as the fixture has it
    profile = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    driver._node.create_publisher(PointCloud2, "/scene_flow/input/pointcloud", profile)
    line = node.wait_for("offers another reliability QoS")
    assert "start with input.reliability:=best_effort" in line


def test_qos_can_be_overridden_as_rclpy_does_it(start_node: Start, driver: Driver) -> None:
    override = "qos_overrides./scene_flow/input/pointcloud.subscription.reliability"
    node = start_node(**{"ego_motion.source": "none", override: "best_effort"})
    assert "/scene_flow/input/pointcloud (best_effort)" in node.output


def test_two_nodes_share_a_namespace_and_namesakes_are_warned_of(
    start: Start, start_node: Start, driver: Driver, tiny_model: Path
) -> None:
    first = start_node(**{"ego_motion.source": "none"})
    options = ("-p", f"model:={tiny_model}", "-p", "ego_motion.source:=none")
    remap = ("-r", "__node:=rear", "-r", "~/input/pointcloud:=/scene_flow/input/pointcloud")
    rear = start("zeroflow_ros.ros.scene_flow_node", "--ros-args", *options, *remap)
    rear.wait_for("ready: ")
    driver.wait_for_node()
    driver.ask(cloud(scene(seed=1)))
    assert driver.ask(cloud(scene(seed=2))).columns().valid.all()
    twin = start("zeroflow_ros.ros.scene_flow_node", "--ros-args", *options)
    assert "1 more nodes are called /scene_flow" in twin.wait_for("more nodes are called")
    for node in (twin, rear, first):
        assert node.stop() == 0
    assert "more nodes" not in rear.output


def test_stamps_too_far_apart_are_said(start_node: Start, driver: Driver) -> None:
    node = start_node(**{"ego_motion.source": "none"})
    driver.wait_for_node()
    for seed in range(3):
        assert not driver.ask(cloud(scene(seed=seed)), dt_ms=100_000).columns().valid.any()
    line = node.wait_for("no earlier sweep to compare with")
    assert "s after the one before, and above 0.26 s there is no flow" in line


def test_clouds_without_a_stamp_are_taken_as_of_their_arrival(
    start_node: Start, driver: Driver
) -> None:
    node = start_node(**{"ego_motion.source": "none"})
    driver.wait_for_node()
    for seed in range(100):
        message = cloud(scene(seed=seed))
        set_stamp(message, 0)
        time.sleep(0.1)  # the rate of a lidar, which is what velocities are measured by
        driver.clouds.publish(message)
        (sample,) = driver.probe.collect(1, 30.0)
        assert sample.stamp_ns == 0  # the header is the input's
        if sample.columns().valid.all():
            break
    assert "each is taken to be of the time when it came" in node.wait_for("have no stamp")
    assert sample.columns().valid.all()
    assert 2.0 < np.abs(sample.columns().velocity[0, 0]) < 6.0  # 0.5 m in 0.1 to 0.2 s
