# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the stamps of two sweeps say of the driver that made them."""

from __future__ import annotations

import pytest

from zeroflow_ros.ros.sweep_time import odd_step

INTERVAL_S = 0.1


@pytest.mark.parametrize("step_ns", [-5, 0, 25_000_000, 100_000_000, 200_000_000, 260_000_000])
def test_steps_of_any_lidar_are_fine(step_ns: int) -> None:
    assert odd_step(step_ns, INTERVAL_S) == ""


@pytest.mark.parametrize(
    ("step_ns", "said"),
    [
        (100_000_000_000, "100.000000 s after the one before, and above 0.26 s there is no flow"),
        (340_000_000, "the lidar is too slow"),
        (100_000, "0.000100 s after the one before: the driver stamps in another unit"),
    ],
)
def test_other_steps_are_explained(step_ns: int, said: str) -> None:
    assert said in odd_step(step_ns, INTERVAL_S)
