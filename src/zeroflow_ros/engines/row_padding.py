# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows are padded to few sizes: no two sweeps have as many points, and each size costs a graph."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

STEP = 4096  # rows; a sweep of 60,000 points computes 3 % in vain, on average


def padded_rows(rows: int, most: int) -> int:
    """The next multiple of STEP, at least one, at most `most`."""
    return min(max(-(-rows // STEP), 1) * STEP, most)


def fill(
    target: npt.NDArray[np.generic], rows: npt.NDArray[np.generic], *, repeat_last: bool
) -> None:
    """Copy `rows` to the head of `target`; below, their last row again and again, or zeros.

    Pillars are repeated: scattered to the same place once more, the same pillar changes nothing.
    Points need not be: each has an answer of its own, which nobody reads.
    """
    count = len(rows)
    np.copyto(target[:count], rows)  # which refuses numbers for indices
    target[count:] = rows[-1] if repeat_last else 0


def runs(rows: int, most: int) -> Iterator[slice]:
    """Rows in portions of at most `most`; one empty portion if there are none."""
    for start in range(0, max(rows, 1), most):
        yield slice(start, min(start + most, rows))
