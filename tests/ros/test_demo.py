# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The demo, short: simulation, node, replay and probe as separate processes over real DDS."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="the ROS wheels are not installed (extra 'ros')")

from PIL import Image

from zeroflow_ros.bags import BagReader
from zeroflow_training.demo import FLOW_TOPIC, run_demo


def test_demo_answers_and_leaves_a_picture_and_a_bag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.delenv("ROS_DOMAIN_ID", raising=False)
    # A small lidar, so that a busy test machine keeps up with 10 Hz.
    report = run_demo(tmp_path / "demo", seconds=2.0, sensor="VLP-16")
    assert report.published == 20
    assert report.answered >= 10
    assert 10_000 < report.points_per_sweep < 29_000
    assert report.latency_ms_p50 > 1.0
    assert report.metrics.static_points > 10_000
    assert report.metrics.static_epe_m < 0.05
    with Image.open(report.picture) as picture:
        assert picture.size == (1200, 1200)
    with BagReader(report.bag) as reader:
        assert reader.topics[FLOW_TOPIC].message_count == report.answered
