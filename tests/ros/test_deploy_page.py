# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What docs/deploy.md shows works as it stands there."""

from __future__ import annotations

import os
import re
import runpy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("rclpy", reason="ROS is not installed: pip install 'zeroflow_ros[ros]'")

from sensor_msgs.msg import PointCloud2
from tests.ros.driver import Driver, cloud, scene

from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.ros.pointcloud2 import flow_message, to_sweep
from zeroflow_ros.ros.settings import definitions

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/deploy.md"
EXAMPLE = ROOT / "examples/fastest.py"


def block(language: str, of: str) -> str:
    """The one listing of the page with these words in it."""
    listings = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    (found,) = [listing for listing in listings if of in listing]
    return str(found)


def flow_of(points: np.ndarray, velocity: np.ndarray, valid: np.ndarray) -> PointCloud2:
    message = cloud(points)
    flow = Flow((0.1 * velocity).astype(np.float32), valid, 0.1, FlowStatus.ESTIMATED)
    return flow_message(message, to_sweep(message), flow)


def test_the_example_is_what_the_page_shows() -> None:
    assert EXAMPLE.read_text().endswith("\n\n" + block("python", "def fastest"))


def test_consumer_finds_the_fastest_square_with_enough_valid_points() -> None:
    names = runpy.run_path(str(EXAMPLE))
    places, speeds, counts = [(3, 1), (-9, 5), (21, 1), (31, 31)], [4.0, 7.0, 30.0, 50.0], [20] * 4
    counts[2] = 9  # too few
    points = np.repeat([(*place, 0.0) for place in places], counts, 0).astype(np.float32)
    velocity = np.repeat([(0.0, speed, 0.0) for speed in speeds], counts, 0)
    valid = points[:, 0] != 31
    speed, middle = names["fastest"](flow_of(points, velocity, valid))
    assert speed == pytest.approx(7.0, abs=1e-3)
    np.testing.assert_allclose(middle, (-9, 5, 0))
    assert names["fastest"](flow_of(points, 0 * velocity, valid)) is None


def test_consumer_hears_the_node(
    start_node: Callable[..., Any],
    start: Callable[..., Any],
    driver: Driver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = (str(EXAMPLE.parent), os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    start_node(**{"ego_motion.source": "none"})
    driver.wait_for_node()
    consumer = start("fastest")
    with ThreadPoolExecutor(1) as pool:
        line = pool.submit(consumer.wait_for, "m/s at x")
        while not line.done():
            driver.ask(cloud(scene(3000)))
    assert line.result().startswith("5.6 m/s at x ")  # as the tiny model says of every point


def test_parameter_file_names_parameters_of_the_node() -> None:
    given = yaml.safe_load(block("yaml", "input.crop_box"))["/**"]["ros__parameters"]
    known = {parameter.name: parameter for parameter in definitions()}
    for name, value in given.items():
        default = known[name].default
        assert isinstance(value, list if isinstance(default, tuple) else type(default)), name
        assert known[name].refusal(value) is None
