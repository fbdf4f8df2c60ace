# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which earlier sweeps a model gets to see."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeroflow_ros.errors import CloudError
from zeroflow_ros.sweep import PosedSweep, Sweep, SweepHistory

START_NS = 1_700_000_000_000_000_000
NO_POINTS = np.empty((0, 3), np.float32)


def history_of(stamps_ms: Iterable[float], count: int = 2, interval_s: float = 0.1) -> SweepHistory:
    history = SweepHistory(range(count), interval_s)
    for stamp in stamps_ms:
        push(history, stamp)
    return history


def push(history: SweepHistory, stamp_ms: float) -> None:
    history.push(PosedSweep(Sweep(NO_POINTS, START_NS + round(stamp_ms * 1e6)), np.eye(4)))


def slots_ms(history: SweepHistory) -> list[float | None]:
    return [
        None if posed is None else (posed.sweep.stamp_ns - START_NS) / 1e6
        for posed in history.select()
    ]


def selected_ms(history: SweepHistory) -> list[float]:
    return [stamp for stamp in slots_ms(history) if stamp is not None]


def test_columns_have_a_row_for_each_point() -> None:
    points = np.zeros((7, 3), np.float32)
    for column in (np.zeros(6), np.zeros((7, 1))):
        with pytest.raises(CloudError, match=r"column 't' has the shape .* 7 points"):
            Sweep(points, 0, extras={"t": column})


def test_ten_hertz_takes_each_sweep() -> None:
    history = history_of([])
    push(history, 0)
    assert slots_ms(history) == [0, None]
    for stamp in (100, 200, 300):
        push(history, stamp)
        assert selected_ms(history) == [stamp, stamp - 100]


def test_twenty_hertz_takes_every_second_sweep() -> None:
    assert selected_ms(history_of(range(0, 501, 50), count=3)) == [500, 400, 300]
    # The one before is within the tolerance while the history fills, yet measured as 50 ms.
    assert selected_ms(history_of([0, 50])) == [50, 0]


def test_the_sweep_before_a_lost_one_is_given_alone() -> None:
    history = history_of([0, 100, 300], count=3)
    assert selected_ms(history) == [300, 100]
    push(history, 400)
    assert selected_ms(history) == [400, 300]
    push(history, 500)
    assert selected_ms(history) == [500, 400, 300]
    assert selected_ms(history_of([0, 50, 100, 300])) == [300, 100]


def test_five_hertz_takes_each_sweep() -> None:
    assert selected_ms(history_of(range(0, 1001, 200), count=3)) == [1000, 800]


def test_two_lost_sweeps_start_anew() -> None:
    history = history_of([0, 100, 400])
    assert selected_ms(history) == [400]
    push(history, 500)
    assert selected_ms(history) == [500, 400]


def test_a_dropped_sweep_at_twenty_hertz_is_replaced_by_its_neighbour() -> None:
    found = selected_ms(history_of([0, 50, 150, 200, 250]))
    assert found[0] == 250
    assert found[1] == 150
    assert selected_ms(history_of([0, 50, 150]))[1] in (0, 50)  # one of both sides of 50 +- 50


@given(st.lists(st.floats(-20, 20), min_size=6, max_size=6))
def test_jitter_does_not_break_the_history(jitter: list[float]) -> None:
    stamps = [100 * k + shift for k, shift in enumerate(jitter)]
    found = selected_ms(history_of(stamps, count=3))
    np.testing.assert_allclose(found, stamps[:2:-1], atol=1e-3)


@pytest.mark.parametrize("stamp", [200, 199, -5_000_000])
def test_a_clock_that_does_not_advance_starts_anew(stamp: float) -> None:
    history = history_of([0, 100, 200, stamp])
    assert selected_ms(history) == [stamp]
    assert len(history) == 1
    push(history, stamp + 100)
    assert selected_ms(history) == [stamp + 100, stamp]


@pytest.mark.parametrize(
    ("gap_ms", "count"), [(45, 2), (44.9, 1), (150, 2), (260, 2), (260.1, 1), (1e9, 1)]
)
def test_how_old_the_earlier_sweep_may_be(gap_ms: float, count: int) -> None:
    assert len(selected_ms(history_of([0, gap_ms]))) == count


def test_a_missing_sweep_leaves_its_place_empty() -> None:
    assert slots_ms(history_of([0, 100, 300, 400], count=4)) == [400, 300, None, 100]
    assert slots_ms(history_of([0, 100, 200, 300], count=5)) == [300, 200, 100, 0, None]
    assert slots_ms(history_of([0, 100, 300], count=4)) == [300, 100, None, None]


def test_clear_forgets() -> None:
    history = history_of([0, 100])
    history.clear()
    assert len(history) == 0
    push(history, 200)
    assert slots_ms(history) == [200, None]


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=60),
    st.integers(2, 5),
    st.sampled_from([0.05, 0.1, 0.25]),
)
def test_selection_is_ordered_bounded_and_within_tolerance(
    steps_ms: list[int], count: int, interval_s: float
) -> None:
    history = SweepHistory(range(count), interval_s)
    for stamp in np.cumsum(steps_ms):
        push(history, float(stamp))
        slots, found = slots_ms(history), selected_ms(history)
        assert slots[0] == stamp
        assert len(slots) == count
        assert all(late > early for late, early in pairwise(found))
        ideal = stamp - 1e3 * interval_s * np.arange(count)
        off = np.abs(np.array(slots, float) - ideal)  # NaN where a sweep is missing
        late = off > 550 * interval_s + 1e-6
        assert not late[2:].any()
        if late[1]:
            assert len(found) == 2
            assert 1550 * interval_s - 1e-6 <= stamp - found[1] <= 2600 * interval_s + 1e-6


def test_memory_is_bounded_by_time() -> None:
    history = history_of(range(0, 20_000, 10), count=3)  # 100 Hz for 20 s
    assert len(history) <= 27  # 0.26 s and the newest
    assert len(history_of(range(0, 20_000, 10), count=4)) <= 36
    push(history, 1e6)
    assert len(history) == 1


def test_impossible_history_is_refused() -> None:
    for lags in ((0,), (1, 2), (0, 2, 1), (0, 1, 1)):
        with pytest.raises(ValueError, match="at least 2 lags"):
            SweepHistory(lags, 0.1)


def test_lags_may_leave_sweeps_out() -> None:
    history = SweepHistory((0, 1, 4), 0.1)
    for stamp in range(0, 1000, 50):
        push(history, stamp)
    assert selected_ms(history) == [950, 850, 550]
    assert len(history) == 10  # 0.45 s and the newest


@pytest.mark.parametrize("shape", [(5,), (5, 4), (5, 2), (2, 5, 3)])
def test_points_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(CloudError, match=r"points\[:, :3\]"):
        Sweep(np.zeros(shape, np.float32), 0)


def test_length_is_the_count_of_points() -> None:
    assert len(Sweep(np.zeros((7, 3), np.float32), 0)) == 7
