# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Residual-flow metrics with known values."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_training.evaluation.classes import of_foreground
from zeroflow_training.evaluation.pair import EvaluatedPair
from zeroflow_training.evaluation.residual import ResidualMetrics, by_speed, residual_metrics
from zeroflow_training.evaluation.tally import Tally, total
from zeroflow_training.evaluation.threeway import Threeway

F32 = npt.NDArray[np.float32]


def along_x(*metres: float) -> F32:
    flow = np.zeros((len(metres), 3), np.float32)
    flow[:, 0] = metres
    return flow


def tally_of(predicted: F32, truth: F32, foreground: npt.NDArray[np.bool_] | None = None) -> Tally:
    classes = None if foreground is None else of_foreground(foreground)
    valid = np.ones(len(truth), bool)
    return Tally.of(EvaluatedPair("sweep", np.zeros_like(truth), predicted, truth, valid, classes))


def test_zero_flow_scores_one() -> None:
    truth = along_x(0.0, 0.0, 0.01, 0.3, -0.8, 1.5, 5.0)
    metrics = residual_metrics(np.zeros_like(truth), truth)
    assert metrics.dynamic_epe_normalised == pytest.approx(1.0)
    assert metrics.dynamic_epe_bucketed == pytest.approx(1.0)
    assert metrics.dynamic_epe_m == pytest.approx((0.3 + 0.8 + 1.5 + 5.0) / 4)
    assert metrics.static_epe_m == pytest.approx(0.01 / 3)
    assert metrics.false_motion == 0
    assert metrics.dynamic_recall == 0
    assert (metrics.dynamic_points, metrics.static_points) == (4, 3)


def test_perfect_flow_scores_zero() -> None:
    truth = along_x(0.0, 0.06, 0.8, 2.5)
    metrics = residual_metrics(truth, truth)
    assert metrics.dynamic_epe_normalised == 0
    assert metrics.dynamic_epe_bucketed == 0
    assert metrics.static_epe_m == 0
    assert metrics.dynamic_recall == 1


def test_buckets_weigh_slow_and_fast_alike() -> None:
    """Ninety fast points are right, ten slow ones are missed."""
    truth = along_x(*[1.0] * 90, *[0.1] * 10)
    predicted = along_x(*[1.0] * 90, *[0.0] * 10)
    metrics = residual_metrics(predicted, truth)
    assert metrics.dynamic_epe_normalised == pytest.approx(1.0 / 91.0)
    assert metrics.dynamic_epe_bucketed == pytest.approx(0.5)
    assert metrics.dynamic_recall == pytest.approx(0.9)


def test_everything_above_two_metres_is_one_bucket() -> None:
    truth = along_x(2.1, 4.0, 7.9, 1.0)
    predicted = along_x(2.1, 4.0, 0.0, 0.0)
    expected = (7.9 / 14.0 + 1.0) / 2
    assert residual_metrics(predicted, truth).dynamic_epe_bucketed == pytest.approx(expected)


def test_false_motion_counts_static_points_above_half_a_metre_per_second() -> None:
    predicted = along_x(0.0, 0.049, 0.051, -0.2, 0.3)
    truth = along_x(0.0, 0.0, 0.0, 0.0, 0.3)
    assert residual_metrics(predicted, truth).false_motion == pytest.approx(0.5)


def test_false_motion_of_what_stands_leaves_creeping_points_out() -> None:
    truth = np.float32([[0, 0, 0], [0, 0, 0], [0.04, 0, 0], [0, 0, 0], [0, 0, 0]])
    predicted = np.float32([[0.06, 0, 0], [0, 0, 0], [0.06, 0, 0], [0, 0, 0.01], [0, 0, 0]])
    metrics = residual_metrics(predicted, truth)
    assert metrics.false_motion == pytest.approx(0.4)
    assert metrics.false_motion_still == pytest.approx(0.25)


def test_overshoot_is_as_bad_as_no_flow() -> None:
    truth = along_x(0.5, 1.0)
    metrics = residual_metrics(2 * truth, truth)
    assert metrics.dynamic_epe_normalised == pytest.approx(1.0)
    assert metrics.dynamic_recall == 1


@pytest.mark.parametrize("truth", [along_x(), along_x(0.0, 0.01)])
def test_groups_without_points_are_nan(truth: F32) -> None:
    metrics = residual_metrics(truth, truth)
    assert math.isnan(metrics.dynamic_epe_normalised)
    assert math.isnan(metrics.dynamic_epe_bucketed)
    assert math.isnan(metrics.dynamic_epe_m)
    assert math.isnan(metrics.dynamic_recall)
    assert math.isnan(metrics.static_epe_m) == (len(truth) == 0)


def test_threeway_by_hand() -> None:
    """Two moving foreground points off by 0.1 and 0.3, still foreground by 0.02, the rest 0.04."""
    truth = along_x(1.0, 1.0, 0.0, 0.0, 0.04)
    predicted = along_x(1.1, 0.7, 0.02, 0.04, 0.0)
    foreground = np.array([True, True, True, False, False])
    row = Threeway.of(tally_of(predicted, truth, foreground)).row()
    assert row["dynamic_foreground_m"] == pytest.approx(0.2)
    assert row["static_foreground_m"] == pytest.approx(0.02)
    assert row["static_background_m"] == pytest.approx(0.04)
    assert row["threeway_m"] == pytest.approx((0.2 + 0.02 + 0.04) / 3)


def test_without_labels_there_is_no_threeway_but_all_else() -> None:
    truth = along_x(1.0, 0.0)
    tally = tally_of(along_x(0.5, 0.0), truth)
    assert math.isnan(Threeway.of(tally).row()["threeway_m"])
    assert Threeway.of(tally).dynamic_iou == 1
    assert ResidualMetrics.of(tally.group()).dynamic_epe_normalised == pytest.approx(0.5)


def test_speed_bins_take_each_mover_once() -> None:
    """0.4, 0.7, 1.5, 4, 8 and 30 m/s; the last is missed, the others are right."""
    truth = along_x(0.04, 0.07, 0.15, 0.4, 0.8, 3.0)
    rows = by_speed(tally_of(along_x(0.04, 0.07, 0.15, 0.4, 0.8, 0.0), truth).group())
    assert list(rows) == ["0.5-1 m/s", "1-2 m/s", "2-5 m/s", "5-10 m/s", "> 10 m/s"]
    assert [row.dynamic_points for row in rows.values()] == [1, 1, 1, 1, 1]
    assert [row.dynamic_epe_normalised for row in rows.values()] == [0, 0, 0, 0, 1]


def test_sweeps_apart_count_as_one() -> None:
    truth, predicted = along_x(0.0, 0.2, 1.0, 3.0), along_x(0.1, 0.1, 0.5, 0.0)
    parts = [tally_of(predicted[rows], truth[rows]) for rows in ([0, 1], [2], [3])]
    np.testing.assert_allclose(total(parts).sums, tally_of(predicted, truth).sums, rtol=1e-12)
    assert ResidualMetrics.of(total([]).group()).dynamic_points == 0
