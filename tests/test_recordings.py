# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundled student on real lidars that it has never seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zeroflow_ros.deskew import Deskewing
from zeroflow_ros.estimator import FlowEstimator
from zeroflow_ros.flow import FlowStatus
from zeroflow_ros.sweep import PosedSweep
from zeroflow_training.evaluation.intersection import intersection_tables
from zeroflow_training.evaluation.recordings import (
    CAR_SPEED_MPS,
    STILL,
    answers,
    moving_share,
    passing_car,
    read_sweeps,
)


@pytest.mark.parametrize("model", [None, "zeroflow-rt", "zeroflow-rt-2", "zeroflow-rt-2_int8"])
def test_intersection_against_its_truth(recordings: Path, model: str | None) -> None:
    for rows in intersection_tables(recordings, model).values():
        assert rows["model"]["dynamic_points"] > 1000
        # Zero flow reads 1.0 and 0 %, nearest neighbours 0.80 and 54 %.
        assert rows["model"]["dynamic_epe_normalised"] < 0.15
        assert rows["model"]["false_motion"] < 0.02
        assert rows["zero flow"]["dynamic_epe_normalised"] == pytest.approx(1.0)
        assert rows["nearest neighbour"]["dynamic_epe_normalised"] == pytest.approx(0.80, abs=0.01)


@pytest.mark.parametrize("name", STILL)
def test_nothing_moves_where_nothing_moves(recordings: Path, name: str) -> None:
    share = moving_share(answers(recordings, name, None))
    assert share.sweeps >= 2
    assert share.moving_share < 0.02


def test_a_raw_recording_is_deskewed_once(recordings: Path) -> None:
    sweeps, ego_motion = read_sweeps(recordings, "street_os1_128")
    poses = [ego_motion.pose(sweep.stamp_ns) for sweep in sweeps]
    posed = [PosedSweep(*pair) for pair in zip(sweeps, poses, strict=True) if pair[1] is not None]
    once, again = Deskewing(), Deskewing()
    straight = [ready for one in posed for ready in once.add(one)]
    assert len(straight) == len(sweeps) == 3
    for raw, found in zip(posed, straight, strict=True):
        bent = np.linalg.norm(found.sweep.points - raw.sweep.points, axis=1)
        assert 0.1 < np.nanmedian(bent) < 0.2  # 2.5 m/s, half of 0.1 s from the stamp
    assert [ready for one in straight for ready in again.add(one)] == straight


@pytest.mark.parametrize("name", ["street_os1_128", "parked_vlp16"])
def test_flow_is_the_same_after_sweeps_that_were_only_observed(recordings: Path, name: str) -> None:
    sweeps, ego_motion = read_sweeps(recordings, name)
    *earlier, newest = sweeps[:3]
    asked, observed = (FlowEstimator(ego_motion=ego_motion) for _ in range(2))
    for sweep in earlier:
        asked.update(sweep)
        observed.observe(sweep)
    expected, found = asked.update(newest), observed.update(newest)
    assert found.status is FlowStatus.ESTIMATED
    assert found.valid.sum() > 5000
    np.testing.assert_array_equal(found.displacement, expected.displacement)
    np.testing.assert_array_equal(found.valid, expected.valid)


def test_the_passing_car(recordings: Path) -> None:
    car = passing_car(recordings, None)
    assert car.car_points > 1000
    assert 0.8 * CAR_SPEED_MPS < car.car_speed_mps < 1.2 * CAR_SPEED_MPS
    assert car.surroundings.moving_share < 0.01
