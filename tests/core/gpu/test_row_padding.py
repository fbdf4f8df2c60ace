# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sizes, filling and portions of rows."""

from __future__ import annotations

import numpy as np
import pytest

from zeroflow_ros.engines.row_padding import fill, padded_rows, runs


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(0, 4096), (1, 4096), (4096, 4096), (4097, 8192), (9000, 10_000), (10_000, 10_000)],
)
def test_few_sizes_up_to_the_most(rows: int, expected: int) -> None:
    assert padded_rows(rows, 10_000) == expected


def test_the_most_may_be_less_than_a_step() -> None:
    assert padded_rows(3, 10) == 10


@pytest.mark.parametrize(("repeat", "below"), [(True, [3, 4]), (False, [0, 0])])
def test_all_rows_are_written(repeat: bool, below: list[int]) -> None:
    target = np.full((4, 2), 77)
    fill(target, np.array([[1, 2], [3, 4]]), repeat_last=repeat)
    assert target.tolist() == [[1, 2], [3, 4], below, below]


def test_numbers_are_no_indices() -> None:
    target = np.zeros(2, np.int32)
    fill(target, np.array([1, 2], np.int64), repeat_last=True)
    with pytest.raises(TypeError, match="float64"):
        fill(target, np.array([1.5, 2]), repeat_last=True)
    assert target.tolist() == [1, 2]


def test_no_rows_at_all_are_zeros() -> None:
    target = np.full(3, 77)
    fill(target, np.empty(0, np.int32), repeat_last=False)
    assert target.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("rows", "portions"),
    [
        (0, [slice(0, 0)]),
        (4, [slice(0, 4)]),
        (5, [slice(0, 4), slice(4, 5)]),
        (8, [slice(0, 4), slice(4, 8)]),
    ],
)
def test_portions(rows: int, portions: list[slice]) -> None:
    assert list(runs(rows, 4)) == portions
