# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sweeps and their truth, on scenes whose answer is known."""

from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_training.simulation import (
    SENSORS,
    ActorClass,
    Mounting,
    Scene,
    SimulatedSweep,
    Simulation,
    box_scene,
)
from zeroflow_training.simulation.dice import Dice
from zeroflow_training.simulation.motion import EgoPath, Motion
from zeroflow_training.simulation.place import Place
from zeroflow_training.simulation.terrain import Terrain, ground_height
from zeroflow_training.simulation.world import Swing, WorldBuilder

Points = npt.NDArray[np.floating]
HDL = SENSORS["HDL-64E"]
LEVEL = Mounting(1.8, 0.0, 0.0)
TILTED = Mounting(1.8, 1.2, -1.5)
INTERVAL = 0.1


def to_world(sweep: SimulatedSweep) -> Points:
    return sweep.points @ sweep.pose[:3, :3].T + sweep.pose[:3, 3]


def world_flow(sweep: SimulatedSweep) -> Points:
    return sweep.flow @ sweep.pose[:3, :3].T


def simulate_box(scene: Scene, **options: bool) -> Simulation:
    return Simulation(4, sensor=HDL, scene=scene, mounting=TILTED, **options)


@pytest.mark.parametrize("index", [0, 3])
@pytest.mark.parametrize("heading", [0.0, 0.7, np.pi])
def test_flow_is_velocity_times_interval(index: int, heading: float) -> None:
    sweep = simulate_box(box_scene(5.0, 10.0, heading=heading)).sweep(index)
    box = sweep.instance_id == 1
    assert box.sum() > 300
    expected = 5.0 * INTERVAL * np.array([np.cos(heading), np.sin(heading), 0.0])
    np.testing.assert_allclose(world_flow(sweep)[box], np.tile(expected, (box.sum(), 1)), atol=1e-4)
    assert (sweep.flow[~box] == 0.0).all()
    assert (sweep.class_id == ActorClass.BUILDING).sum() > 1000


def test_static_points_of_two_sweeps_coincide_with_the_walls() -> None:
    simulation = simulate_box(box_scene(5.0, 10.0, wall_distance=9.0))
    assert np.linalg.norm(simulation.sweep(3).pose[:3, 3] - simulation.sweep(2).pose[:3, 3]) == (
        pytest.approx(1.0, abs=1e-9)
    )
    for index in (2, 3):
        sweep = simulation.sweep(index)
        points = to_world(sweep)
        wall = (sweep.class_id == ActorClass.BUILDING) & (points[:, 2] < 3.9)
        assert np.abs(np.abs(points[wall, 1]) - 9.0).max() < 4.0 * HDL.range_noise_m
        ground = points[sweep.class_id == ActorClass.GROUND]
        assert np.abs(ground[:, 2]).max() < 4.0 * HDL.range_noise_m


def test_undoing_the_flow_leads_to_the_surface_before() -> None:
    size, position, yaw_rate = (4.5, 1.9, 1.6), (12.0, 4.0), 0.5
    scene = box_scene(6.0, 8.0, heading=0.4, yaw_rate=yaw_rate, position=position, size=size)
    sweep = simulate_box(scene).sweep(2)
    box = sweep.instance_id == 1
    before = (to_world(sweep) - world_flow(sweep))[box]
    time = 2 * INTERVAL + sweep.time_offset[box] - INTERVAL
    # Closed form of the arc the box drives along.
    yaw = 0.4 + yaw_rate * time
    x = position[0] + 6.0 / yaw_rate * (np.sin(yaw) - np.sin(0.4))
    y = position[1] - 6.0 / yaw_rate * (np.cos(yaw) - np.cos(0.4))
    dx, dy = before[:, 0] - x, before[:, 1] - y
    ahead = np.abs(np.cos(yaw) * dx + np.sin(yaw) * dy) - size[0] / 2
    aside = np.abs(np.cos(yaw) * dy - np.sin(yaw) * dx) - size[1] / 2
    above = before[:, 2] - size[2]
    outside = np.maximum(np.maximum(ahead, aside), above)
    assert np.abs(outside).max() < 4.0 * HDL.range_noise_m
    assert np.linalg.norm(sweep.flow[box], axis=1).min() > 0.5


