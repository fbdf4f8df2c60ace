# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RigidTeacher: bodies read their motion, what stands stands, what is unclear has no label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.geometry import Points
from zeroflow_training.evaluation.intersection import Intersection
from zeroflow_training.evaluation.residual import residual_metrics
from zeroflow_training.teachers import PseudoLabel
from zeroflow_training.teachers.rigid import RigidTeacher

CAR, WALL, PERSON = 0, 1, 2


def box(size: tuple[float, float, float], spacing: float, seed: int) -> Points:
    """Points on the five sides of a box that stands on the ground, freshly sampled."""
    rng = np.random.default_rng(seed)
    sx, sy, sz = size
    faces = []
    for axis, sign in ((0, -1), (0, 1), (1, -1), (1, 1), (2, 1)):
        extent = np.delete([sx, sy, sz], axis)
        points = rng.uniform(-0.5, 0.5, (int(extent.prod() / spacing**2), 3)) * [sx, sy, sz]
        points[:, axis] = 0.5 * sign * [sx, sy, sz][axis]
        faces.append(points)
    return (np.concatenate(faces) + [0, 0, 0.3 + sz / 2]).astype(np.float32)


def street(
    shift: tuple[float, float], yaw: float = 0.0, seed: int = 0
) -> tuple[Points, np.ndarray]:
    """A car at (10, 4) that is moved, and a wall and a standing person that are not."""
    car = box((4.4, 1.8, 1.5), 0.12, seed)
    turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]], np.float32)
    car[:, :2] = car[:, :2] @ turn.T + np.float32([10 + shift[0], 4 + shift[1]])
    wall = box((0.4, 12.0, 3.0), 0.15, seed + 1) + np.float32([18, 0, 0])
    person = box((0.5, 0.5, 1.7), 0.08, seed + 2) + np.float32([6, -5, 0])
    parts = (car, wall, person)
    return np.concatenate(parts), np.repeat([CAR, WALL, PERSON], [len(part) for part in parts])


def labelled(
    shift: tuple[float, float], yaw: float = 0.0
) -> tuple[PseudoLabel, Points, np.ndarray]:
    source, kind = street((0, 0), seed=1)
    target, _ = street(shift, yaw, seed=11)
    return RigidTeacher().label(source, target), source, kind


@pytest.mark.parametrize("shift", [(0.5, 0.0), (-1.6, 0.1), (0.0, 0.4), (2.9, -0.4)])
def test_a_car_reads_its_motion(shift: tuple[float, float]) -> None:
    label, _, kind = labelled(shift)
    car = label.displacement[kind == CAR]
    np.testing.assert_allclose(car.mean(0), [*shift, 0], atol=0.04)
    assert label.valid[kind == CAR].all()
    assert np.abs(label.displacement[kind != CAR]).max() == 0
    assert label.valid[kind != CAR].mean() > 0.95
    assert label.cluster is not None
    assert set(label.cluster[kind == CAR]) == {1}
    assert set(label.cluster[kind != CAR]) == {0}
    assert label.diagnostics["moving_clusters"] == 1
    assert 0.9 < label.diagnostics["valid_share"] <= 1


def test_a_turning_car_reads_its_turn() -> None:
    label, source, kind = labelled((0.6, 0.1), yaw=0.08)
    car = source[kind == CAR, :2] - [10, 4]
    turned = car @ np.array([[np.cos(0.08), np.sin(0.08)], [-np.sin(0.08), np.cos(0.08)]])
    expected = turned + [0.6, 0.1] - car
    error = np.linalg.norm(label.displacement[kind == CAR, :2] - expected, axis=1)
    assert error.mean() < 0.04


def test_nothing_moves_in_a_standing_world() -> None:
    label, _, _ = labelled((0, 0))
    assert np.abs(label.displacement).max() == 0
    assert label.valid.mean() > 0.95
    assert label.diagnostics["moving_clusters"] == 0


def test_what_appears_or_is_too_tall_is_not_guessed() -> None:
    source, kind = street((0, 0), seed=1)
    without = street((0, 0), seed=11)
    target = without[0][without[1] != CAR]
    label = RigidTeacher().label(source, target)
    assert not label.valid[kind == CAR].any()
    assert np.abs(label.displacement).max() == 0
    tower = box((3.0, 3.0, 9.0), 0.15, 5) + np.float32([12, 0, 0])
    moved = box((3.0, 3.0, 9.0), 0.15, 6) + np.float32([13, 0, 0])
    assert np.abs(RigidTeacher().label(tower, moved).displacement).max() == 0


def test_a_fast_thing_is_found_beyond_its_length() -> None:
    source, kind = street((0, 0), seed=1)
    target, _ = street((0, 0), seed=11)
    bike = box((1.7, 0.6, 1.5), 0.08, 3)
    source = np.concatenate([source, bike + np.float32([-8, 6, 0])])
    later = box((1.7, 0.6, 1.5), 0.08, 4) + np.float32([-8 + 2.5, 6, 0])
    label = RigidTeacher().label(source, np.concatenate([target, later]))
    moved = label.displacement[len(kind) :]
    np.testing.assert_allclose(moved.mean(0), [2.5, 0, 0], atol=0.05)


def test_the_same_pair_reads_the_same() -> None:
    source, _ = street((0, 0), seed=1)
    target, _ = street((0.7, 0), seed=11)
    teacher = RigidTeacher(seed=3)
    first = teacher.label(source, target)
    teacher.label(target, source)
    again = teacher.label(source, target)
    np.testing.assert_array_equal(first.displacement, again.displacement)
    own = {"revision": RigidTeacher.revision, "seed": 3, "device": "cpu", "reach_m": 4.0}
    assert teacher.settings == {"teacher": "rigid", **own}


def test_the_least_reach_still_has_room_for_all_votes() -> None:
    source, _ = street((0, 0), seed=1)
    target, _ = street((0.7, 0), seed=11)
    label = RigidTeacher(reach_m=0.1).label(source, target)
    assert np.linalg.norm(label.displacement, axis=1).max() < 0.1 + 0.1  # and what a turn adds


@pytest.mark.parametrize("points", [0, 1, 5])
def test_hardly_any_points(points: int) -> None:
    cloud = np.random.default_rng(0).uniform(-5, 5, (points, 3)).astype(np.float32)
    far = cloud + np.float32([30, 0, 0])
    label = RigidTeacher().label(cloud, far)
    assert label.displacement.shape == (points, 3)
    assert not label.valid.any()
    assert RigidTeacher().label(cloud, cloud).valid.all()
    assert not RigidTeacher().label(cloud, cloud[:0]).valid.any()


def test_better_than_the_published_teachers_on_the_real_intersection(recordings: Path) -> None:
    """Source 0 towards 1, judged as theirs: NSFP 0.13, FastNSF 0.14, ICP-Flow 0.18 normalised."""
    scene = Intersection.read(recordings)
    files = [np.load(recordings / f"intersection_truth_{k}.npz") for k in (0, 1)]
    clouds = [scene.sweeps[k].points[~files[k]["ground_est"]] for k in (0, 1)]
    label = RigidTeacher().label(*clouds)
    above = ~files[0]["ground_est"]
    judged = files[0]["valid"][above] & (np.abs(clouds[0][:, :2]) < 35).all(1)
    truth = files[0]["flow_residual"][above][judged]
    found = residual_metrics(label.displacement[judged], truth)
    assert found.dynamic_epe_normalised < 0.08
    assert found.dynamic_epe_bucketed < 0.25
    assert found.static_epe_m < 0.01
    assert found.false_motion < 0.006
