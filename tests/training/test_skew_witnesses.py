# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lidars of the simulation, raw and deskewed, are told apart by one sweep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zeroflow_ros.deskew import CERTAIN, Path
from zeroflow_ros.geometry import invert
from zeroflow_ros.skew_witnesses import was_straight
from zeroflow_training.evaluation.frozen_worlds import DEVELOPMENT_SEED, SENSORS, frozen_worlds

LEAST_M = 0.2  # in the tenth of a second


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("deskewed", [False, True])
def test_a_sweep_of_any_lidar_tells_what_it_is(sensor: str, deskewed: bool) -> None:
    for world in frozen_worlds(sensor, 5, DEVELOPMENT_SEED):
        before, now = replace(world, deskewed=deskewed).sweeps(0.0)[-2:]
        motion = invert(before.pose) @ now.pose
        if np.linalg.norm(motion[:3, 3]) < LEAST_M:
            continue
        path = Path.over(now.time_offset, motion, 0.1)
        vote = was_straight(now.points, now.time_offset, path.straight)
        assert (vote > 0) == deskewed
        assert abs(vote) > CERTAIN
        return
    pytest.fail("no world of five in which the vehicle moves")
