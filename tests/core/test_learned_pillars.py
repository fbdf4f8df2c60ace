# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Learned pillars against a reference that makes the nine inputs of every point, in float64."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zeroflow_ros.flow import FlowStatus
from zeroflow_ros.geometry import Points, from_roll_pitch_yaw, transform_points
from zeroflow_ros.ground import KeptGround
from zeroflow_ros.learned_pillars import ENCODER_INPUTS, LearnedPillars, PillarEncoder
from zeroflow_ros.model import ModelCard
from zeroflow_ros.network import FlowNetwork, PlacedCloud
from zeroflow_ros.pillars import PillarGrid
from zeroflow_ros.stopwatch import Stopwatch

GRID = PillarGrid(range_m=4.0, cell_m=0.2, z_min_m=-1.0, z_max_m=3.0)
CHANNELS = 5


def random_encoder() -> PillarEncoder:
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(size=(CHANNELS, 9)), rng.normal(size=CHANNELS)
    return PillarEncoder(tuple(map(tuple, weight.tolist())), tuple(bias.tolist()))


ENCODER = random_encoder()
PILLARS = LearnedPillars(GRID, ENCODER)
CENTIMETRES = st.integers(-450, 450)  # so that many lie on borders
POINTS = st.lists(
    st.tuples(CENTIMETRES, CENTIMETRES, st.integers(-130, 330)), min_size=0, max_size=60
).map(lambda rows: np.array(rows, np.float32).reshape(-1, 3) / np.float32(100))


def indices(points: Points) -> np.ndarray:
    """floor((p - min) / size) in float32, all three axes."""
    low, size = np.float32([-4, -4, -1]), np.float32([0.2, 0.2, 4])
    index: np.ndarray = np.floor((points - low) / size)
    return index


def inside(points: Points) -> np.ndarray:
    index = indices(points)
    rows: np.ndarray = ((index >= 0) & (index < [40, 40, 1])).all(1)
    return rows


def reference(points: Points) -> dict[tuple[int, ...], np.ndarray]:
    """Features of each pillar (column, line)."""
    points = points[inside(points)]
    cells = indices(points)[:, :2].astype(int)
    weight, bias = np.array(ENCODER.weight), np.array(ENCODER.bias)
    found = {}
    for cell in {tuple(cell) for cell in cells.tolist()}:
        own = points[(cells == cell).all(1)].astype(np.float64)
        centre = np.array([0.2 * cell[0] - 3.9, 0.2 * cell[1] - 3.9, 1.0])
        inputs = np.column_stack([own, own - own.mean(0), own - centre])
        found[cell] = np.maximum(inputs @ weight.T + bias, 0).mean(0)
    return found


@settings(deadline=None)
@given(POINTS)
def test_points_are_where_a_division_puts_them(points: Points) -> None:
    located = PILLARS.locate(points)
    np.testing.assert_array_equal(located.rows, np.flatnonzero(inside(points)))
    np.testing.assert_array_equal(
        GRID.indices(located.cell), indices(points)[located.rows, :2].astype(int)
    )
    found = GRID.points(located.cell, located.offset)
    np.testing.assert_allclose(found, points[located.rows], atol=2e-6)


def test_a_reciprocal_puts_points_on_borders_elsewhere() -> None:
    grid = PillarGrid(range_m=51.2, cell_m=0.2, z_min_m=-3, z_max_m=3)
    points = np.zeros((511, 3), np.float32)
    points[:, 0] = np.arange(1, 512) * np.float32(0.2) - np.float32(51.2)
    divided = np.floor((points[:, 0] + np.float32(51.2)) / np.float32(0.2))
    learned = grid.indices(LearnedPillars(grid, ENCODER).locate(points).cell)[:, 0]
    np.testing.assert_array_equal(learned, divided)
    assert (grid.indices(grid.locate(points).cell)[:, 0] != divided).any()


@settings(deadline=None)
@given(POINTS)
def test_features_equal_the_reference(points: Points) -> None:
    features, index = PILLARS.features([PILLARS.locate(points)])
    expected = reference(points)
    assert (features.dtype, index.dtype) == (np.float32, np.int32)
    assert features.shape == (len(expected), CHANNELS)
    assert (np.diff(index) > 0).all()
    for row, cell in zip(features, GRID.indices(index).tolist(), strict=True):
        np.testing.assert_allclose(row, expected[tuple(cell)], atol=2e-5)


