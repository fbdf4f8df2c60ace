# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The two readings of the recording with truth, on a small one whose motion is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from zeroflow_ros.ego_motion import Standstill
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Points, Transform
from zeroflow_ros.sweep import Sweep
from zeroflow_training.evaluation.intersection import Intersection, Truth

STEP = np.array([0.3, 0.0, 0.0], np.float32)
COUNT = 40


@pytest.fixture
def recording() -> Intersection:
    """Three sweeps; half of the points move by STEP each time, three quarters are labelled."""
    start = np.random.default_rng(0).uniform(5, 20, (COUNT, 3)).astype(np.float32)
    moves = np.arange(COUNT) < COUNT // 2
    motion = moves[:, None] * STEP
    sweeps = [Sweep(start + k * motion, k * 100_000_000) for k in range(3)]
    truth = Truth(motion, np.arange(COUNT) < 3 * COUNT // 4, np.ones(COUNT, bool))
    return Intersection(sweeps, Standstill(), {0: truth, 1: truth})


class RowByRow:
    """Knows which row is which, and answers once `history` sweeps have come."""

    def __init__(self, history: int) -> None:
        self.history = history
        self.sweeps: list[Sweep] = []

    def update(self, sweep: Sweep, pose: Transform | None = None) -> Flow:
        assert pose is not None
        assert not self.sweeps or sweep.stamp_ns > self.sweeps[-1].stamp_ns
        self.sweeps.append(sweep)
        if len(self.sweeps) < self.history:
            return Flow.none(len(sweep), FlowStatus.FIRST_SWEEP)
        moved: Points = sweep.points - self.sweeps[-2].points
        return Flow(moved, np.ones(len(sweep), bool), 0.1, FlowStatus.ESTIMATED)

    def reset(self) -> None:
        self.sweeps.clear()


@pytest.mark.parametrize(("history", "pairs"), [(2, 2), (3, 1)])
def test_backwards_in_time_the_source_is_the_newest(
    recording: Intersection, history: int, pairs: int
) -> None:
    rows = recording.compare(recording.newest(RowByRow(history), history - 1))
    assert rows["model"]["pairs"] == pairs
    assert rows["model"]["dynamic_points"] == pairs * COUNT // 2
    assert rows["model"]["dynamic_epe_normalised"] == pytest.approx(0.0, abs=1e-5)
    assert rows["zero flow"]["dynamic_epe_normalised"] == pytest.approx(1.0)
    assert rows["zero flow"]["threeway_m"] == pytest.approx(0.3 / 3)


def test_sources_with_less_behind_them_are_left_out(recording: Intersection) -> None:
    answers_early = RowByRow(2)
    assert list(recording.newest(answers_early, 2)) == [0]
    assert len(answers_early.sweeps) == 3


def test_too_long_a_history_has_no_pair(recording: Intersection) -> None:
    rows = recording.compare(recording.newest(RowByRow(4), 3))
    assert rows["model"]["pairs"] == 0
    assert math.isnan(rows["model"]["dynamic_epe_normalised"])