def test_flow_of_a_swinging_limb_is_its_own() -> None:
    world = WorldBuilder()
    walk = Motion(1.2)
    body = world.body(Place(6.0, 0.0, 0.0, walk), ActorClass.PEDESTRIAN, half_range=1e3)
    world.ellipsoid(body, (0.0, 0.0, 1.0), (0.3, 0.3, 0.9), Swing(0.4, 0.25, 0.1))
    sweep = Simulation(4, sensor=HDL, scene=Scene(world.build(), EgoPath()), mounting=TILTED).sweep(
        3
    )
    limb = sweep.instance_id == 1
    assert limb.sum() > 200
    time = 3 * INTERVAL + sweep.time_offset[limb].astype(np.float64)
    # Half a turn of 0.4 m each way in two metres of walk: back at 0.4 of the body's speed.
    assert (0.25 * 1.2 * time + 0.1 < 0.5).all()
    expected = 0.6 * 1.2 * INTERVAL * np.tile([1.0, 0.0, 0.0], (len(time), 1))
    np.testing.assert_allclose(world_flow(sweep)[limb], expected, atol=1e-5)


def test_ground_slope_shows_in_the_flow() -> None:
    terrain = Terrain((0.4, 1.0 / 60.0, 0.1, 0.0, 0.0, 0.0))
    sweep = simulate_box(box_scene(8.0, 4.0, terrain=terrain)).sweep(1)
    box = sweep.instance_id == 1
    time = INTERVAL + sweep.time_offset[box].astype(np.float64)
    waves = terrain.as_array()
    now = np.array([ground_height(waves, 12.0 + 8.0 * t, 4.0) for t in time])
    before = np.array([ground_height(waves, 12.0 + 8.0 * (t - INTERVAL), 4.0) for t in time])
    assert np.abs(now - before).max() > 0.01
    np.testing.assert_allclose(world_flow(sweep)[box, 2], now - before, atol=1e-5)


def test_standing_vehicle_keeps_its_pose_and_sees_the_same_walls() -> None:
    simulation = simulate_box(box_scene(5.0, 0.0))
    first, second = simulation.sweeps(2)
    np.testing.assert_allclose(first.pose, second.pose, atol=1e-12)
    assert first.stamp_ns == 0
    assert second.stamp_ns == 100_000_000
    np.testing.assert_allclose(first.pose[:3, 3], [0.0, 0.0, 1.8], atol=1e-9)


def test_raw_sweeps_are_those_of_the_moving_sensor() -> None:
    scene = box_scene(5.0, 10.0)
    simulation = Simulation(4, sensor=HDL, scene=scene, mounting=LEVEL, deskewed=False)
    raw = simulation.sweep(2)
    deskewed = Simulation(4, sensor=HDL, scene=scene, mounting=LEVEL).sweep(2)
    # The vehicle drives straight on at 10 m/s: deskewing adds the way since the stamp.
    moved = raw.points + 10.0 * raw.time_offset[:, None] * np.array([1.0, 0.0, 0.0])
    np.testing.assert_allclose(moved, deskewed.points, atol=1e-4)
    np.testing.assert_array_equal(raw.flow, deskewed.flow)


def test_time_reversal_turns_every_velocity() -> None:
    forward = simulate_box(box_scene(5.0, 10.0)).sweep(2)
    backward = simulate_box(box_scene(5.0, 10.0), time_reversed=True).sweep(2)
    box = backward.instance_id == 1
    np.testing.assert_allclose(
        world_flow(backward)[box], np.tile([-0.5, 0.0, 0.0], (box.sum(), 1)), atol=1e-4
    )
    np.testing.assert_allclose(backward.pose[:3, 3], [-2.0, 0.0, 1.8], atol=1e-9)
    assert backward.stamp_ns == forward.stamp_ns
    # The lidar itself goes on spinning forwards.
    assert backward.time_offset.min() == forward.time_offset.min() == 0.0
    points = to_world(backward)[box]
    assert 12.0 - 1.0 - 0.5 - 2.4 < points[:, 0].min() < 12.0 - 1.0 - 2.1


