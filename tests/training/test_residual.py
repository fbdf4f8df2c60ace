# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Residual-flow metrics with known values."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_training.evaluation.residual import PointErrors, residual_metrics

F32 = npt.NDArray[np.float32]


def along_x(*metres: float) -> F32:
    flow = np.zeros((len(metres), 3), np.float32)
    flow[:, 0] = metres
    return flow


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
    threeway = PointErrors.of(predicted, truth).threeway(foreground)
    assert threeway.dynamic_foreground_m == pytest.approx(0.2)
    assert threeway.static_foreground_m == pytest.approx(0.02)
    assert threeway.static_background_m == pytest.approx(0.04)
    assert threeway.threeway_m == pytest.approx((0.2 + 0.02 + 0.04) / 3)


def test_speed_bins_take_each_mover_once() -> None:
    """0.4, 0.7, 1.5, 4, 8 and 30 m/s; the last is missed, the others are right."""
    truth = along_x(0.04, 0.07, 0.15, 0.4, 0.8, 3.0)
    rows = PointErrors.of(along_x(0.04, 0.07, 0.15, 0.4, 0.8, 0.0), truth).by_speed()
    assert list(rows) == ["0.5-1 m/s", "1-2 m/s", "2-5 m/s", "5-10 m/s", "> 10 m/s"]
    assert [row.dynamic_points for row in rows.values()] == [1, 1, 1, 1, 1]
    assert [row.dynamic_epe_normalised for row in rows.values()] == [0, 0, 0, 0, 1]


def test_joined_points_count_as_one_sweep() -> None:
    truth, predicted = along_x(0.0, 0.2, 1.0, 3.0), along_x(0.1, 0.1, 0.5, 0.0)
    parts = [PointErrors.of(predicted[rows], truth[rows]) for rows in ([0, 1], [2], [3])]
    assert PointErrors.joined(parts).metrics() == residual_metrics(predicted, truth)
    assert PointErrors.joined([]).metrics().dynamic_points == 0
