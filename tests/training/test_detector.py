# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses, errors and faults of the measurement: as many as were asked for."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_training.simulation import SENSORS, ActorClass, Mounting, Simulation, box_scene
from zeroflow_training.simulation.detector import (
    BLURRED,
    SPECK,
    Detector,
    Faults,
    draw_detector,
    measure,
)
from zeroflow_training.simulation.dice import Dice
from zeroflow_training.simulation.noise import noise_state
from zeroflow_training.simulation.raycast import NO_RETURN
from zeroflow_training.simulation.shapes import FAR

RAYS = 20_000
PLAIN = Detector(
    max_range=100.0,
    sight=1.0,
    range_noise=0.0,
    bias=np.zeros(2),
    lost=0.0,
    haze=0.0,
    ground_gain=100.0,
    ground_half_range=100.0,
    ground_reflectivity=20.0,
    mixed=0.0,
    ghosts=0.0,
    specks=0.0,
    speck_reach=5.0,
    gain=1.0,
    fading=0.0,
)


def measured(
    detector: Detector, *, distance: float = 20.0, step: float = 0.0, beam: int = 0
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Distances and hits of many rays at one surface, a primitive with index 5."""
    state = noise_state(1)
    rows = [measure(5, beam, distance, step, 1.0, 1000.0, detector, state) for _ in range(RAYS)]
    distances, hits = np.array(rows).T
    return distances, hits


@pytest.mark.parametrize("lost", [0.0, 0.05, 0.3])
def test_as_many_returns_are_lost_as_asked(lost: float) -> None:
    _, hits = measured(PLAIN._replace(lost=lost))
    assert (hits == NO_RETURN).mean() == pytest.approx(lost, abs=0.01)


def test_fog_takes_more_from_far_away() -> None:
    for distance in (10.0, 50.0):
        _, hits = measured(PLAIN._replace(haze=0.02), distance=distance)
        assert (hits == 5).mean() == pytest.approx(np.exp(-0.02 * distance), abs=0.015)


def test_specks_hang_in_front_of_the_surface() -> None:
    distances, hits = measured(PLAIN._replace(specks=0.1), distance=20.0)
    assert (hits == SPECK).mean() == pytest.approx(0.1 * (1 - np.exp(-19.0 / 5.0)), abs=0.01)
    assert 1.0 <= distances[hits == SPECK].min() < distances[hits == SPECK].max() < 20.0


def test_edges_mix_and_panes_show_ghosts() -> None:
    distances, hits = measured(PLAIN._replace(mixed=0.2), step=2.0)
    assert (hits == BLURRED).mean() == pytest.approx(0.2, abs=0.01)
    assert 20.0 < distances[hits == BLURRED].min() < distances[hits == BLURRED].max() < 22.0
    _, hits = measured(PLAIN._replace(mixed=0.2), step=4.0)  # two returns the sensor can tell
    assert not (hits == BLURRED).any()
    distances, hits = measured(PLAIN._replace(ghosts=0.05))
    assert (hits == BLURRED).mean() == pytest.approx(0.05, abs=0.01)
    assert distances[hits == BLURRED].min() > 21.0


def test_each_laser_has_its_own_range_error() -> None:
    detector = PLAIN._replace(bias=np.array([0.0, 0.03]), range_noise=0.01)
    for beam, error in ((0, 0.0), (1, 0.03)):
        distances, _ = measured(detector, beam=beam)
        assert distances.mean() == pytest.approx(20.0 + error, abs=0.001)
        assert distances.std() == pytest.approx(0.01, rel=0.05)
    sensor = replace(SENSORS["HDL-64E"], range_noise_m=0.0, range_bias_m=0.02)
    sweep = Simulation(
        4, sensor=sensor, scene=box_scene(), mounting=Mounting(1.8), deskewed=False
    ).sweep(0)
    wall = sweep.points[sweep.class_id == ActorClass.BUILDING]
    wall = wall[np.abs(wall[:, 0]) < 4.0]
    beam = np.round(np.degrees(np.arctan2(wall[:, 2], np.hypot(wall[:, 0], wall[:, 1]))), 2)
    errors = np.abs(wall[:, 1]) - 9.0
    assert 0.008 < np.std([errors[beam == b].mean() for b in np.unique(beam)]) < 0.035
    assert max(errors[beam == b].std() for b in np.unique(beam)) < 0.002


def test_dead_lasers_and_lost_packets_measure_nothing() -> None:
    head = SENSORS["HDL-64E"].heads[0]
    faults = Faults(lasers_dead=0.25, packets_lost=0.1)
    gone = []
    for seed in range(40):
        dead = faults.dead_lasers(head, Dice(seed))
        limits = np.full((head.columns, head.beams), FAR)
        faults.apply(limits, dead, Dice(f"sweep {seed}"))
        assert (limits[:, dead] == 0.0).all()
        missing = (limits[:, ~dead] == 0.0).all(1)
        assert ((limits[:, ~dead] == 0.0).any(1) == missing).all()
        # Packets are blocks of neighbouring columns.
        assert np.diff(missing.astype(int)).clip(0).sum() <= missing.sum() / 20
        gone.append((dead.mean(), missing.mean()))
    lasers, columns = np.mean(gone, axis=0)
    assert lasers == pytest.approx(0.25, abs=0.04)
    assert columns == pytest.approx(0.1, abs=0.03)


def test_fine_days_are_fine_and_others_are_not() -> None:
    sensor = SENSORS["HDL-64E"]
    fine = [draw_detector(sensor, Dice(seed), fine=True) for seed in range(100)]
    drawn = [draw_detector(sensor, Dice(seed), fine=False) for seed in range(200)]
    assert all(d.haze == d.ghosts == 0.0 and d.specks < 0.001 for d in fine)
    assert 0.03 < np.mean([d.haze > 0.0 for d in drawn]) < 0.15
    assert np.quantile([d.lost for d in drawn], 0.9) < 0.15