def test_nothing_is_seen_behind_a_wall() -> None:
    world = WorldBuilder()
    wall = world.body(Place(10.0), ActorClass.BUILDING, half_range=1e3)
    world.box(wall, (0.0, 0.0, -1.0), (0.3, 20.0, 9.0))
    sideways = Motion(3.0, course=np.pi / 2)
    hidden = world.body(Place(15.0, motion=sideways), ActorClass.CAR)
    world.box(hidden, (0.0, 0.0, 0.0), (2.0, 4.0, 3.0))
    visible = world.body(Place(-15.0), ActorClass.CAR)
    world.box(visible, (0.0, 0.0, 0.0), (2.0, 4.0, 3.0))
    scene = Scene(world.build(), EgoPath())
    for sweep in Simulation(2, sensor=HDL, scene=scene, mounting=LEVEL).sweeps(3):
        seen = set(np.unique(sweep.instance_id))
        assert 1 not in seen
        assert 2 in seen
        azimuth = np.arctan2(sweep.points[:, 1], sweep.points[:, 0])
        behind = (np.abs(azimuth) < 0.7) & (sweep.points[:, 0] > 10.6)
        assert not behind.any()


def test_same_seed_same_bits_other_seed_other_world() -> None:
    first, again, other = (Simulation(seed) for seed in (11, 11, 12))
    again.sweep(0)  # the order of asking must not matter
    for field in fields(SimulatedSweep):
        a, b = getattr(first.sweep(1), field.name), getattr(again.sweep(1), field.name)
        np.testing.assert_array_equal(a, b, err_msg=field.name)
    ours, theirs = first.sweep(1).points, other.sweep(1).points
    assert len(ours) != len(theirs) or not np.allclose(ours, theirs)


def test_noise_differs_between_sweeps() -> None:
    first, second = simulate_box(box_scene(0.0, 0.0)).sweeps(2)
    assert len(first.points) != len(second.points) or (first.points != second.points).any()


@pytest.mark.parametrize("seed", range(16))
def test_random_scenes_keep_their_contracts(seed: int) -> None:
    simulation = Simulation(seed, deskewed=seed % 3 != 0, time_reversed=seed % 4 == 1)
    for sweep in simulation.sweeps(2):
        count = len(sweep.points)
        assert count > 1500
        assert sweep.points.dtype == sweep.flow.dtype == sweep.intensity.dtype == np.float32
        assert sweep.points.shape == sweep.flow.shape == (count, 3)
        for values in (sweep.points, sweep.flow, sweep.intensity, sweep.time_offset, sweep.pose):
            assert np.isfinite(values).all()
        for values in (sweep.intensity, sweep.time_offset, sweep.class_id, sweep.instance_id):
            assert values.shape == (count,)
        assert sweep.class_id.dtype == np.uint8
        assert sweep.instance_id.dtype == np.int32
        assert 0.0 <= sweep.intensity.min() <= sweep.intensity.max() <= 255.0
        assert np.ptp(sweep.time_offset) < INTERVAL
        assert np.abs(sweep.time_offset).max() <= INTERVAL
        own = sweep.class_id == ActorClass.OWN_VEHICLE
        actor = (sweep.class_id >= ActorClass.CAR) & (sweep.class_id < ActorClass.MIXED)
        np.testing.assert_array_equal(actor, sweep.instance_id > 0)
        assert (sweep.flow[~actor & ~own] == 0.0).all()
        assert np.linalg.norm(sweep.flow, axis=1).max() < 4.0
        rotation = sweep.pose[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(rotation) == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(8))
