# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is known of a bag before it is played to the node."""

from __future__ import annotations

import pytest

from zeroflow_ros.bags.playing import Playing, playing
from zeroflow_ros.errors import BagError


def test_topics_and_frame_are_found(factory):
    bag = factory.write(factory.sweeps(2) + factory.drive(2))
    assert playing(bag) == Playing("/points", "/odom", "lidar", (), has_clock=False)


def test_without_odometry_there_is_none(factory):
    bag = factory.write(factory.sweeps(2))
    assert playing(bag).odometry is None
    with pytest.raises(BagError, match="has no topic /odom"):
        playing(bag, odometry="odom")


def test_a_topic_that_is_not_there_is_said(factory):
    with pytest.raises(BagError, match=r"has no topic /lidar; its topics: /points"):
        playing(factory.write(factory.sweeps(2)), topic="lidar")


def test_the_choice_of_a_topic_is_an_argument_of_the_launch_file(factory):
    bag = factory.write(factory.sweeps(1) + factory.sweeps(1, topic="/rear"))
    with pytest.raises(BagError, match=r"choose one with topic:=NAME: /points \(1\), /rear \(1\)"):
        playing(bag)
    assert playing(bag, topic="/rear").clouds == "/rear"


def test_flow_of_before_is_left_out_and_a_clock_of_its_own_is_seen(factory):
    own = ("/scene_flow/output/flow", "/scene_flow/output/flow_colored")
    clouds = [entry for topic in ("/points", *own) for entry in factory.sweeps(1, topic=topic)]
    bag = factory.write(clouds, topics=[("/clock", "rosgraph_msgs/msg/Clock")])
    found = Playing("/points", None, "lidar", own, has_clock=True)
    assert playing(bag) == playing(bag, topic="points") == found


def test_of_several_odometries_none_is_taken_unless_it_is_named(factory):
    other = [entry._replace(topic="/wheels") for entry in factory.drive(2)]
    bag = factory.write(factory.sweeps(2) + factory.drive(2) + other)
    assert playing(bag).odometry is None
    assert playing(bag, odometry="/wheels").odometry == "/wheels"
