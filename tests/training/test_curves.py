# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Curves of a run, from its files to a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.curves import draw_curves, read_metrics, smoothed, span


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that was killed after step 109 and resumed at 100, and is being written now."""
    head = "epe_fast,epe_slow,epe_static,epoch,loss,step\n"
    (tmp_path / "metrics.csv").write_text(
        head + "0.2,,0.02,0,0.1,149\n0.1,0.06,0.01,0,0.05,199\n0.1,0.0"
    )
    (tmp_path / "metrics_until_100.csv").write_text(
        head + "0.4,0.08,0.04,0,0.2,49\n,,,0,0.15,99\n9,9,9,0,9,109\n"
    )
    return tmp_path


def test_all_parts_of_a_run_in_order(run: Path) -> None:
    metrics = read_metrics(run)
    np.testing.assert_array_equal(metrics["step"], [49, 99, 149, 199])
    np.testing.assert_array_equal(metrics["loss"], [0.2, 0.15, 0.1, 0.05])
    np.testing.assert_array_equal(metrics["epe_slow"], [0.08, np.nan, np.nan, 0.06])


def test_smoothing_passes_over_what_is_missing() -> None:
    values = np.array([np.nan, 2.0, 4.0, np.nan, 6.0])
    np.testing.assert_allclose(smoothed(values, 2), [2.0, 3.0, 4.0, 6.0, 6.0])
    np.testing.assert_allclose(smoothed(values, 3), [2.0, 3.0, 3.0, 5.0, 6.0])
    np.testing.assert_allclose(smoothed(values, 1), values)


def test_smoothing_by_more_than_there_is() -> None:
    np.testing.assert_allclose(smoothed(np.array([1.0, 3.0]), 5), [2.0, 2.0])
    assert np.isnan(smoothed(np.array([np.nan, np.nan]), 1)).all()


def test_a_trend_fills_its_axis() -> None:
    steps = np.arange(100.0)
    trend = 5.5 - 0.005 * steps  # a tenth less in the end: on an axis from 0 a flat line
    trend[:5] = 50.0  # as a run from scratch begins
    low, high = span(trend)
    assert low < trend[-1] < trend[10] < high
    assert (trend[10] - trend[-1]) / (high - low) > 0.4
    assert span(np.full(9, np.nan)) == (0.0, 1.0)
    assert span(np.zeros(9)) == (0.0, 1e-6)


def test_a_picture(run: Path) -> None:
    pytest.importorskip("matplotlib", reason="pip install 'zeroflow_ros[training]'")
    image = pytest.importorskip("PIL.Image")
    draw_curves(run, run / "curves.png")
    with image.open(run / "curves.png") as picture:
        assert picture.size == (990, 660)
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 50


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(ZeroflowError, match=r"no metrics.csv of `zeroflow fit`"):
        read_metrics(tmp_path)
