# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The pairs that teachers are judged on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

from zeroflow_ros.geometry import Points
from zeroflow_training.evaluation.residual import ResidualMetrics
from zeroflow_training.evaluation.teacher_pair import (
    TeacherPair,
    intersection_pairs,
    simulated_pairs,
    try_teacher,
)
from zeroflow_training.teachers import PseudoLabel


class HalfValid:
    """Says the truth where the first coordinate is above 0, and nothing elsewhere."""

    settings: Mapping[str, Any] = {}

    def __init__(self, truth: Points) -> None:
        self.truth = truth

    def label(self, source: Points, target: Points) -> PseudoLabel:
        valid = source[:, 0] > 0
        return PseudoLabel(np.where(valid[:, None], self.truth, np.float32(0)), valid)


def test_points_that_are_not_valid_count_as_standing_still() -> None:
    source = np.float32([[1, 0, 0], [-1, 0, 0], [2, 0, 0], [-2, 0, 0]])
    truth = np.tile(np.float32([0.4, 0, 0]), (4, 1))
    judged = np.array([True, True, True, False])
    trial = try_teacher(HalfValid(truth), TeacherPair("four", source, source, truth, judged))
    metrics = ResidualMetrics.of(trial.tally.group())
    assert metrics.dynamic_points == 3
    assert metrics.dynamic_epe_m == pytest.approx(0.4 / 3)
    assert metrics.dynamic_epe_normalised == pytest.approx(1 / 3)
    assert trial.seconds >= 0


def test_both_sweeps_of_a_simulated_pair_are_in_one_levelled_frame() -> None:
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    pair = next(simulated_pairs(["VLP-16"]))
    assert np.abs(pair.source[pair.judged, :2]).max() < 35
    for cloud in (pair.source, pair.target):
        assert np.abs(cloud[:, :2]).max() < 56
        assert np.quantile(cloud[:, 2], 0.01) > -0.3  # the sensor is a metre and more above that
    still = pair.judged & ~pair.truth.any(axis=1)
    distance = cKDTree(pair.target).query((pair.source + pair.truth)[still])[0]
    assert still.sum() > 1000
    assert np.median(distance) < 0.1


def test_pairs_of_the_intersection_are_judged_as_published(recordings: Path) -> None:
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    pairs = list(intersection_pairs(recordings))
    assert [len(pair.source) for pair in pairs] == [24246, 24181]
    assert [int(pair.judged.sum()) for pair in pairs] == [18703, 18603]
    np.testing.assert_array_equal(pairs[0].target, pairs[1].source)
