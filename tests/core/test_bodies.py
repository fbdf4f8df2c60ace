# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bodies side by side: some chosen, shared among threads, each still its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeroflow_ros import body_motion as bodies_in_motion
from zeroflow_ros.bodies import find_bodies
from zeroflow_ros.body_motion import body_motion
from zeroflow_ros.earlier import EarlierSweep, index_earlier
from zeroflow_ros.pillars import PillarGrid
from zeroflow_ros.samples import PARTS, Samples

GRID = PillarGrid(range_m=40.0, cell_m=0.4, z_min_m=-1.0, z_max_m=3.0)
# Said by the network, metres an interval along x; what truly happens; whether it is certain.
CARS = [(0.5, 0.6, 1), (0.1, 0.0, 1), (0.4, 0.0, -1), (-1.0, -1.1, 1), (0.2, 0.15, 1)] * 4


def car(number: int, x_m: float, seed: int) -> np.ndarray:
    """Three sides of a car in a row of its own, float32 [N, 3]."""
    rng = np.random.default_rng(100 * seed + number)
    side = rng.integers(0, 3, 900 + 50 * number)
    unit = rng.uniform(-1, 1, (len(side), 3))
    unit[side == 0, 0], unit[side == 1, 1], unit[side == 2, 1] = 1, 1, -1
    return np.float32(unit * [2.0, 0.8, 0.6] + [x_m, 3.5 * (number - 9.5), 1.1])


def street(age: float) -> tuple[np.ndarray, np.ndarray]:
    """All cars `age` intervals ago, and of which car each point is."""
    parts = [car(k, -truth * age, int(age)) for k, (_, truth, _) in enumerate(CARS)]
    return np.concatenate(parts), np.repeat(np.arange(len(CARS)), [len(part) for part in parts])


@pytest.mark.parametrize("threads", [None, 3])
def test_each_body_is_judged_by_itself_however_many_threads_share_them(threads: int | None) -> None:
    points, number = street(0.0)
    said, truth, certain = np.array(CARS).T
    flow = np.float32(np.outer(said[number], [1.0, 0.0, 0.0]))
    earlier = [EarlierSweep(GRID.locate(street(a)[0]), a, np.zeros(3)) for a in (1.0, 2.0, 4.0)]
    odds = np.float32(2 * certain[number])
    with ThreadPoolExecutor(threads or 1) as pool:
        each = pool.map if threads else map
        found = body_motion(
            GRID, GRID.locate(points), flow, odds, 0.0, index_earlier(GRID, earlier), each
        )
    expected = np.where(certain > 0, truth, 0.0)[number]
    np.testing.assert_allclose(found[:, 0], expected, atol=0.03)
    assert (found[certain[number] < 0] == 0).all()
    assert (np.abs(found[truth[number] == 0]) < 0.01).all()


WAGONS = (0.0, 0.2, 0.0, 0.0, 0.2, 0.2, 0.0)  # metres an interval along x; the network says 0.2


def wagons(age: float) -> tuple[np.ndarray, np.ndarray]:
    """Flat sides 12 m long, 8 m apart, in eight rings of a lidar; points, and whose they are."""
    rng = np.random.default_rng(int(age))
    parts = []
    for number, speed in enumerate(WAGONS):
        along = np.arange(-10, 10, 0.05) + rng.uniform(0, 0.05)
        x, z = np.meshgrid(along, np.linspace(0.5, 2.9, 8))
        y = 8.0 * (number - 3) + rng.normal(0, 0.01, x.shape)
        points = np.stack([x, y, z], -1).reshape(-1, 3)
        parts.append(points[np.abs(points[:, 0] + speed * age) < 6])
    number = np.repeat(np.arange(len(WAGONS)), [len(part) for part in parts])
    return np.concatenate(parts).astype(np.float32), number


def test_who_may_stand_by_few_points_is_asked_again_with_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points, number = wagons(0.0)
    flow = np.tile(np.float32([0.2, 0, 0]), (len(points), 1))
    nowhere = np.full(3, np.nan)  # so that visibility says nothing
    earlier = [EarlierSweep(GRID.locate(wagons(a)[0]), a, nowhere) for a in (1.0, 2.0, 4.0)]

    def read() -> list[float]:
        odds = np.full(len(points), 2, np.float32)
        found = body_motion(
            GRID, GRID.locate(points), flow, odds, 0.0, index_earlier(GRID, earlier)
        )
        return [float(np.median(found[number == k, 0])) for k in range(len(WAGONS))]

    assert read() == pytest.approx(WAGONS, abs=0.03)
    monkeypatch.setattr(bodies_in_motion, "POINTS_OF_ALL_DOUBTED", 64 * len(WAGONS))
    assert read() == [0] * len(WAGONS)


def test_selected_bodies_keep_their_points_and_pillars() -> None:
    points, number = street(0.0)
    flow = np.float32(np.outer(np.array(CARS)[number, 0], [1.0, 0.0, 0.0]))
    bodies = find_bodies(GRID, GRID.locate(points), flow, np.float32(number))
    assert len(bodies) == len(CARS)
    kept = np.arange(len(CARS)) % 3 == 1
    some = bodies.select(kept)
    assert len(some) == kept.sum()
    np.testing.assert_array_equal(some.log_odds, bodies.log_odds[kept])
    of_old = bodies.body[bodies.pillar]
    np.testing.assert_array_equal(some.rows, bodies.rows[kept[of_old]])
    old = np.flatnonzero(kept)[some.body[some.pillar]]
    np.testing.assert_array_equal(old, of_old[kept[of_old]])
    near = points[some.rows, :2] + GRID.range_m - some.position[some.pillar]
    assert np.abs(near).max() <= 0.2 + 1e-4  # each point in its pillar
    assert np.bincount(some.pillar).tolist() == some.weight.tolist()
    assert not len(bodies.select(np.zeros(len(CARS), bool)))


@given(st.lists(st.integers(0, 70), max_size=40))
def test_parts_are_all_bodies_once_and_about_even(counts: list[int]) -> None:
    first = np.concatenate([[0], np.cumsum(np.array(counts, int))]).astype(np.int32)
    samples = Samples(np.zeros((first[-1], 3), np.float32), first)
    parts = samples.parts()
    assert [k for part in parts for k in range(part.start, part.stop)] == [*range(len(counts))]
    assert len(parts) <= PARTS
    for part in parts:
        ends = samples.ends(part)
        assert len(ends) == part.stop - part.start + 1
        assert ends[-1] - ends[0] <= first[-1] / PARTS + max(counts)
