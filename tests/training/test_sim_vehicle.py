# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The vehicle under the sensor: how it sways, what of it is seen, where the sensor sits."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_training.simulation import (
    SENSORS,
    ActorClass,
    BodyDynamics,
    Mounting,
    OwnVehicle,
    SimulatedSweep,
    Simulation,
    Sway,
    box_scene,
)
from zeroflow_training.simulation.dice import Dice

F64 = npt.NDArray[np.float64]
EXACT = replace(SENSORS["HDL-64E"], range_noise_m=0.0)
SWAYING = BodyDynamics(
    roll=(Sway(math.radians(1.0), 1.4, 0.1),),
    pitch=(Sway(math.radians(1.2), 1.7, 0.3), Sway(math.radians(1.0), 2.5, 0.0, 0.15, 0.2)),
    heave=(Sway(0.04, 1.1, 0.2),),
)
ROOF = OwnVehicle(((-1.5, -0.8, 0.4, 0.9, 0.8, 1.5),))


def swaying(deskewed: bool = True, ego_speed: float = 10.0) -> Simulation:
    return Simulation(
        4,
        sensor=EXACT,
        scene=box_scene(5.0, ego_speed),
        mounting=Mounting(1.8, 0.5, -0.5),
        dynamics=SWAYING,
        deskewed=deskewed,
    )


def wall(sweep: SimulatedSweep) -> npt.NDArray[np.bool_]:
    # The mixed returns of edges are noise, and so not among these.
    return sweep.class_id == ActorClass.BUILDING


def test_walls_stay_flat_and_the_ground_level_while_the_vehicle_sways() -> None:
    simulation = swaying()
    for index in (0, 2):
        sweep = simulation.sweep(index)
        world = sweep.points @ sweep.pose[:3, :3].T + sweep.pose[:3, 3]
        sides = world[wall(sweep) & (world[:, 2] < 3.9)]
        assert len(sides) > 3000
        assert np.abs(np.abs(sides[:, 1]) - 9.0).max() < 1e-3
        assert np.abs(world[sweep.class_id == ActorClass.GROUND, 2]).max() < 1e-3


def test_pose_at_the_firing_puts_raw_points_on_the_wall() -> None:
    simulation = swaying(deskewed=False)
    sweep = simulation.sweep(1)
    chosen = np.flatnonzero(wall(sweep))[::400]
    assert len(chosen) > 20
    stamp = sweep.stamp_ns * 1e-9
    heights = []
    for point, offset in zip(sweep.points[chosen], sweep.time_offset[chosen], strict=True):
        pose = simulation.pose(stamp + float(offset))
        world = pose[:3, :3] @ point + pose[:3, 3]
        heights.append(pose[2, 3])
        assert world[2] > 3.99 or abs(abs(world[1]) - 9.0) < 1e-3
    assert np.ptp(heights) > 0.005  # it did sway within the sweep


def test_static_flow_is_zero_and_a_mover_keeps_its_own_under_sway() -> None:
    sweep = swaying().sweep(2)
    box = sweep.instance_id > 0
    assert box.sum() > 300
    assert (sweep.flow[~box] == 0.0).all()
    flow = sweep.flow[box] @ sweep.pose[:3, :3].T
    np.testing.assert_allclose(flow, np.tile([0.5, 0.0, 0.0], (len(flow), 1)), atol=1e-4)


def test_drawn_dynamics_stay_within_what_vehicles_do() -> None:
    times = np.linspace(-0.5, 1.0, 300)
    largest = []
    for seed in range(200):
        dynamics = BodyDynamics.draw(Dice(seed), 15.0, 0.5)
        rotations, heave = dynamics.poses(times)
        np.testing.assert_allclose(
            rotations @ rotations.transpose(0, 2, 1), [np.eye(3)] * 300, atol=1e-12
        )
        assert np.abs(heave).max() < 0.2
        assert np.abs(np.gradient(heave, times)).max() <= dynamics.fastest_m_s + 1e-6
        largest.append(np.degrees(np.arccos(np.clip(rotations[:, 2, 2], -1, 1)).max()))
    assert max(largest) < 4.5
    assert 0.2 < np.median(largest) < 1.2
    assert BodyDynamics.draw(Dice(1), 0.0, 0.5) == BodyDynamics()