def test_levelled_ground_is_near_zero(seed: int) -> None:
    # The vehicle could hide all of the ground near by.
    mounting = replace(Mounting.draw(Dice(f"mounting {seed}")), vehicle=None)
    sweep = Simulation(seed, sensor=SENSORS["OS1-64"], mounting=mounting).sweep(0)
    level = sweep.points @ sweep.sensor_to_level[:3, :3].T + sweep.sensor_to_level[:3, 3]
    near = (sweep.class_id == ActorClass.GROUND) & (np.linalg.norm(level[:, :2], axis=1) < 8.0)
    assert near.sum() > 50
    assert np.quantile(np.abs(level[near, 2]), 0.99) < 0.5


def test_what_straddles_a_moving_edge_has_no_motion_and_a_standing_edge_does() -> None:
    def between(speed: float) -> tuple[int, int]:
        sweep = Simulation(4, sensor=SENSORS["OS1-128"], scene=box_scene(speed)).sweep(2)
        mixed = sweep.class_id == ActorClass.MIXED
        if mixed.any():
            on_box = sweep.points[sweep.instance_id > 0]
            ways = sweep.points[mixed][:, None] - on_box[None]
            assert np.linalg.norm(ways, axis=2).min(1).max() < 2.5  # the length of a pulse
        still = sweep.class_id == ActorClass.NOISE
        assert not sweep.flow[mixed | still].any()
        return int(mixed.sum()), int(still.sum())

    mixed, other_edges = between(5.0)
    assert mixed > 10
    assert other_edges > 20
    none, all_edges = between(0.0)
    assert none == 0
    assert all_edges == pytest.approx(mixed + other_edges, rel=0.25)


def test_scenes_differ_and_move() -> None:
    moving = []
    classes: set[int] = set()
    for seed in range(24):
        sweep = Simulation(seed, sensor=SENSORS["OS1-64"]).sweep(1)
        moving.append(float((np.linalg.norm(sweep.flow, axis=1) > 0.05).mean()))
        classes |= set(np.unique(sweep.class_id).tolist())
    assert 0.01 < np.mean(moving) < 0.3
    assert np.mean(np.array(moving) > 0.0) > 0.8
    # The rarer actors are promised by test_scenes.py; two dozen scenes need not have them all.
    assert classes >= set(range(ActorClass.CYCLIST + 1)) - {ActorClass.NOISE}


def test_long_scene_keeps_traffic_around() -> None:
    moving_ego = next(
        simulation
        for simulation in (
            Simulation(s, sensor=SENSORS["VLP-16"], duration_s=12.0) for s in range(50)
        )
        if simulation.scene.ego.motion.speed > 10.0
    )
    for index in (0, 60, 119):
        sweep = moving_ego.sweep(index)
        assert (sweep.instance_id > 0).sum() > 20
        assert ((sweep.class_id > 0) & (sweep.instance_id == 0)).sum() > 500


def test_flow_spans_one_interval_of_the_rate() -> None:
    simulation = Simulation(4, sensor=HDL, scene=box_scene(5.0, 10.0), rate_hz=20.0)
    sweep = simulation.sweep(2)
    assert sweep.stamp_ns == 100_000_000
    box = sweep.instance_id == 1
    np.testing.assert_allclose(np.linalg.norm(sweep.flow[box], axis=1), 0.25, atol=1e-4)


def test_polytopes_with_too_many_faces_are_refused() -> None:
    world = WorldBuilder()
    body = world.body(Place(), ActorClass.POLE)
    with pytest.raises(ValueError, match="at most 32 faces"):
        world.cylinder(body, (0.0, 0.0, 0.0), 1.0, 1.0, sides=31)


def test_flow_may_span_two_revolutions() -> None:
    simulation = Simulation(0, scene=box_scene(5.0), rate_hz=20.0, interval_s=0.1)
    sweep = simulation.sweep(4)
    assert sweep.stamp_ns == 200_000_000
    flow = sweep.flow[sweep.instance_id > 0]
    np.testing.assert_allclose(np.linalg.norm(flow, axis=1), 0.5, atol=1e-3)
