# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From simulated sweeps to batches: frames, rows, seeds."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.pillars import FEATURES, PillarGrid
from zeroflow_training.data.augmentation import crop, forget
from zeroflow_training.data.batch import (
    POINTS_PER_BIN,
    Encoded,
    PillarEncoding,
    collate,
    encode,
)
from zeroflow_training.data.levelled import level_error, pose_errors
from zeroflow_training.data.sample import TrainingSample
from zeroflow_training.data.seeds import SEEDS_PER_WORKER, TEST_SEEDS, WORKERS
from zeroflow_training.data.simulated import (
    SimulatedSamples,
    _stale_errors,
    levelled_sample,
    require_seeds,
    scenes_for,
    simulated_sample,
)
from zeroflow_training.simulation.beam_tables import SENSORS
from zeroflow_training.simulation.classes import ActorClass
from zeroflow_training.simulation.dynamics import BodyDynamics, Sway
from zeroflow_training.simulation.motion import EgoPath, Motion
from zeroflow_training.simulation.mounting import Mounting
from zeroflow_training.simulation.own_vehicle import OwnVehicle
from zeroflow_training.simulation.scenes import box_scene
from zeroflow_training.simulation.simulator import SimulatedSweep, Simulation

GRID = PillarGrid(range_m=12.8, cell_m=0.4, z_min_m=-1.5, z_max_m=4.5)
CELLS = 64 * 64
EXACT = [np.eye(4)]


def rendered_pair(speed: float) -> list[SimulatedSweep]:
    """A box between walls, seen without range noise from a tilted sensor on a turning vehicle."""
    scene = box_scene(speed, heading=0.4, wall_distance=10.0)
    scene = replace(scene, ego=EgoPath(0.05, Motion(10.0, curvature=0.03)))
    simulation = Simulation(
        5,
        sensor=replace(SENSORS["HDL-64E"], range_noise_m=0.0),
        scene=scene,
        mounting=Mounting(1.8, 2.0, -3.0),
    )
    return [simulation.sweep(1), simulation.sweep(0)]


def test_static_points_of_a_pair_coincide() -> None:
    rendered = rendered_pair(speed=0.0)
    sample = levelled_sample(rendered, np.eye(4), EXACT)
    now = rendered[0]
    world_from_level = now.pose @ np.linalg.inv(now.sensor_to_level)
    for points, sweep in zip(sample.sweeps, rendered, strict=True):
        world = points @ world_from_level[:3, :3].T + world_from_level[:3, 3]
        wall = world[sweep.class_id == ActorClass.BUILDING]
        assert len(wall) > 1000
        assert np.quantile(np.abs(np.abs(wall[:, 1]) - 10.0), 0.98) < 0.02
        ground = points[sweep.class_id == ActorClass.GROUND]
        assert np.quantile(np.abs(ground[:, 2]), 0.98) < 0.02
    boxes = [
        points[sweep.instance_id > 0] for points, sweep in zip(sample.sweeps, rendered, strict=True)
    ]
    np.testing.assert_allclose(boxes[0].min(0)[:2], boxes[1].min(0)[:2], atol=0.06)
    np.testing.assert_array_equal(sample.flow, 0)


def test_moving_points_moved_back_lie_on_the_earlier_box() -> None:
    rendered = rendered_pair(speed=8.0)
    sample = levelled_sample(rendered, np.eye(4), EXACT)
    on_box = rendered[0].instance_id > 0
    np.testing.assert_allclose(np.linalg.norm(sample.flow[on_box], axis=1), 0.8, atol=1e-3)
    # The levelled frame is upright, so what drives on flat ground moves in its plane.
    assert np.abs(sample.flow[on_box, 2]).max() < 0.01
    back = (sample.sweeps[0] - sample.flow)[on_box]
    earlier = sample.sweeps[1][rendered[1].instance_id > 0]
    np.testing.assert_allclose(back.min(0)[:2], earlier.min(0)[:2], atol=0.06)
    assert np.abs(sample.sweeps[0][on_box].min(0) - earlier.min(0)).max() > 0.3
    np.testing.assert_array_equal(sample.is_ground, rendered[0].class_id == ActorClass.GROUND)
    np.testing.assert_array_equal(sample.weight < 1, sample.is_ground)


