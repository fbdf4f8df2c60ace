# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The numbers of a run, and the table that shows them."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from rich.console import Console

from zeroflow_ros.cli.summary import summary_table
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.run_summary import RunSummary

OUTPUT = "/data/" + "a_long_folder_name/" * 8 + "out"


@pytest.fixture
def summary() -> RunSummary:
    summary = RunSummary("in", OUTPUT, "/points", "odometry /odom", "m 1")
    summary.add(Flow.none(4, FlowStatus.FIRST_SWEEP, {"ego": 99.0}))
    for k in range(100):
        flow = np.array([[0.04, 0, 0], [0, 0.06, 0], [1, 0, 0], [0, 0, 0]], np.float32)
        valid = np.array([True, True, False, True])
        stages = {"ego": float(k), "network": 10.0}
        summary.add(Flow(flow, valid, 0.1, FlowStatus.ESTIMATED, stages))
    summary.skip("cloud has no field z; its fields: " + ", ".join(f"field_{k}" for k in range(20)))
    return summary


def table(summary: RunSummary, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    summary_table(summary, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_counts(summary):
    assert (summary.sweeps, summary.estimated, summary.points) == (102, 100, 404)
    assert summary.valid_points == summary.to_dict()["valid_points"] == 300
    assert summary.moving_points == 100  # 0.6 m/s and valid; 0.4 m/s and the invalid one are not


def test_times_are_of_estimated_sweeps_and_sum_up(summary):
    stages = summary.stage_percentiles()
    assert list(stages) == ["ego", "network", "total"]
    assert stages["ego"] == pytest.approx((49.5, 98.01))
    assert stages["total"] == pytest.approx((59.5, 108.01))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_table_keeps_numbers_and_path_whole(summary, width):
    shown = table(summary, width)
    assert shown.splitlines()[-1] == OUTPUT
    for number in ("102", "404", "59.5 / 108.0"):
        assert number in shown
    assert max(map(len, shown.splitlines()[:-1])) <= width


def test_points_with_flow_and_moving_ones_are_shares_of_all(summary):
    rows = dict(re.findall(r"(\w[^│]*?) +│ +(\S.*?) +│", table(summary, 200)))
    assert rows["points"] == "404"
    assert rows["points with flow"] == "300 (74.3 %)"
    assert rows["moving points (> 0.5 m/s)"] == "100 (24.8 %)"
    assert rows["first, or after a gap"] == "1"


def test_a_run_without_flow_has_no_times():
    summary = RunSummary("in", "out", "/points", "static", "m 1")
    summary.add(Flow.none(4, FlowStatus.FIRST_SWEEP))
    assert summary.stage_percentiles() == {}
    assert summary.problem is None
    assert "wall time" in table(summary, 80)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (FlowStatus.EMPTY, "are the clouds in metres, and is --sensor-height right"),
        (FlowStatus.FIRST_SWEEP, "are the sweeps too far apart"),
    ],
)
def test_no_flow_at_all_is_a_problem(status, advice):
    summary = RunSummary("in", "out", "/points", "static", "m 1")
    for _ in range(3):
        summary.add(Flow.none(5, status))
    assert advice in summary.problem
    summary.add(Flow.none(5, FlowStatus.ESTIMATED))
    assert summary.problem is None
