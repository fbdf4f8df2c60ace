# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which answer of the node belongs to which simulated sweep."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.demo import _match

STARTED_NS = 1_700_000_000_123_456_789


def sweeps(*counts: int) -> list[Any]:
    return [
        SimpleNamespace(points=np.zeros((n, 3)), stamp_ns=k * 100_000_000)
        for k, n in enumerate(counts)
    ]


def answers(street: list[Any], *kept: int) -> list[Any]:
    return [
        SimpleNamespace(
            stamp_ns=STARTED_NS + street[k].stamp_ns,
            message=SimpleNamespace(width=len(street[k].points)),
        )
        for k in kept
    ]


@pytest.mark.parametrize("kept", [(0, 1, 2, 3, 4), (1, 2, 4), (2, 3), (0, 4)])
def test_sweeps_with_equally_many_points_are_told_apart(kept: tuple[int, ...]) -> None:
    street = sweeps(70, 50, 70, 60, 50)
    matched = _match(answers(street, *kept), street)
    assert [sweep.stamp_ns for sweep, _ in matched] == [street[k].stamp_ns for k in kept]


def test_answers_to_other_sweeps_are_an_error() -> None:
    with pytest.raises(ZeroflowError, match="do not belong"):
        _match(answers(sweeps(1, 2), 0, 1), sweeps(1, 3))