def test_errors_move_what_they_are_errors_of() -> None:
    rendered = rendered_pair(speed=0.0)
    exact = levelled_sample(rendered, np.eye(4), EXACT)
    lift, slip = np.eye(4), np.eye(4)
    lift[2, 3], slip[0, 3] = 0.2, 0.1
    off = levelled_sample(rendered, lift, [slip])
    lifted = off.sweeps[0] - exact.sweeps[0]
    np.testing.assert_allclose(lifted, np.tile([0, 0, 0.2], (len(lifted), 1)), atol=1e-4)
    moved = off.sweeps[1] - exact.sweeps[1]
    np.testing.assert_allclose(np.linalg.norm(moved - [0, 0, 0.2], axis=1), 0.1, atol=1e-3)


def test_odometry_errors_are_as_large_as_odometry_makes_them() -> None:
    rng = np.random.default_rng(0)
    errors = np.array([pose_errors((0, 1), rng)[0] for _ in range(2000)])
    slips = np.linalg.norm(errors[:, :3, 3], axis=1)
    cosines = (np.trace(errors[:, :3, :3], axis1=1, axis2=2) - 1) / 2
    turns = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
    assert 0.005 < np.median(slips) < 0.025
    assert 0.03 < np.quantile(slips, 0.95) < slips.max() < 0.1
    assert 0.1 < np.quantile(turns, 0.95) < turns.max() < 0.35
    levels = np.array([level_error(rng) for _ in range(2000)])
    tilts = np.degrees(np.arccos(levels[:, 2, 2]))
    assert np.median(tilts) < 0.7
    assert 1.5 < tilts.max() < 3.0
    assert 0.2 < np.abs(levels[:, 2, 3]).max() <= 0.35


def test_stale_odometry_errs_by_the_change_of_motion() -> None:
    scene = replace(box_scene(0.0), ego=EgoPath(0.05, Motion(10.0, curvature=0.03)))
    steady = Simulation(5, scene=scene, mounting=Mounting(1.8))
    np.testing.assert_allclose(_stale_errors(steady, (0, 1, 3)), [np.eye(4)] * 2, atol=1e-9)
    dynamics = BodyDynamics(pitch=(Sway(0.01, 1.5),))
    swaying = Simulation(5, scene=scene, mounting=Mounting(1.8), dynamics=dynamics)
    error = _stale_errors(swaying, (0, 1))[0]
    poses = [swaying.pose(time) for time in (0.1, 0.0, -0.1)]
    applied = np.linalg.inv(poses[1]) @ poses[2]
    np.testing.assert_allclose(error @ np.linalg.inv(poses[0]) @ poses[1], applied, atol=1e-9)
    assert np.abs(error - np.eye(4)).max() > 1e-3


def test_the_own_vehicle_weighs_little_and_is_no_place_to_look_at() -> None:
    roof = OwnVehicle(((-1.5, -0.8, 0.4, 0.9, 0.8, 1.5),))
    simulation = Simulation(
        5,
        sensor=SENSORS["HDL-64E"],
        scene=box_scene(0.0),
        mounting=Mounting(1.8, vehicle=roof),
    )
    rendered = [simulation.sweep(1), simulation.sweep(0)]
    sample = levelled_sample(rendered, np.eye(4), EXACT)
    own = rendered[0].class_id == ActorClass.OWN_VEHICLE
    assert own.sum() > 500
    np.testing.assert_allclose(sample.weight[own], 0.2)
    assert not sample.is_ground[own].any()
    np.testing.assert_allclose(np.linalg.norm(sample.flow[own], axis=1), 1.0, atol=1e-4)
    # Nothing else moves, so crops are not drawn to it: their middles lie anywhere.
    rng = np.random.default_rng(0)
    seen = np.mean([(crop(sample, 6.4, rng).flow != 0).any() for _ in range(60)])
    assert seen < 0.4


def samples_of(seed: int, count: int = 4, seen: int = 0) -> list[Encoded]:
    stream = SimulatedSamples(
        PillarEncoding(GRID, 2), (0, 1), seed, crops_per_scene=3, shuffle=2, seen=seen
    )
    return list(islice(stream, count))


def test_stream_is_reproducible_by_its_seed() -> None:
    first, again, other = samples_of(3), samples_of(3), samples_of(4)
    for one, two in zip(first, again, strict=True):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)
    assert any(len(a.target) != len(b.target) for a, b in zip(first, other, strict=True))


