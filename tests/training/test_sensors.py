# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Beam tables, scan patterns and random sensors."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_training.simulation import (
    SENSORS,
    Mounting,
    SensorModel,
    SimulatedSweep,
    Simulation,
    box_scene,
    random_sensor,
)
from zeroflow_training.simulation.dice import Dice

F64 = npt.NDArray[np.float64]
BEAMS = {
    "VLP-16": 16,
    "VLP-32C": 32,
    "HDL-32E": 32,
    "HDL-64E": 64,
    "VLS-128": 128,
    "OS0-64": 64,
    "OS0-128": 128,
    "OS1-64": 64,
    "OS1-128": 128,
    "OS2-128": 128,
    "DUAL-32": 64,
    "Pandar64": 64,
    "Pandar40P": 40,
    "Pandar128": 128,
    "XT32": 32,
    "QT64": 64,
    "AT128": 128,
    "Helios-32": 32,
    "Ruby-128": 128,
    "Mid-360": 16,
    "Avia": 30,
    "Horizon": 30,
}
ROSETTES = ("Mid-360", "Avia", "Horizon")
LEVEL = Mounting(1.8, 0.0, 0.0)


def render(model: SensorModel, index: int = 0, **options: bool) -> SimulatedSweep:
    return Simulation(3, sensor=model, scene=box_scene(), mounting=LEVEL, **options).sweep(index)


def angles(sweep: SimulatedSweep) -> tuple[F64, F64]:
    """Azimuth and elevation (deg) of each point, seen from the sensor."""
    x, y, z = sweep.points.astype(np.float64).T
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def test_registry_holds_the_expected_sensors() -> None:
    assert {name: model.beams for name, model in SENSORS.items()} == BEAMS


@pytest.mark.parametrize("name", BEAMS)
def test_beams_ascend(name: str) -> None:
    for head in SENSORS[name].heads:
        assert (np.diff(head.elevations_deg) > 0.0).all()


@pytest.mark.parametrize("name", BEAMS)
def test_every_sensor_sees_the_scene(name: str) -> None:
    model = SENSORS[name]
    sweep = render(model)
    rays = sum(head.beams * head.columns for head in model.heads)
    assert 0.15 * rays < len(sweep.points) <= rays
    assert np.isfinite(sweep.points).all()
    # Deskewing adds what the vehicle drives during a revolution; ranges have errors.
    assert np.linalg.norm(sweep.points, axis=1).max() < model.max_range_m + 1.2
    assert set(np.unique(sweep.class_id)) >= {0, 1, 7}
    assert 0.0 <= sweep.time_offset.min() < 0.005
    assert 0.09 < sweep.time_offset.max() < 0.1


@pytest.mark.parametrize("name", sorted(set(BEAMS) - {*ROSETTES, "DUAL-32"}))
def test_points_lie_on_the_beam_table(name: str) -> None:
    # Raw points are in the frame of their firing, so range errors do not change their direction.
    _, elevation = angles(render(SENSORS[name], deskewed=False))
    table = np.sort(np.concatenate([head.elevations_deg for head in SENSORS[name].heads]))
    nearest = np.abs(elevation[:, None] - table).argmin(1)
    assert np.abs(elevation - table[nearest]).max() < 1e-3
    hit = np.bincount(nearest, minlength=len(table)) > 0
    # What looks down meets the ground; dead lasers are rare.
    assert hit[(table < -8.0)].mean() > 0.8


def test_azimuths_are_columns_and_neighbouring_beams_share_none() -> None:
    azimuth, elevation = angles(render(SENSORS["OS1-64"], deskewed=False))
    table = np.linspace(-22.5, 22.5, 64)
    beam = np.abs(elevation[:, None] - table).argmin(1)
    step = 360.0 / 1024
    phases = []
    for k in (0, 1, 2, 3, 4):
        phase = azimuth[beam == k] / step
        phases.append(np.angle(np.exp(2j * np.pi * phase)) / (2 * np.pi))
        assert np.abs(np.exp(2j * np.pi * (phase - phases[-1][0])) - 1).max() < 0.05
    first = np.array([phase[0] for phase in phases])
    apart = np.abs(np.exp(2j * np.pi * np.diff(first)) - 1)
    assert (apart > 0.1).any()
    assert np.abs(np.exp(2j * np.pi * (first[4] - first[0])) - 1) < 0.05


def test_limited_field_of_view_is_respected() -> None:
    for name, half in (("AT128", 60.0), ("Avia", 35.0), ("Horizon", 41.0)):
        azimuth, _ = angles(render(SENSORS[name], deskewed=False))
        assert np.abs(azimuth).max() <= half + 0.2
        assert np.ptp(azimuth) > 2 * half - 2.0
    turned = Simulation(
        3,
        sensor=SENSORS["AT128"],
        scene=box_scene(),
        mounting=Mounting(1.8, yaw_deg=90.0),
        deskewed=False,
    ).sweep(0)
    level = turned.points @ turned.sensor_to_level[:3, :3].T
    assert level[:, 1].min() > 0.0


@pytest.mark.parametrize("name", ROSETTES)
def test_rosettes_do_not_repeat(name: str) -> None:
    model = replace(SENSORS[name], range_noise_m=0.0)
    simulation = Simulation(3, sensor=model, scene=box_scene(0.0, 0.0), mounting=LEVEL)

    def cells(index: int) -> set[tuple[int, int]]:
        found = np.floor(np.stack(angles(simulation.sweep(index)), 1) / 0.3).astype(int)
        return set(map(tuple, found.tolist()))

    views = [cells(index) for index in range(10)]
    everything = set().union(*views)
    assert len(everything) > 1.3 * max(map(len, views))
    shared = len(views[0] & views[1]) / len(views[0] | views[1])
    assert shared < 0.8


def test_mid_360_looks_up_more_than_down() -> None:
    _, elevation = angles(render(SENSORS["Mid-360"], deskewed=False))
    assert -7.6 < elevation.min() < -6.0
    tangents, middle = SENSORS["Mid-360"].heads[0].directions(0)
    assert np.degrees(np.arctan(middle.max() + tangents[-1])) == pytest.approx(52.0, abs=1.5)


def test_rosettes_see_a_place_at_several_times() -> None:
    sweep = render(SENSORS["Mid-360"])
    azimuth, _ = angles(sweep)
    assert np.ptp(sweep.time_offset[np.abs(azimuth - 90.0) < 2.0]) > 0.05


def test_flipped_head_turns_the_other_way() -> None:
    upper, lower = SENSORS["DUAL-32"].heads
    assert upper.clockwise != lower.clockwise
    assert upper.turret != lower.turret
    np.testing.assert_allclose(
        np.array(lower.elevations_deg), -np.array(upper.elevations_deg)[::-1]
    )


def test_random_sensors_are_sane_and_various() -> None:
    models = [random_sensor(Dice(seed)) for seed in range(200)]
    for model in models:
        for head in model.heads:
            elevations = np.array(head.elevations_deg)
            assert (np.diff(elevations) > 0.0).all()
            assert -53.0 <= elevations[0] < -5.0
            assert 1.0 <= elevations[-1] <= 53.0
            assert 300 <= head.columns <= 2400
        assert 14 <= model.beams <= 256
    assert 0.03 < np.mean([not model.heads[0].all_round for model in models]) < 0.25
    assert 0.05 < np.mean([len({h.turret for h in model.heads}) == 2 for model in models]) < 0.25
