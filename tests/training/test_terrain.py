# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ground: slopes are those of the heights, and streets get as steep as real ones."""

import numpy as np
import pytest

from zeroflow_training.simulation.dice import Dice
from zeroflow_training.simulation.terrain import (
    Terrain,
    ground_height,
    ground_slope,
    ground_surface,
)


@pytest.mark.parametrize("seed", range(12))
def test_slopes_are_derivatives_of_the_heights(seed: int) -> None:
    waves = Terrain.draw(Dice(seed)).as_array()
    if seed % 3 == 0:
        waves[6:] = 0.1, 0.03, -0.05, 0.2
    tiny = 1e-4
    for x, y in np.random.default_rng(seed).uniform(-80.0, 80.0, (50, 2)):
        slope_x, slope_y = ground_slope(waves, x, y)
        along_x = ground_height(waves, x + tiny, y) - ground_height(waves, x - tiny, y)
        along_y = ground_height(waves, x, y + tiny) - ground_height(waves, x, y - tiny)
        assert slope_x == pytest.approx(along_x / (2 * tiny), abs=1e-4)
        assert slope_y == pytest.approx(along_y / (2 * tiny), abs=1e-4)
        expected = (ground_height(waves, x, y), slope_x, slope_y)
        assert ground_surface(waves, x, y) == pytest.approx(expected, abs=1e-9)


def test_most_ground_is_nearly_flat_and_some_is_steep() -> None:
    steepest = []
    places = np.random.default_rng(0).uniform(-60.0, 60.0, (100, 2))
    for seed in range(150):
        waves = Terrain.draw(Dice(seed)).as_array()
        steepest.append(max(np.hypot(*ground_slope(waves, x, y)) for x, y in places))
    assert np.median(steepest) < 0.03
    assert np.quantile(steepest, 0.95) > 0.06
    assert max(steepest) < 0.22
