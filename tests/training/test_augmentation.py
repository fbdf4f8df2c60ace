# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Augmentation keeps points, flow and rows together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from zeroflow_training.data.augmentation import crop, thin, turn
from zeroflow_training.data.sample import TrainingSample

SEEDS = range(40)
Augmentation = Callable[[TrainingSample, np.random.Generator], TrainingSample]


def moved_back(seed: int = 0, count: int = 400) -> TrainingSample:
    """A sample whose earlier sweep is the newest one with every point moved back by its flow."""
    rng = np.random.default_rng(seed)
    now = rng.uniform([-45, -45, -0.1], [45, 45, 3], (count, 3)).astype(np.float32)
    flow = rng.normal(0, 0.5, (count, 3)).astype(np.float32)
    flow[::2] = 0
    is_ground = now[:, 2] < 0.1
    return TrainingSample((now, now - flow), flow, (~is_ground).astype(np.float32), is_ground)


def wide_crop(sample: TrainingSample, rng: np.random.Generator) -> TrainingSample:
    return crop(sample, 1000.0, rng)


@pytest.mark.parametrize("augmentation", [turn, wide_crop])
@pytest.mark.parametrize("seed", SEEDS)
def test_points_moved_back_by_their_flow_land_where_they_were(
    augmentation: Augmentation, seed: int
) -> None:
    sample = augmentation(moved_back(), np.random.default_rng(seed))
    now, before = sample.sweeps
    assert now.dtype == before.dtype == sample.flow.dtype == np.float32
    np.testing.assert_allclose(now - sample.flow, before, atol=2e-4)
    np.testing.assert_array_equal(sample.weight, moved_back().weight)


@pytest.mark.parametrize("seed", SEEDS)
def test_turn_is_a_similarity_that_keeps_the_vertical(seed: int) -> None:
    before = moved_back()
    after = turn(before, np.random.default_rng(seed))
    old, new = before.sweeps[0], after.sweeps[0]
    distances = np.linalg.norm(np.diff(new, axis=0), axis=1)
    ratio = distances / np.linalg.norm(np.diff(old, axis=0), axis=1)
    assert 0.9 <= ratio.mean() <= 1.1
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-4)
    lifted = new[:, 2] - ratio.mean() * old[:, 2]
    np.testing.assert_allclose(lifted, lifted[0], atol=1e-4)
    assert abs(lifted[0]) < 0.5


def test_two_in_five_turns_are_near_quarter_turns() -> None:
    east = np.array([[10, 0, 0]], np.float32)
    sample = TrainingSample(
        (east, east), np.zeros_like(east), np.ones(1, np.float32), np.zeros(1, bool)
    )
    angles = []
    for seed in range(400):
        x, y, _ = turn(sample, np.random.default_rng(seed)).sweeps[0][0]
        angles.append(np.degrees(np.arctan2(y, x)) % 90)
    near = np.mean([min(angle, 90 - angle) < 6 for angle in angles])
    assert 0.4 < near < 0.57  # 40 % by choice, and 12 of 90 degrees of the others by chance


def test_turn_goes_all_ways_and_mirrors() -> None:
    sample = TrainingSample(
        (np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)),
        np.eye(3, dtype=np.float32),
        np.ones(3, np.float32),
        np.zeros(3, bool),
    )
    flows = [turn(sample, np.random.default_rng(seed)).flow for seed in SEEDS]
    angles = [np.arctan2(flow[0, 1], flow[0, 0]) for flow in flows]
    assert {int(np.floor(angle / (np.pi / 2))) for angle in angles} == {-2, -1, 0, 1}
    handedness = {int(np.sign(np.linalg.det(flow))) for flow in flows}
    assert handedness == {-1, 1}


@pytest.mark.parametrize("seed", SEEDS)
def test_thin_keeps_rows_together(seed: int) -> None:
    sample = moved_back()
    named = replace(sample, flow=sample.sweeps[0].copy())
    thinned = thin(named, np.random.default_rng(seed))
    np.testing.assert_array_equal(thinned.flow, thinned.sweeps[0])
    np.testing.assert_array_equal(thinned.weight, thinned.sweeps[0][:, 2] > 0.1)
    for points, original in zip(thinned.sweeps, sample.sweeps, strict=True):
        kept = (original[:, None] == points[None, :20]).all(2).any(1)
        assert kept.sum() == min(20, len(points))  # a subset, in order, no point made up
        assert len(points) > 0.1 * len(original)