def test_some_samples_of_the_stream_miss_older_sweeps() -> None:
    stream = SimulatedSamples(
        PillarEncoding(GRID, 3), (0, 1, 2), seed=3, crops_per_scene=8, shuffle=2
    )
    counts = [
        np.bincount(sample.pillar_index // CELLS, minlength=3) for sample in islice(stream, 40)
    ]
    missing = sum(count[2] == 0 for count in counts)
    assert 3 <= missing <= 20  # of 40, a quarter
    assert all(count[:2].min() > 0 for count in counts)


def test_resumed_stream_shows_other_scenes() -> None:
    assert scenes_for(0, workers=1) == 0
    seen = scenes_for(300, 1, crops_per_scene=3, shuffle=2)
    assert 200 <= seen <= 203  # as if half of the crops had been empty
    assert scenes_for(300, 2, crops_per_scene=3, shuffle=2) < seen
    lengths = [len(sample.target) for sample in samples_of(3)]
    assert [len(sample.target) for sample in samples_of(3, seen=seen)] != lengths


def test_training_keeps_clear_of_the_test_worlds() -> None:
    for seed in (-1, 99, 142):
        with pytest.raises(ZeroflowError, match=f"seed {seed}"):
            SimulatedSamples(PillarEncoding(GRID, 2), (0, 1), seed)
    last = SimulatedSamples(PillarEncoding(GRID, 2), (0, 1), 98).seed
    assert (last + 2) * WORKERS * SEEDS_PER_WORKER <= TEST_SEEDS
    with pytest.raises(ZeroflowError, match="12 workers in all: above 10 they would share scenes"):
        require_seeds(0, 12)


def test_sample_is_valid_and_reproducible() -> None:
    sample, again = (
        simulated_sample(TEST_SEEDS + 1, (0, 1, 3), np.random.default_rng(7)) for _ in "ab"
    )
    assert len(sample.sweeps) == 3
    assert sample.flow.shape == sample.sweeps[0].shape
    assert all(np.isfinite(points).all() for points in sample.sweeps)
    for one, two in zip(sample.sweeps, again.sweeps, strict=True):
        np.testing.assert_array_equal(one, two)


def plain_sample(count: int = 5000) -> TrainingSample:
    """Points in and out of the grid; each point's "flow" says where it is."""
    rng = np.random.default_rng(0)
    sweeps = tuple(
        rng.uniform([-14, -14, -2], [14, 14, 4], (count, 3)).astype(np.float32) for _ in range(2)
    )
    is_ground = rng.random(count) < 0.3
    weight = np.where(is_ground, np.float32(0.5), np.float32(1))
    return TrainingSample(sweeps, sweeps[0].copy(), weight, is_ground)


def test_encoded_rows_belong_together() -> None:
    encoded = encode(plain_sample(), GRID, np.random.default_rng(0))
    found = GRID.points(encoded.point_pillar, encoded.point_offset)
    np.testing.assert_allclose(found, encoded.target, atol=1e-4)
    assert set(np.unique(encoded.weight)) == {np.float32(0.5), np.float32(1)}
    assert encoded.pillar_features.shape == (len(encoded.pillar_index), FEATURES)
    assert (np.diff(encoded.pillar_index) > 0).all()
    assert CELLS <= encoded.pillar_index.max() < 2 * CELLS


def test_older_sweeps_are_forgotten_now_and_then_and_never_the_last_two() -> None:
    sweeps = tuple(np.ones((5, 3), np.float32) for _ in range(4))
    ones, nowhere = np.ones(5, np.float32), np.zeros(5, bool)
    sample = TrainingSample(sweeps, np.zeros((5, 3), np.float32), ones, nowhere)
    rng = np.random.default_rng(0)
    counts = np.array([[len(s) for s in forget(sample, rng).sweeps] for _ in range(4000)])
    assert (counts[:, :2] == 5).all()
    assert set(np.unique(counts[:, 2:])) == {0, 5}
    assert (counts[:, 2:] == 0).mean(0) == pytest.approx([0.24, 0.24], abs=0.03)
    assert (counts[:, 2:] == 0).all(1).mean() == pytest.approx(0.202, abs=0.02)


def test_encoded_points_are_balanced_by_speed() -> None:
    sample = plain_sample(20_000)
    inside = PillarGrid(12.8, 0.4, -1.5, 4.5).locate(sample.sweeps[0]).rows
    flow = np.zeros_like(sample.flow)
    flow[inside[:10], 0], flow[inside[10:30], 0] = 1.0, 0.05
    encoded = encode(replace(sample, flow=flow), GRID, np.random.default_rng(0))
    length = np.linalg.norm(encoded.target, axis=1)
    assert (length > 0.9).sum() == 10
    assert ((length > 0.04) & (length < 0.1)).sum() == 20
    still, ground = length == 0, encoded.weight < 1
    assert (still & ground).sum() == POINTS_PER_BIN
    beneath = (still & ~ground).sum() - POINTS_PER_BIN  # ground in the blocks of the thirty movers
    assert 0 <= beneath < 300


def test_points_are_chosen_by_speed_whatever_the_interval() -> None:
    """Half the way in half the time is as fast: the same points, the same ground beneath them."""
    sample = plain_sample(20_000)
    inside = GRID.locate(sample.sweeps[0]).rows
    flow = np.zeros_like(sample.flow)
    flow[inside[:10], 0], flow[inside[10:30], 0], flow[inside[30:90], 0] = 0.16, 0.06, 0.03
    whole = encode(replace(sample, flow=flow), GRID, np.random.default_rng(0))
    half = replace(sample, flow=flow / 2, interval_s=0.05)
    encoded = encode(half, GRID, np.random.default_rng(0))
    np.testing.assert_array_equal(encoded.point_pillar, whole.point_pillar)
    np.testing.assert_array_equal(encoded.weight, whole.weight)
    np.testing.assert_allclose(encoded.target, whole.target / 2)


def test_points_of_no_weight_are_not_learnt_from_but_seen() -> None:
    sample = plain_sample()
    weight = sample.weight.copy()
    weight[::2] = 0
    whole = encode(sample, GRID, np.random.default_rng(0))
    half = encode(replace(sample, weight=weight), GRID, np.random.default_rng(0))
    np.testing.assert_array_equal(half.pillar_features, whole.pillar_features)
    inside = GRID.locate(sample.sweeps[0]).rows
    assert len(half.target) == (weight[inside] > 0).sum() < len(whole.target)
    assert half.weight.min() > 0


def test_ground_beneath_a_mover_matters_like_the_mover() -> None:
    rng = np.random.default_rng(0)
    car = rng.uniform([2.0, 2.0, 0.5], [6.0, 4.0, 1.5], (500, 3))
    creeping = rng.uniform([-6.0, 2.0, 0.5], [-2.0, 4.0, 1.5], (500, 3))  # 0.3 m/s: no mover
    wall = rng.uniform([-12, -12, 0.5], [12, -8, 3.0], (6000, 3))
    ground = rng.uniform([-12, -12, -0.05], [12, 12, 0.05], (20_000, 3))
    points = np.concatenate([car, creeping, wall, ground]).astype(np.float32)
    flow, is_ground = np.zeros_like(points), np.arange(len(points)) >= 7000
    flow[:500, 0], flow[500:1000, 0] = 0.5, 0.03
    weight = np.where(is_ground, np.float32(0.5), np.float32(1))
    encoded = encode(TrainingSample((points, points), flow, weight, is_ground), GRID, rng)
    x, y, z = GRID.points(encoded.point_pillar, encoded.point_offset).T
    low = z < 0.1
    beneath = low & (np.abs(x - 4.0) < 1.6) & (np.abs(y - 3.0) < 0.6)
    far = low & ((np.abs(x - 4.0) > 2.9) | (np.abs(y - 3.0) > 1.9))
    assert (encoded.weight[beneath] == 1).all()
    assert (encoded.weight[far] == 0.5).all()
    assert (encoded.weight[~low] == 1).all()
    under = (np.abs(ground[:, :2] - [4.0, 3.0]) < [1.6, 0.6]).all(1)
    assert beneath.sum() == under.sum()  # none is left out, although of the rest most are
    assert far.sum() <= POINTS_PER_BIN


def test_what_is_mixed_is_seen_and_not_learnt_from() -> None:
    sample = next(
        sample
        for seed in range(40)
        if (sample := simulated_sample(seed, (0, 1), np.random.default_rng(seed))).weight.min() == 0
    )
    encoded = encode(sample, GRID, np.random.default_rng(0))
    assert encoded.weight.min() > 0


def test_collate_moves_indices_into_each_samples_part() -> None:
    one = Encoded(
        np.ones((3, FEATURES), np.float32),
        np.array([0, 5, CELLS + 2]),
        np.array([5, 0]),
        np.zeros((2, 3), np.float32),
        np.zeros((2, 3), np.float32),
        np.ones(2, np.float32),
    )
    two = one._replace(target=np.ones((2, 3), np.float32))
    batch = collate([one, two, one], CELLS, history=2)
    assert batch.samples == 3
    expected = [0, 5, CELLS + 2]
    expected += [2 * CELLS + k for k in expected] + [4 * CELLS + k for k in expected]
    assert batch.inputs.pillar_index.tolist() == expected
    assert batch.inputs.point_pillar.tolist() == [5, 0, CELLS + 5, CELLS, 2 * CELLS + 5, 2 * CELLS]
    assert batch.supervision.target[:, 0].tolist() == [0, 0, 1, 1, 0, 0]
    assert batch.inputs.pillar_features.shape == (9, FEATURES)
