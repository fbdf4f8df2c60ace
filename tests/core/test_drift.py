# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ego motion that is off by centimetres: the still world says by how much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from zeroflow_ros.body_motion import body_motion
from zeroflow_ros.drift import with_drift
from zeroflow_ros.earlier import EarlierSweep, index_earlier
from zeroflow_ros.geometry import from_roll_pitch_yaw, invert, transform_points
from zeroflow_ros.pillars import GridPoints, PillarGrid
from zeroflow_ros.samples import sample

GRID = PillarGrid(range_m=20.0, cell_m=0.4, z_min_m=-1.5, z_max_m=4.5)
SENSOR = np.array([0.0, 0.0, 1.8])
AGES = (1.0, 2.0, 4.0)
# What odometry is wrong by since each of them: x, y in metres, yaw in degrees.
ERRORS = ((0.05, -0.02, 0.2), (-0.03, 0.04, -0.3), (0.06, 0.05, 0.1))
CAR_M = (4.0, 1.8, 1.0)


def street(seed: int, fences: int = 12) -> np.ndarray:
    """Posts, corners of walls and ground around the origin, seen anew with each seed [N, 3]."""
    rng = np.random.default_rng(seed)
    places = np.random.default_rng(0).uniform(-16, 16, (fences, 2))
    angles = np.random.default_rng(1).uniform(0, np.pi, fences)
    parts = [np.float64(rng.uniform([-19, -19, -0.05], [19, 19, 0.05], (4000, 3)))]
    for (x, y), angle in zip(places, angles, strict=True):
        along = rng.uniform(0, 3, 400)
        for turned in (angle, angle + np.pi / 2):
            wall = np.column_stack([along * np.cos(turned), along * np.sin(turned)])
            parts.append(np.column_stack([wall + [x, y], rng.uniform(0.3, 2.5, 400)]))
    return np.concatenate(parts).astype(np.float32)


def car(shift: float, seed: int) -> np.ndarray:
    """Two sides of a car that has `shift` metres to go until it is where it is now."""
    unit = np.random.default_rng(seed).uniform(-0.5, 0.5, (600, 3))
    unit[:200, 0], unit[200:, 1] = -0.5, 0.5
    return np.float32(unit * CAR_M + [13.0 - shift, 12.0, 1.2])


def wrongly_placed(points: np.ndarray, error: tuple[float, float, float]) -> np.ndarray:
    """Where earlier points seem to have been, as seen from here, when odometry is wrong."""
    x, y, yaw = error
    return transform_points(invert(from_roll_pitch_yaw((x, y, 0), 0, 0, np.radians(yaw))), points)


def earlier(
    speed: float = 0.0, errors: Sequence[tuple[float, float, float]] = ERRORS
) -> list[EarlierSweep]:
    """A street with a car, from `AGES` ago, each of them placed with one of `errors`."""
    return [
        EarlierSweep(
            GRID.locate(wrongly_placed(np.concatenate([street(k), car(speed * age, k)]), error)),
            age,
            SENSOR,
        )
        for k, (age, error) in enumerate(zip(AGES, errors, strict=True), start=1)
    ]


def told(speed: float) -> tuple[GridPoints, np.ndarray, np.ndarray]:
    """The street with the car now, and what a network says: the car moves, by `speed`."""
    scene = street(9)
    located = GRID.locate(np.concatenate([scene, car(0.0, 9)]))
    is_car = located.rows >= len(scene)
    displacement = np.zeros((len(is_car), 3), np.float32)
    displacement[is_car, 0] = speed
    return located, displacement, np.where(is_car, 4, -4).astype(np.float32)


def test_the_still_world_says_what_odometry_is_wrong_by() -> None:
    still = GRID.locate(street(9))
    world = sample(GRID, still, np.zeros(len(still.rows), np.intp), 1, 400)
    drift = with_drift(index_earlier(GRID, earlier()), world).drift
    for found, error in zip(drift, ERRORS, strict=True):
        assert found[:2] == pytest.approx(error[:2], abs=0.012)
        assert np.degrees(found[2]) == pytest.approx(error[2], abs=0.06)


@pytest.mark.parametrize(("speed", "said"), [(0.0, 0.08), (0.5, 0.4), (-0.12, -0.08)])
def test_bodies_move_as_they_do_in_the_world(speed: float, said: float) -> None:
    """Metres an interval; without drift the car that stands is off by 5 cm and moves."""
    located, displacement, odds = told(said)
    found = body_motion(GRID, located, displacement, odds, 2.0, index_earlier(GRID, earlier(speed)))
    assert np.median(found[odds > 0], 0)[:2] == pytest.approx([speed, 0.0], abs=0.015)
    assert speed or not found[odds > 0].any()
    assert not found[odds < 0].any()


