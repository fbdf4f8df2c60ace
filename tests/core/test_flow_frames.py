# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sweeps of a bag with their flow: which ones, from where, with which history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zeroflow_ros.bags import BagReader
from zeroflow_ros.bags.reader import FLOW_TOPIC, TRUTH_TOPIC
from zeroflow_ros.errors import BagError
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.flow_frames import LEAD, FlowChoice, FlowFrames

STEP_NS = 100_000_000
FLOW_NAMES = ("x", "y", "z", "vx", "vy", "vz", "valid")


class Witness:
    """An estimator that says every point moves at 2 m/s, and remembers what it saw."""

    def __init__(self, ego_motion):
        self.ego_motion, self.observed, self.updated = ego_motion, [], []

    def observe(self, sweep):
        self.observed.append(sweep.stamp_ns)

    def update(self, sweep):
        self.updated.append(sweep.stamp_ns)
        if not self.observed and len(self.updated) == 1:
            return Flow.none(len(sweep), FlowStatus.FIRST_SWEEP)
        moved = np.zeros((len(sweep), 3), np.float32)
        moved[:, 0] = 0.2
        return Flow(moved, np.ones(len(sweep), bool), 0.1, FlowStatus.ESTIMATED)


@pytest.fixture
def witness():
    """The choice of a Witness, and the one that was made."""
    made = []

    def make(ego_motion):
        made.append(Witness(ego_motion))
        return made[-1]

    return FlowChoice(ego_motion="static", make_estimator=make), made


def flow_entries(factory, count, topic=FLOW_TOPIC):
    """Clouds with flow: sweep k moves at k m/s along y."""
    entries = factory.sweeps(count, topic, points=20)
    for k, entry in enumerate(entries):
        rows = np.zeros((20, len(FLOW_NAMES)), np.float32)
        rows[:, 4], rows[:, 6] = k, 1
        entries[k] = entry._replace(message=factory.cloud(rows, entry.log_ns, names=FLOW_NAMES))
    return entries


def test_flow_of_the_bag_is_shown_as_it_is(factory, witness):
    choice, made = witness
    choice = replace(choice, ego_motion="auto")
    bag = factory.write(factory.sweeps(3) + flow_entries(factory, 3) + factory.drive(3, speed=5))
    with BagReader(bag) as reader:
        frames = FlowFrames(reader, choice)
        assert (frames.topic, frames.estimated) == (FLOW_TOPIC, False)
        assert frames.name == "recording"
        found = list(frames.frames(1, 3))
        assert [frame.number for frame in found] == [1, 2]
        assert [frame.seconds for frame in found] == pytest.approx([0.1, 0.2])
        assert [frame.moving for frame in found] == [20, 20]
        np.testing.assert_allclose(found[1].columns.velocity, np.tile([0, 2, 0], (20, 1)))
        assert frames.pose(found[1].stamp_ns)[0, 3] == pytest.approx(1.0)
    assert made == []


def test_a_topic_with_flow_can_be_named(factory, witness):
    choice, _ = witness
    bag = factory.write(factory.sweeps(3) + flow_entries(factory, 3, TRUTH_TOPIC))
    with BagReader(bag) as reader:
        assert FlowFrames(reader, choice).topic == "/points"
        named = FlowFrames(reader, FlowChoice(topic=TRUTH_TOPIC))
        assert (named.topic, named.estimated) == (TRUTH_TOPIC, False)
        assert named.name == "recording /truth/flow"


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("--model", {"model": "m.onnx"}),
        ("--sensor-height", {"sensor_height": 0.0}),
        ("--ego-motion", {"ego_motion": "static"}),
        ("--crop-box", {"crop_box": [0.0] * 6}),
        ("--model, --ego-motion", {"model": "m.onnx", "ego_motion": "kiss-icp"}),
    ],
)
def test_how_to_estimate_is_refused_where_flow_is_there(factory, option, given):
    bag = factory.write(factory.sweeps(2) + flow_entries(factory, 2))
    told = f"holds the flow that is shown, {FLOW_TOPIC}, and none is estimated; to estimate it "
    with BagReader(bag) as reader:
        with pytest.raises(BagError, match=f"^{option}: .*{told}anew, add --topic /points$"):
            FlowFrames(reader, FlowChoice(**given))
        assert FlowFrames(reader, FlowChoice(topic="/points", **given)).estimated
    with (
        BagReader(factory.write(flow_entries(factory, 2), "flow_alone")) as reader,
        pytest.raises(BagError, match=r"; the bag holds no other clouds$"),
    ):
        FlowFrames(reader, FlowChoice(**given))


def test_clouds_get_their_flow_with_the_history_they_need(factory, witness):
    choice, made = witness
    entries = factory.sweeps(LEAD + 10)
    stamps = [entry.log_ns for entry in entries]
    with BagReader(factory.write(entries)) as reader:
        frames = FlowFrames(reader, choice)
        assert frames.estimated
        found = list(frames.frames(LEAD + 5, LEAD + 7))
        assert made[0].observed == stamps[5 : LEAD + 5], "as many as are needed, and no more"
        assert made[0].updated == stamps[LEAD + 5 : LEAD + 7]
        assert [frame.columns.speed.mean() for frame in found] == pytest.approx([2.0, 2.0])
        np.testing.assert_array_equal(frames.pose(stamps[0]), np.eye(4))


def test_a_sweep_without_flow_says_why(factory, witness):
    choice, _ = witness
    with BagReader(factory.write(factory.sweeps(2))) as reader:
        first, second = FlowFrames(reader, choice).frames(0, 2)
    assert first.no_flow == "first, or after a gap"
    assert (first.moving, second.no_flow) == (0, "")


def test_sweeps_that_cannot_be_read_are_left_out_and_told(factory, witness):
    choice, made = witness
    entries = factory.sweeps(4)
    for k in (0, 2):
        flat = factory.cloud(np.ones((5, 2)), entries[k].log_ns, names=("x", "y"))
        entries[k] = entries[k]._replace(message=flat)
    with BagReader(factory.write(entries)) as reader:
        frames = FlowFrames(reader, choice)
        assert [frame.number for frame in frames.frames(1, 4)] == [1, 3]
    assert frames.skipped == ["sweep 2: cloud has no field z; its fields: x, y"]
    assert made[0].observed == []


def test_sweeps_are_numbered_from_either_end(factory):
    with BagReader(factory.write(factory.sweeps(3))) as reader:
        frames = FlowFrames(reader, FlowChoice())
        assert [frames.number(k) for k in (0, 2, -1, -3)] == [0, 2, 2, 0]
        for k in (3, -4):
            with pytest.raises(BagError, match=rf"no sweep {k} of /points .* from 0 to 2"):
                frames.number(k)


def test_a_span_of_seconds_is_found_by_the_stamps(factory):
    with BagReader(factory.write(factory.sweeps(20))) as reader:
        frames = FlowFrames(reader, FlowChoice())
        assert frames.within(0.0, 0.95) == (0, 10, pytest.approx(0.1))
        assert frames.within(0.45, 0.3)[:2] == (5, 8)
        assert frames.within(1.5, 99.0)[:2] == (15, 20)
        with pytest.raises(BagError, match=r"after --start 2: the last one comes 1.9 s after"):
            frames.within(2.0, 1.0)


def test_path_is_unknown_where_the_bag_has_no_odometry(factory):
    with BagReader(factory.write(flow_entries(factory, 2))) as reader:
        frames = FlowFrames(reader, FlowChoice())
        assert [frames.pose(frame.stamp_ns) for frame in frames.frames(0, 2)] == [None, None]