def test_rows_that_are_no_numbers_drop_out() -> None:
    points = np.zeros((7, 3), np.float32)
    points[[0, 1, 2], [0, 1, 2]] = np.nan
    points[[3, 4, 5], [0, 1, 2]] = np.inf
    assert PILLARS.locate(points).rows.tolist() == [6]
    with pytest.raises(ValueError, match=r"not \[N, 3\]"):
        PILLARS.locate(points[:, :2])


def test_located_after_a_transform() -> None:
    points = np.random.default_rng(0).uniform(-5, 5, (500, 3)).astype(np.float32)
    transform = from_roll_pitch_yaw((0.3, -0.2, 0.5), 0.02, -0.03, 0.7)
    found = PILLARS.locate(points, transform)
    expected = PILLARS.locate(transform_points(transform, points))
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.quarter, expected.quarter)
    np.testing.assert_allclose(found.offset, expected.offset, atol=2e-5)


def test_sweeps_follow_one_another_for_any_count_of_threads() -> None:
    rng = np.random.default_rng(0)
    sweeps = [PILLARS.locate(rng.uniform(-4, 4, (n, 3)).astype(np.float32)) for n in (900, 0, 300)]
    alone = [PILLARS.features([sweep]) for sweep in sweeps]
    assert alone[1][0].shape == (0, CHANNELS)
    for threads in (1, 2, 3):
        with ThreadPoolExecutor(threads) as workers:
            features, index = PILLARS.features(sweeps, workers.map)
        np.testing.assert_array_equal(features, np.concatenate([own for own, _ in alone]))
        shifted = [own + k * GRID.size**2 for k, (_, own) in enumerate(alone)]
        np.testing.assert_array_equal(index, np.concatenate(shifted))


def positions(inputs: Any) -> np.ndarray:
    """A "network" that answers with where each point lies."""
    return GRID.points(inputs["point_pillar"], inputs["point_offset"])


def learned_network(
    make_card: Callable[..., ModelCard], make_engine: Callable[..., Any]
) -> tuple[FlowNetwork, Any]:
    engine = make_engine(positions)
    card = make_card(grid=GRID, features=ENCODER_INPUTS, pillar_encoder=ENCODER)
    return FlowNetwork(card, engine, KeptGround()), engine


def test_a_card_with_an_encoder_feeds_the_engine_learned_pillars(
    make_card: Callable[..., ModelCard], make_engine: Callable[..., Any]
) -> None:
    clouds = np.random.default_rng(0).uniform(-5, 5, (2, 400, 3)).astype(np.float32)
    clouds[0, ::9] = np.nan
    network, engine = learned_network(make_card, make_engine)
    placed = [PlacedCloud(cloud, np.eye(4), 0.1 * k) for k, cloud in enumerate(clouds)]
    flow = network.flow(placed, Stopwatch())
    np.testing.assert_array_equal(flow.valid, inside(clouds[0]))
    assert not flow.valid[::9].any()
    np.testing.assert_array_equal(flow.displacement[~flow.valid], 0)
    np.testing.assert_allclose(flow.displacement[flow.valid], clouds[0][flow.valid], atol=1e-5)
    (inputs,) = engine.inputs
    features, index = PILLARS.features([PILLARS.locate(cloud) for cloud in clouds])
    np.testing.assert_array_equal(inputs["pillar_features"], features)
    np.testing.assert_array_equal(inputs["pillar_index"], index)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("cloud", [np.empty((0, 3)), np.full((9, 3), np.nan), np.full((9, 3), 9.0)])
def test_nothing_to_compare(
    make_card: Callable[..., ModelCard],
    make_engine: Callable[..., Any],
    which: int,
    cloud: np.ndarray,
) -> None:
    clouds = list(np.zeros((2, 5, 3), np.float32))
    clouds[which] = cloud.astype(np.float32)
    network, engine = learned_network(make_card, make_engine)
    placed = [PlacedCloud(points, np.eye(4), 0.1 * k) for k, points in enumerate(clouds)]
    flow = network.flow(placed, Stopwatch())
    assert flow.status is FlowStatus.EMPTY
    assert engine.inputs == []
    assert flow.valid.shape == (len(clouds[0]),)
    assert not flow.valid.any()