def thing(middle: tuple[float, float], width: float, seed: int, count: int = 400) -> np.ndarray:
    """One tree or parked car, seen anew with each seed."""
    rng = np.random.default_rng(seed)
    return np.float32(
        rng.uniform([-width, -width, 0.3], [width, width, 2], (count, 3)) + [*middle, 0]
    )


@pytest.mark.parametrize("width", [0.15, 1.0], ids=["a tree", "a car"])
@pytest.mark.parametrize("seed", range(4))
def test_one_thing_alone_does_not_turn_the_world(width: float, seed: int) -> None:
    """Who stands far from it still stands, although the network says that they walk."""

    def scene(k: int) -> np.ndarray:
        alone = thing((-14.0, 9.0), width, 10 * seed + k)
        return np.concatenate([alone, thing((15.0, -8.0), 0.25, 100 + 10 * seed + k, 80)])

    located = GRID.locate(scene(0))
    walker = located.rows >= 400
    displacement = np.zeros((len(walker), 3), np.float32)
    displacement[walker, 0] = 0.1
    odds = np.where(walker, 4, -4).astype(np.float32)
    sweeps = [EarlierSweep(GRID.locate(scene(k)), age, SENSOR) for k, age in enumerate(AGES, 1)]
    assert not body_motion(
        GRID, located, displacement, odds, 2.0, index_earlier(GRID, sweeps)
    ).any()


def test_points_in_one_place_are_no_world() -> None:
    still = GRID.locate(np.float32([[3.05, 4.05, 1.0]] * 100))
    world = sample(GRID, still, np.zeros(100, np.intp), 1, 400)
    moved = EarlierSweep(GRID.locate(np.float32([[3.1, 4.05, 1.0]] * 100)), 1.0, SENSOR)
    drift = with_drift(index_earlier(GRID, [moved]), world).drift
    assert drift[0] == pytest.approx([-0.05, 0.0, 0.0], abs=1e-3)


@pytest.mark.parametrize("count", [0, 30])
def test_few_points_are_not_the_world(count: int) -> None:
    few = GRID.locate(street(9)[-count:] if count else np.empty((0, 3), np.float32))
    world = sample(GRID, few, np.zeros(len(few.rows), np.intp), 1, 400)
    assert not with_drift(index_earlier(GRID, earlier()), world).drift.any()


def test_what_lies_nowhere_near_does_not_drift() -> None:
    wall = np.column_stack([np.linspace(-15, 15, 600), np.full(600, -10.0), np.ones(600)])
    still = GRID.locate(np.float32(wall))
    world = sample(GRID, still, np.zeros(len(still.rows), np.intp), 1, 400)
    elsewhere = EarlierSweep(GRID.locate(np.float32(wall + [0, 8, 0])), 1.0, SENSOR)
    assert not with_drift(index_earlier(GRID, [elsewhere]), world).drift.any()


@pytest.mark.parametrize("yaw_deg", [-0.4, 0.4])
def test_fast_bodies_drive_straight_on_where_yaw_is_wrong(yaw_deg: float) -> None:
    """0.4 degrees would push a car of 25 m/s aside by 0.17 m/s."""
    speed, errors = 2.5, [(0.0, 0.0, yaw_deg)] * 3
    located, displacement, odds = told(speed)
    found = body_motion(
        GRID, located, displacement, odds, 2.0, index_earlier(GRID, earlier(speed, errors))
    )
    ahead, aside = np.median(found[odds > 0], 0)[:2]
    assert ahead == pytest.approx(speed, abs=0.03)
    assert aside == pytest.approx(0.0, abs=0.01)


def test_sweeps_without_points_say_nothing() -> None:
    located, displacement, odds = told(0.4)
    empty = EarlierSweep(GRID.locate(np.empty((0, 3), np.float32)), 2.0, SENSOR)
    sweeps = earlier(0.5)[:1]
    alone = body_motion(GRID, located, displacement, odds, 2.0, index_earlier(GRID, sweeps))
    np.testing.assert_array_equal(
        body_motion(GRID, located, displacement, odds, 2.0, index_earlier(GRID, [*sweeps, empty])),
        alone,
    )
    alone = body_motion(GRID, located, displacement, odds, 2.0, index_earlier(GRID, [empty]))
    np.testing.assert_allclose(alone, displacement, atol=1e-6)
