# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bodies laid onto earlier sweeps: a rough answer becomes right to two centimetres."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zeroflow_ros.consensus import RigidMotions
from zeroflow_ros.earlier import EarlierSweep, index_earlier
from zeroflow_ros.earlier_loops import PER_PILLAR, REACH_M, index_points, nearest
from zeroflow_ros.pillars import PillarGrid
from zeroflow_ros.registration import register
from zeroflow_ros.samples import sample
from zeroflow_ros.standstill import standing

GRID = PillarGrid(range_m=20.0, cell_m=0.4, z_min_m=-1.5, z_max_m=4.5)
AGES = (1.0, 2.0, 4.0)
MIDDLE = np.array([6.0, -3.0])
SENSOR = np.array([0.0, 0.0, 1.8])

Path = Callable[[float], tuple[float, float, float]]  # age -> x, y, heading relative to now


def sides(count: int, seed: int) -> np.ndarray:
    """Points of two walls of a car, 4.4 m by 1.8 m, around the origin [count, 3]."""
    rng = np.random.default_rng(seed)
    along, up = rng.uniform(-0.5, 0.5, count), rng.uniform(0.35, 1.5, count)
    long_side = rng.random(count) < 0.7
    x = np.where(long_side, 4.4 * along, -2.2)
    y = np.where(long_side, 0.9, 1.8 * along)
    return np.column_stack([x, y, up])


def seen(path: Path, age: float, seed: int, count: int = 600) -> np.ndarray:
    """The car `age` intervals ago, sampled anew, and ground beneath it."""
    x, y, heading = path(age)
    turned = np.array([[np.cos(heading), -np.sin(heading)], [np.sin(heading), np.cos(heading)]])
    points = sides(count, seed)
    points[:, :2] = points[:, :2] @ turned.T + MIDDLE + [x, y]
    rng = np.random.default_rng(seed)
    ground = rng.uniform([-15, -15, -0.05], [15, 15, 0.05], (3000, 3))
    return np.concatenate([points, ground]).astype(np.float32)


def registered(
    path: Path,
    said: tuple[float, float],
    turn: float = 0.0,
    ages: tuple[float, ...] = AGES,
    count: int = 600,
) -> np.ndarray:
    """Shift of the car after registration, when the network said `said` and `turn`."""
    located = GRID.locate(seen(path, 0.0, 0, count))
    car = np.flatnonzero(located.rows < count)
    motions = RigidMotions(
        (MIDDLE + GRID.range_m)[None], np.array([said], float), np.array([turn], float)
    )
    earlier = [
        EarlierSweep(GRID.locate(seen(path, age, 1 + k)), age, SENSOR) for k, age in enumerate(ages)
    ]
    samples = sample(GRID, located.select(car), np.zeros(len(car), np.intp), 1, 64)
    index = index_earlier(GRID, earlier)
    refined = register(samples, motions, index)
    return np.zeros(2) if standing(samples, refined, index)[0] else refined.shift[0]


def straight(x: float, y: float) -> Path:
    """That many metres an interval."""
    return lambda age: (-x * age, -y * age, 0.0)


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ((0.07, 0.02), (0.13, -0.04)),  # 0.7 m/s
        ((0.5, 0.1), (0.35, 0.2)),
        ((-1.2, 0.4), (-1.0, 0.25)),
        ((2.5, 0.0), (2.3, 0.15)),  # 25 m/s: far away in the older sweeps
        ((0.0, 0.0), (0.09, 0.05)),  # it does not move at all
    ],
)
def test_a_rough_shift_becomes_exact(truth: tuple[float, float], said: tuple[float, float]) -> None:
    assert registered(straight(*truth), said) == pytest.approx(truth, abs=0.02)


def test_older_sweeps_make_it_surer() -> None:
    truth = (0.12, 0.05)
    errors = []
    for ages in ((1.0,), AGES):
        found = registered(straight(*truth), (0.2, 0.0), ages=ages, count=60)
        errors.append(np.linalg.norm(found - truth))
    assert errors[1] < 0.02
    assert errors[1] < 0.6 * errors[0]