def test_thin_drops_points_in_most_samples_and_all_sweeps_alike() -> None:
    counts = np.array(
        [[len(p) for p in thin(moved_back(), np.random.default_rng(s)).sweeps] for s in SEEDS]
    )
    thinned = (counts < 400).any(1)
    assert 0.4 < thinned.mean() < 0.8
    assert np.abs(counts[:, 0] - counts[:, 1]).max() < 0.25 * 400


@pytest.mark.parametrize("seed", SEEDS)
def test_crop_is_a_window(seed: int) -> None:
    sample = moved_back(count=3000)
    piece = crop(sample, 12.0, np.random.default_rng(seed))
    for points in piece.sweeps:
        assert (np.abs(points[:, :2]) < 12).all()
    assert len(piece.flow) == len(piece.weight) == len(piece.sweeps[0])
    # Both sweeps are moved by the same shift, and each row keeps its flow.
    if len(piece.flow):
        heights = {float(z): row for row, z in enumerate(sample.sweeps[0][:, 2])}
        rows = [heights[float(z)] for z in piece.sweeps[0][:, 2]]
        np.testing.assert_array_equal(piece.flow, sample.flow[rows])
        shift = sample.sweeps[0][rows] - piece.sweeps[0]
        np.testing.assert_allclose(shift, np.tile(shift[0], (len(rows), 1)), atol=1e-4)
        assert shift[0, 2] == 0


def test_crop_mostly_looks_at_what_moves() -> None:
    """One moving point in a corner of the world, which a random window would nearly never see."""
    sample = moved_back(count=2000)
    flow = np.zeros_like(sample.flow)
    moving = int(np.argmin(np.abs(sample.sweeps[0][:, :2] - 42).sum(1)))
    flow[moving] = 1
    still = replace(sample, sweeps=(sample.sweeps[0], sample.sweeps[0] - flow), flow=flow)
    seen = [crop(still, 10.0, np.random.default_rng(seed)).flow.any() for seed in range(100)]
    assert 0.6 < np.mean(seen) < 0.9


@pytest.mark.parametrize(("interval_s", "looks"), [(0.05, True), (0.1, False), (0.2, False)])
def test_crop_looks_at_what_moves_at_03_mps(interval_s: float, looks: bool) -> None:
    """0.02 m: 0.4, 0.2, 0.1 m/s. The one mover is in a corner that chance finds in 1 of 9."""
    points = np.full((60, 3), 41, np.float32)
    still = TrainingSample(
        (points, points),
        np.full_like(points, 0.02 / np.sqrt(3)),
        np.ones(len(points), np.float32),
        np.zeros(len(points), bool),
        interval_s=interval_s,
    )
    seen = [len(crop(still, 10.0, np.random.default_rng(seed)).flow) > 0 for seed in range(60)]
    assert bool(np.mean(seen) > 0.6) is looks


def test_crop_looks_at_few_points_as_at_many() -> None:
    """A pedestrian of 20 points and, elsewhere, a car's corner of 2000."""
    rng = np.random.default_rng(0)
    few, many = rng.uniform(0.1, 0.9, (20, 3)) + [30, 30, 0], rng.uniform(0.1, 1.9, (2000, 3))
    points = np.concatenate([few, many - [32, 32, 0]]).astype(np.float32)
    sample = TrainingSample(
        (points, points),
        np.full_like(points, 0.1),
        np.ones(len(points), np.float32),
        np.zeros(len(points), bool),
    )
    seen = [len(crop(sample, 4.0, np.random.default_rng(seed)).flow) for seed in range(300)]
    assert 0.25 < np.mean([count == 20 for count in seen]) < 0.5
    assert 0.25 < np.mean([count == 2000 for count in seen]) < 0.5


def test_crop_of_a_still_world() -> None:
    sample = moved_back()
    still = replace(sample, flow=np.zeros_like(sample.flow))
    middles = {len(crop(still, 10.0, np.random.default_rng(seed)).flow) for seed in SEEDS}
    assert len(middles) > 5
