# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Beam tables, mountings and random sensors."""

import numpy as np
import pytest

from zeroflow_training.simulation import SENSORS, Mounting, Simulation, box_scene, random_sensor
from zeroflow_training.simulation.dice import Dice

BEAMS = {
    "VLP-16": 16,
    "VLP-32C": 32,
    "HDL-64E": 64,
    "VLS-128": 128,
    "OS1-64": 64,
    "OS1-128": 128,
    "DUAL-32": 64,
    "Pandar64": 64,
    "XT32": 32,
}


def test_registry_holds_the_expected_sensors() -> None:
    assert {name: model.beams for name, model in SENSORS.items()} == BEAMS


@pytest.mark.parametrize("name", BEAMS)
def test_beams_ascend_and_reach_the_ground(name: str) -> None:
    for head in SENSORS[name].heads:
        elevations = np.array(head.elevations_deg)
        assert (np.diff(elevations) > 0.0).all()
        assert elevations[0] <= -15.0
        assert elevations[-1] <= 25.0


@pytest.mark.parametrize("name", BEAMS)
def test_every_sensor_sees_the_scene(name: str) -> None:
    model = SENSORS[name]
    sweep = Simulation(3, sensor=model, scene=box_scene()).sweep(0)
    rays = sum(head.beams * head.columns for head in model.heads)
    assert 0.15 * rays < len(sweep.points) <= rays
    assert np.isfinite(sweep.points).all()
    # Deskewing adds what the vehicle drives during a revolution.
    assert np.linalg.norm(sweep.points, axis=1).max() < model.max_range_m + 1.1
    assert set(np.unique(sweep.class_id)) >= {0, 1, 7}


def test_flipped_head_turns_the_other_way() -> None:
    upper, lower = SENSORS["DUAL-32"].heads
    assert upper.clockwise != lower.clockwise
    np.testing.assert_allclose(
        np.array(lower.elevations_deg), -np.array(upper.elevations_deg)[::-1]
    )


@pytest.mark.parametrize("seed", range(20))
def test_random_sensors_are_sane(seed: int) -> None:
    model = random_sensor(Dice(seed))
    elevations = np.array(model.heads[0].elevations_deg)
    assert (np.diff(elevations) > 0.0).all()
    assert -30.0 <= elevations[0] <= -14.0
    assert 2.0 <= elevations[-1] <= 18.0
    assert 900 <= model.heads[0].columns <= 2000


def test_mounting_levels_the_ground() -> None:
    mounting = Mounting(height_m=1.7, roll_deg=1.5, pitch_deg=-2.0)
    sweep = Simulation(1, sensor=SENSORS["OS1-64"], scene=box_scene(), mounting=mounting).sweep(0)
    ground = sweep.points[sweep.class_id == 0]
    level = ground @ sweep.sensor_to_level[:3, :3].T + sweep.sensor_to_level[:3, 3]
    noise = SENSORS["OS1-64"].range_noise_m
    assert np.abs(level[:, 2]).max() < 4.0 * noise
    assert abs(ground[:, 2].mean() + 1.7) > 0.005 or np.ptp(ground[:, 2]) > 0.5  # it was tilted