def test_ages_are_those_of_the_sweeps() -> None:
    ages = (1.0, 1.93, 4.11)  # a lidar whose clock is not even
    assert registered(straight(0.4, 0.1), (0.3, 0.2), ages=ages) == pytest.approx(
        (0.4, 0.1), abs=0.02
    )


def test_braking_is_read_at_the_last_interval() -> None:
    """6 m/s^2: 1.2 m in the last interval, 0.06 m more in each one before."""
    found = registered(lambda age: (-1.2 * age - 0.03 * age * (age - 1), 0.0, 0.0), (1.1, 0.0))
    assert found == pytest.approx((1.2, 0.0), abs=0.05)  # 0.11 if speed were held constant


def test_a_turning_car_is_turned_back() -> None:
    turn = 0.05  # 29 degrees a second at 10 Hz

    def path(age: float) -> tuple[float, float, float]:
        return -0.6 * age, 0.0, -turn * age

    assert registered(path, (0.5, 0.1), turn) == pytest.approx((0.6, 0.0), abs=0.015)


def test_without_earlier_points_the_network_is_believed() -> None:
    located = GRID.locate(seen(straight(0, 0), 0.0, 0))
    nowhere = EarlierSweep(GRID.locate(np.float32([[-19, -19, 1]])), 1.0, SENSOR)
    motions = RigidMotions(np.zeros((1, 2)), np.array([[0.3, 0.1]]), np.zeros(1))
    samples = sample(GRID, located, np.zeros(len(located.rows), np.intp), 1, 64)
    index = index_earlier(GRID, [nowhere])
    found = register(samples, motions, index)
    assert found.shift[0] == pytest.approx((0.3, 0.1))
    assert not standing(samples, found, index)[0]


@pytest.mark.parametrize("far", [1e9, 1e30, -3e38])
def test_absurd_shifts_are_no_crash(far: float) -> None:
    assert registered(straight(0.5, 0.0), (far, 0.0))[0] in (0.0, pytest.approx(far))


def test_bodies_of_few_points_keep_what_the_network_said() -> None:
    assert registered(straight(0.5, 0.0), (0.3, 0.1), count=2) == pytest.approx((0.3, 0.1))


CLOUDS = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).uniform([-4, -4, -1], [4, 4, 3], (40, 3))
)


@settings(deadline=None)
@given(CLOUDS, CLOUDS)
def test_nearest_equals_all_distances(points: np.ndarray, queries: np.ndarray) -> None:
    grid = PillarGrid(4.0, 0.4, -1.5, 4.5)
    located = grid.locate(points.astype(np.float32))
    start, offsets = index_points(located.cell, located.offset, grid.size**2, -2.0)
    assert len(offsets) == start[-1] == len(located.rows)
    for query in queries:
        ways = query - points
        distance, x, y = nearest(*(query + [4.0, 4.0, 0.0]), start, offsets, grid.size, grid.cell_m)
        expected = np.linalg.norm(ways, axis=1)
        if expected.min() < REACH_M - 1e-4:
            assert distance == pytest.approx(expected.min(), abs=1e-5)
            assert (x, y) == pytest.approx(tuple(ways[expected.argmin(), :2]), abs=1e-4)
        elif expected.min() > REACH_M + 1e-4:
            assert distance == pytest.approx(REACH_M)


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (1, 1), (12, 12), (13, 7), (100, 12)])
def test_pillars_of_many_points_are_thinned(count: int, kept: int) -> None:
    located = GRID.locate(np.float32([[1.1, 1.1, 1.0]] * count).reshape(-1, 3))
    start, offsets = index_points(located.cell, located.offset, GRID.size**2, 0.3)
    assert len(offsets) == start[-1] == kept <= PER_PILLAR
