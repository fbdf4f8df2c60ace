# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What stands although the network says it moves: a wall seen through a fence, above all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zeroflow_ros import standstill
from zeroflow_ros.body_motion import POINTS_OF_THE_DOUBTED
from zeroflow_ros.consensus import RigidMotions
from zeroflow_ros.earlier import EarlierSweep, index_earlier
from zeroflow_ros.earlier_loops import REACH_M
from zeroflow_ros.pillars import GridPoints, PillarGrid
from zeroflow_ros.registration import register
from zeroflow_ros.samples import sample
from zeroflow_ros.visibility import AZIMUTHS, ELEVATIONS, STEEPEST, direction, nearest_ranges

GRID = PillarGrid(range_m=20.0, cell_m=0.4, z_min_m=-1.5, z_max_m=4.5)
HEIGHT_M, FENCE_M, WALL_M = 1.8, 4.0, 8.0
SLIT_M, PICKET_M = 0.5, 2.0  # of every two metres of fence, half a metre is open


def seen_from(
    x_m: float, height_m: float = HEIGHT_M, *, fence: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Points [N, 3] of a fence and the wall behind it, seen from (x_m, 0), and which are wall."""
    angle, rise = np.meshgrid(np.linspace(0.5, 2.64, 1200), np.linspace(-0.12, 0.12, 16))
    slope = 1 / np.tan(angle)
    open_here = (x_m + FENCE_M * slope) % PICKET_M < SLIT_M
    is_wall = open_here if fence else np.ones_like(open_here)
    away = np.where(is_wall, WALL_M, FENCE_M)
    x = x_m + away * slope
    z = height_m + rise * np.hypot(x - x_m, away)
    return np.stack([x, away, z], -1).reshape(-1, 3).astype(np.float32), is_wall.ravel()


def told_to_stand(body: GridPoints, motions: RigidMotions, earlier: Sequence[EarlierSweep]) -> bool:
    samples = sample(GRID, body, np.zeros(len(body.rows), np.intp), 1, 64)
    index = index_earlier(GRID, earlier)
    refined = register(samples, motions, index)
    assert np.isfinite(refined.shift).all()
    return bool(standstill.standing(samples, refined, index)[0])


def stands(
    step_m: float,
    said_m: float,
    height_m: float = HEIGHT_M,
    *,
    fence: bool = True,
    known: bool = True,
) -> bool:
    """Whether the part of the wall that is in sight stands, of which the network says it moves.

    The sensor drives `step_m` an interval along the fence.
    """
    now, is_wall = seen_from(0.0, height_m, fence=fence)
    strip = is_wall & (np.abs(now[:, 0] - 0.5) < 0.6)  # what one slit shows
    located = GRID.locate(now)
    body = located.select(np.flatnonzero(strip[located.rows]))
    middle = now[strip].mean(0)[None, :2].astype(float) + GRID.range_m
    motions = RigidMotions(middle, np.array([[said_m, 0.0]]), np.zeros(1))
    earlier = [
        EarlierSweep(
            GRID.locate(seen_from(-step_m * age, height_m, fence=fence)[0]),
            age,
            np.array([-step_m * age, 0.0, height_m if known else np.nan]),
        )
        for age in (1.0, 2.0, 4.0)
    ]
    return told_to_stand(body, motions, earlier)


@pytest.mark.parametrize("height_m", [0.5, 1.8])
def test_a_wall_seen_through_a_fence_stands(
    height_m: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a slit shows of the wall runs along it against the sensor's motion.
    steps = np.arange(0.2, 1.01, 0.05)
    told = [stands(step, step * (1 - WALL_M / FENCE_M), height_m) for step in steps]
    assert np.mean(told) > 0.6
    monkeypatch.setattr(standstill, "HARDLY_SEEN", (0.0, 0.0))
    assert not any(stands(step, step * (1 - WALL_M / FENCE_M), height_m) for step in steps)


def test_nobody_knows_where_the_sensor_was() -> None:
    assert not stands(0.5, said_m=-0.5, known=False)


def test_a_wall_in_plain_sight_stands() -> None:
    assert stands(0.35, said_m=-0.35, fence=False)


def box(x_m: float) -> np.ndarray:
    """The near side of a van, 5 m long, its middle at (x_m, 6)."""
    x, z = np.meshgrid(np.linspace(-2.5, 2.5, 60), np.linspace(0.4, 2.2, 12))
    return np.stack([x + x_m, np.full_like(x, 6.0), z], -1).reshape(-1, 3).astype(np.float32)


@pytest.mark.parametrize("hidden", [False, True], ids=["in sight", "hidden before"])
def test_a_van_moves_whether_it_was_in_sight_or_not(hidden: bool) -> None:
    wall = seen_from(0.0, fence=False)[0]
    x, z = np.meshgrid(np.arange(-9, 9, 0.01), np.arange(0.4, 2.6, 0.01))
    screen = np.stack([x, np.full_like(x, 3.0), z], -1).reshape(-1, 3).astype(np.float32)
    van = GRID.locate(box(0.0))
    motions = RigidMotions(np.array([[20.0, 26.0]]), np.array([[0.6, 0.0]]), np.zeros(1))
    earlier = []
    for age in (1.0, 2.0, 4.0):
        sight = screen if hidden else np.concatenate([wall, box(-0.6 * age)])
        earlier.append(EarlierSweep(GRID.locate(sight), age, np.array([0.0, 0.0, HEIGHT_M])))
    assert not told_to_stand(van, motions, earlier)


def lorry_seen(front_m: float) -> np.ndarray:
    """A flat side from y = 3 m on, 9 m long up to x = front_m, and a wall behind it [N, 3]."""
    angle, rise = np.meshgrid(np.linspace(0.4, 2.74, 70), np.linspace(-0.2, 0.2, 5))
    slope = 1 / np.tan(angle)
    on_lorry = np.abs(3.0 * slope - (front_m - 4.5)) < 4.5
    y = np.where(on_lorry, 3.0, 9.0)
    x = y * slope
    points = np.stack([x, y, HEIGHT_M + rise * np.hypot(x, y)], -1).reshape(-1, 3)
    return points.astype(np.float32)


@pytest.mark.parametrize(("speed_m", "known"), [(0.5, True), (0.5, False), (0.0, True)])
def test_a_long_side_moves_where_its_front_has_come_from_elsewhere(
    speed_m: float, known: bool
) -> None:
    """Seen from a vehicle at rest; of its flat side alone nobody could tell."""
    now = GRID.locate(lorry_seen(5.0))
    side = now.select(np.flatnonzero(lorry_seen(5.0)[now.rows, 1] < 4))
    motions = RigidMotions(np.array([[20.5, 23.0]]), np.array([[0.5, 0.0]]), np.zeros(1))
    sensor = np.array([0.0, 0.0, HEIGHT_M if known else np.nan])
    earlier = [
        EarlierSweep(GRID.locate(lorry_seen(5.0 - speed_m * age)), age, sensor)
        for age in (1.0, 2.0, 4.0)
    ]
    assert told_to_stand(side, motions, earlier) == (speed_m == 0 or not known)


def wagon_seen(x_m: float, seed: int) -> np.ndarray:
    """A flat side 12 m long, its middle at (x_m, 6), as eight rings of a lidar see it."""
    rng = np.random.default_rng(seed)
    x, z = np.meshgrid(np.arange(-10, 10, 0.05) + rng.uniform(0, 0.05), np.linspace(0.5, 3.0, 8))
    points = np.stack([x, 6 + rng.normal(0, 0.01, x.shape), z], -1).reshape(-1, 3)
    return points[np.abs(points[:, 0] - x_m) < 6].astype(np.float32)


def wagons_told_to_stand(speed_m: float, most: int) -> float:
    """Share of wagons, said to move by 0.2 m an interval, that `most` points let stand."""
    motions = RigidMotions(np.array([[20.0, 26.0]]), np.array([[0.2, 0.0]]), np.zeros(1))
    told = []
    for seed in range(0, 80, 4):
        earlier = [
            EarlierSweep(GRID.locate(wagon_seen(-speed_m * age, seed + k)), age, np.zeros(3))
            for k, age in enumerate((1.0, 2.0, 4.0), 1)
        ]
        body = GRID.locate(wagon_seen(0.0, seed))
        samples = sample(GRID, body, np.zeros(len(body.rows), np.intp), 1, most)
        told.append(standstill.standing(samples, motions, index_earlier(GRID, earlier))[0])
    return float(np.mean(told))


def test_many_points_tell_a_moving_flat_side_from_a_standing_one() -> None:
    """Only its ends say it, a few hundredths of it: of 64 points two."""
    assert wagons_told_to_stand(0.2, most=64) > 0.9
    assert wagons_told_to_stand(0.2, most=POINTS_OF_THE_DOUBTED) < 0.1
    assert wagons_told_to_stand(0.0, most=POINTS_OF_THE_DOUBTED) > 0.9


def test_how_surely_moving_explains_more_is_students_t() -> None:
    """Of the gains of all points and sweeps; against SciPy, with nearest points by brute force."""
    rng = np.random.default_rng(3)
    cdist = pytest.importorskip("scipy.spatial.distance").cdist
    stats = pytest.importorskip("scipy.stats")
    # At most a point a pillar, so that none is left out.
    pillars = np.stack(np.meshgrid(np.arange(8), np.arange(8)), -1).reshape(-1, 2)
    befores = []
    for _ in range(2):
        at = 0.4 * pillars + rng.uniform(0.02, 0.38, (64, 2))
        befores.append(np.column_stack([at, rng.uniform(0.5, 0.8, 64)]).astype(np.float32))
    body = befores[0][20:44] + rng.normal([0.05, 0, 0], 0.05, (24, 3)).astype(np.float32)
    motions = RigidMotions(np.array([[21.0, 21.0]]), np.array([[0.06, 0.02]]), np.zeros(1))
    earlier = [EarlierSweep(GRID.locate(b), 1.0 + k, np.zeros(3)) for k, b in enumerate(befores)]
    samples = sample(GRID, GRID.locate(body), np.zeros(24, np.intp), 1, 64)
    fit = standstill.fit(samples, motions, index_earlier(GRID, earlier))
    still, moving = (
        np.concatenate(
            [
                np.minimum(cdist(body - [0.06 * m * k, 0.02 * m * k, 0], b).min(1), REACH_M)
                for k, b in enumerate(befores, 1)
            ]
        )
        for m in (0, 1)
    )
    assert fit.still == pytest.approx(still.mean(), abs=1e-4)
    assert fit.gain == pytest.approx((still - moving).mean(), abs=1e-4)
    expected = stats.ttest_rel(still, moving).statistic * np.sqrt(48 / 47)
    assert fit.gain / fit.gain_error == pytest.approx(expected, rel=0.01)


def a_fit(**changed: float) -> standstill.Fit:
    """A body that stands: nothing is explained better as it moves."""
    usual = {"still": 0.1, "gain": 0.0, "gain_error": 0.001, "still_seen": 0.1, "moving_seen": 0.1}
    usual |= {"seen": 1.0, "witnesses": 192.0, "free": 0.0}
    return standstill.Fit(**{name: np.array([value]) for name, value in (usual | changed).items()})


@pytest.mark.parametrize(
    ("changed", "stands"),
    [
        ({}, True),
        ({"gain": 0.0069}, True),
        ({"gain": 0.0071}, False),
        ({"gain": 0.045, "gain_error": 0.014}, True),
        ({"gain": 0.055, "gain_error": 0.1}, False),  # few points, but they were elsewhere
        ({"still": 0.29}, True),
        ({"still": 0.31}, False),
        ({"free": 0.019}, True),
        ({"free": 0.021}, False),
        ({"gain": 0.2, "seen": 0.3, "witnesses": 6.0}, True),  # by the few points in sight
        ({"gain": 0.2, "seen": 0.3, "witnesses": 6.0, "free": 0.03}, False),
        ({"gain": 0.2, "seen": 0.3, "witnesses": 5.0}, False),
        ({"gain": 0.2, "seen": 0.09}, False),
        ({"gain": 0.2, "seen": 0.5}, False),
        ({"gain": 0.2, "seen": 0.3, "moving_seen": 0.08}, False),
        ({"gain": 0.2, "seen": 0.3, "still_seen": 0.26, "moving_seen": 0.3}, False),
    ],
)
def test_what_stands(changed: dict[str, float], stands: bool) -> None:
    assert a_fit(**changed).standing().tolist() == [stands]


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_nearest_ranges_are_those_of_the_nearest_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform([-19, -19, -1], [19, 19, 4], (400, 3)).astype(np.float32)
    sensor = np.array([*rng.uniform(-5, 5, 2), 1.8])
    located = GRID.locate(points)
    corner = np.array([GRID.range_m, GRID.range_m, 0.0])
    ranges = nearest_ranges(
        located.cell, located.offset, sensor + corner, 0.3, GRID.size, GRID.cell_m
    )
    from_sensor = points[points[:, 2] > 0.301] - sensor
    expected = np.full(AZIMUTHS * ELEVATIONS, np.inf)
    for way in from_sensor:
        if (number := direction(*way)) >= 0:
            expected[number] = min(expected[number], np.linalg.norm(way))
    # A point on the edge of two directions may be counted to either.
    differ = ~np.isclose(ranges, expected, atol=1e-3)
    assert differ.sum() <= 0.02 * len(points)
    assert np.isfinite(ranges).sum() == pytest.approx(np.isfinite(expected).sum(), abs=4)


def test_directions_are_small_and_cover_all_around() -> None:
    angle = np.linspace(-np.pi, np.pi, 20000, endpoint=False)
    numbers = np.array([direction(np.cos(a), np.sin(a), 0.0) for a in angle])
    assert set(numbers // ELEVATIONS) == set(range(AZIMUTHS))
    assert np.bincount(numbers // ELEVATIONS).max() * 360 / len(angle) < 0.6  # degrees
    rises = np.linspace(-0.99 * STEEPEST, 0.99 * STEEPEST, 5000)
    assert len({direction(1.0, 0.0, rise) for rise in rises}) >= 0.98 * ELEVATIONS
    nearly = (36.59746751383115, -0.0016267272081613444, 54.89620132497672)  # 1.5, rounded down
    assert direction(*nearly) == AZIMUTHS * ELEVATIONS - 1
    steep = [(0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 1.6)]
    odd = [(np.nan, 0.0, 0.0), (np.inf, 0.0, 0.0), (np.inf, np.inf, 1.0), (1.0, 1.0, -np.inf)]
    for way in steep + odd:
        assert direction(*way) == -1