@pytest.mark.parametrize("deskewed", [True, False])
def test_own_vehicle_is_seen_near_by_and_moves_along(deskewed: bool) -> None:
    # Straight on at 10 m/s, so flow with ego motion removed is one metre forward.
    mounting = Mounting(1.8, vehicle=ROOF)
    sweep = Simulation(
        4, sensor=EXACT, scene=box_scene(5.0, 10.0), mounting=mounting, deskewed=deskewed
    ).sweep(1)
    own = sweep.class_id == ActorClass.OWN_VEHICLE
    assert 500 < own.sum() < 0.3 * len(own)
    assert (sweep.instance_id[own] == 0).all()
    if not deskewed:
        assert np.linalg.norm(sweep.points[own], axis=1).max() < 3.0
        np.testing.assert_allclose(sweep.points[own, 2], -0.3, atol=1e-5)
    np.testing.assert_allclose(sweep.flow[own], np.tile([1.0, 0, 0], (own.sum(), 1)), atol=1e-4)


def test_own_vehicle_turns_with_the_sensor() -> None:
    simulation = Simulation(
        4,
        sensor=EXACT,
        scene=box_scene(5.0, 6.0),
        mounting=Mounting(1.8, vehicle=ROOF),
        dynamics=SWAYING,
        deskewed=False,
    )
    sweep = simulation.sweep(2)
    own = np.flatnonzero(sweep.class_id == ActorClass.OWN_VEHICLE)[::200]
    for row in own:
        point, time = sweep.points[row], 0.2 + float(sweep.time_offset[row])
        now, before = simulation.pose(time), simulation.pose(time - 0.1)
        moved = (now[:3, :3] - before[:3, :3]) @ point + now[:3, 3] - before[:3, 3]
        np.testing.assert_allclose(sweep.flow[row], sweep.pose[:3, :3].T @ moved, atol=1e-5)


def test_body_beside_the_sensor_hides_a_sector() -> None:
    body = ((-4.0, -0.9, 0.1, -0.2, 0.9, 2.5),)
    for delivered in (True, False):
        mounting = Mounting(0.7, vehicle=OwnVehicle(body, delivered))
        sweep = Simulation(
            4, sensor=EXACT, scene=box_scene(0.0, 0.0), mounting=mounting, deskewed=False
        ).sweep(0)
        own = sweep.class_id == ActorClass.OWN_VEHICLE
        assert own.any() == delivered
        azimuth = np.degrees(np.arctan2(sweep.points[~own, 1], sweep.points[~own, 0]))
        assert np.abs(azimuth).max() < 103.0  # atan(0.9 / 0.2) beyond the side
        assert np.abs(azimuth).max() > 95.0


def test_mountings_are_various_and_level_the_ground() -> None:
    mountings = [Mounting.draw(Dice(seed)) for seed in range(300)]
    heights = np.array([mounting.height_m for mounting in mountings])
    tilts = np.array([max(abs(m.roll_deg), abs(m.pitch_deg)) for m in mountings])
    assert heights.min() < 0.8
    assert heights.max() > 2.8
    assert 0.3 <= heights.min() < heights.max() <= 3.5
    assert 1.6 < np.median(heights) < 2.2
    assert np.quantile(tilts, 0.9) < 3.0
    assert 4.0 < tilts.max() <= 15.0
    assert 0.2 < np.mean([m.vehicle is not None for m in mountings]) < 0.6
    for mounting in (Mounting(1.7, 1.5, -2.0), Mounting(0.5, -12.0, 9.0, 140.0)):
        sweep = Simulation(1, sensor=EXACT, scene=box_scene(), mounting=mounting).sweep(0)
        ground = sweep.points[sweep.class_id == ActorClass.GROUND]
        level = ground @ sweep.sensor_to_level[:3, :3].T + sweep.sensor_to_level[:3, 3]
        assert len(ground) > 1000
        assert np.abs(level[:, 2]).max() < 0.01
