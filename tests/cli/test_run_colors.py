# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What `zeroflow run` writes for the eye."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from zeroflow_ros import offline
from zeroflow_ros.bags import BagReader
from zeroflow_ros.bags.reader import COLORED_TOPIC, FLOW_TOPIC
from zeroflow_ros.cli.main import build_app
from zeroflow_ros.coloring import flow_colors
from zeroflow_ros.errors import BagError
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.offline import run_bag
from zeroflow_ros.pointcloud2 import read_cloud


class Fake:
    """Every point with x > 0 moves at (1, 0, 0) m/s."""

    def __init__(self, ego_motion):
        pass

    def update(self, sweep):
        flow = np.zeros((len(sweep), 3), np.float32)
        flow[sweep.points[:, 0] > 0, 0] = 0.1
        return Flow(flow, np.ones(len(sweep), bool), 0.1, FlowStatus.ESTIMATED)


def test_flow_is_written_a_second_time_in_colours(factory):
    """As viewers take colours by themselves: a field rgb, packed as 0x00rrggbb."""
    source = factory.write(factory.sweeps(3))
    target = factory.folder / "out"
    run_bag(source, target, ego_motion="static", make_estimator=Fake)
    with BagReader(target) as reader:
        assert reader.find_cloud_topic() == "/points"
        colored = [reader.decode(record) for record in reader.records([COLORED_TOPIC])]
    assert len(colored) == 3
    with pytest.raises(BagError, match=f"{COLORED_TOPIC} is the output of zeroflow run"):
        run_bag(target, factory.folder / "again", topic=COLORED_TOPIC)
    message = colored[1]
    assert [field.name for field in message.fields] == ["x", "y", "z", "rgb", "speed"]
    rows = message.data.reshape(-1, message.point_step)
    moving = read_cloud(message).points[:, 0] > 0
    red, green, blue = flow_colors(np.float32([[1, 0, 0]]))[0]
    assert (rows[moving, 12:16] == (blue, green, red, 0)).all()
    assert (rows[~moving, 12:16] == (*flow_colors(np.zeros((1, 3), np.float32))[0], 0)).all()
    np.testing.assert_allclose(rows.view("<f4")[:, 4], moving, rtol=1e-6)


def test_colours_can_be_left_out(factory, monkeypatch):
    monkeypatch.setattr(offline, "_bundled", lambda *_: Fake)
    source, target = factory.write(factory.sweeps(2) + factory.drive(2)), factory.folder / "out"
    result = CliRunner().invoke(build_app(), ["run", str(source), str(target), "--no-colored"])
    assert result.exit_code == 0, result.output
    with BagReader(target) as reader:
        assert set(reader.topics) == {"/points", "/odom", FLOW_TOPIC}
