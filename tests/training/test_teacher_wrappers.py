# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is wrapped around teachers, on flows that a stand-in says."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.geometry import Points
from zeroflow_training.teachers import PseudoLabel
from zeroflow_training.teachers.kabsch import kabsch, robust_kabsch
from zeroflow_training.teachers.post import LEAST, RigidSmoothing, TwoWayConsistency
from zeroflow_training.teachers.registry import TEACHERS, WRAPPERS, make_teacher

RANDOM = np.random.default_rng(0)
TURN = 0.1
ROTATION = np.array(
    [[np.cos(TURN), -np.sin(TURN), 0], [np.sin(TURN), np.cos(TURN), 0], [0, 0, 1]], np.float64
)
MOVE = np.array([0.5, -0.2, 0.05])


@dataclass(frozen=True)
class Says:
    """Answers with a function of source and target; all valid."""

    flow: Any

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"teacher": "says"}

    def label(self, source: Points, target: Points) -> PseudoLabel:
        flow = np.asarray(self.flow(source, target), np.float32)
        return PseudoLabel(flow, np.ones(len(source), bool), diagnostics={"seconds": 1.0})


def box(count: int, centre: tuple[float, float, float] = (20.0, 5.0, 1.0)) -> npt.NDArray[Any]:
    return RANDOM.uniform(-0.6, 0.6, (count, 3)) + centre


def moved(points: npt.NDArray[Any]) -> npt.NDArray[Any]:
    centre = points.mean(0)
    return (points - centre) @ ROTATION.T + centre + MOVE


def test_kabsch_is_exact_and_never_mirrors() -> None:
    points = box(40)
    motion = kabsch(points, moved(points))
    np.testing.assert_allclose(motion.rotation, ROTATION, atol=1e-12)
    np.testing.assert_allclose(motion.translation, MOVE, atol=1e-12)
    mirrored = kabsch(points, points * [1, -1, 1])
    assert np.linalg.det(mirrored.rotation) == pytest.approx(1)


def test_many_fits_at_once_are_those_one_by_one() -> None:
    source, target = RANDOM.normal(size=(2, 6, 5, 3))
    together = kabsch(source, target)
    for k in range(6):
        alone = kabsch(source[k], target[k])
        np.testing.assert_allclose(together.rotation[k], alone.rotation, atol=1e-9)
        np.testing.assert_allclose(together.apply(source)[k], alone.apply(source[k]), atol=1e-9)


def test_mismatched_points_do_not_count() -> None:
    source = box(100)
    target = moved(source)
    target[:40] += RANDOM.uniform(1, 3, (40, 3))
    motion = robust_kabsch(source, target, np.random.default_rng(0), 250, 0.2)
    np.testing.assert_allclose(motion.apply(source[40:]), target[40:], atol=1e-9)
    np.testing.assert_allclose(motion.rotation, ROTATION, atol=1e-9)


def test_clusters_move_rigidly_and_the_rest_keeps_its_flow() -> None:
    car, loose = box(300), np.array([[0.0, 40.0, 1.0], [5.0, -30.0, 2.0]])
    source = np.concatenate([car, loose]).astype(np.float32)
    said = np.concatenate([moved(car) - car, np.full((2, 3), 0.04)])
    said[:90] += 0.7
    label = RigidSmoothing(Says(lambda source, target: said)).label(source, source)
    np.testing.assert_allclose(label.displacement[:300], moved(car) - car, atol=0.02)
    np.testing.assert_array_equal(label.displacement[300:], np.float32(said[300:]))
    assert label.cluster is not None
    assert label.cluster[:300].tolist() == [1] * 300
    assert label.cluster[300:].tolist() == [0, 0]
    assert label.diagnostics["clusters"] == 1
    assert label.diagnostics["still_clusters"] == 0


@pytest.mark.parametrize(("step_m", "said_m"), [(0.049, 0.0), (0.051, 0.051)])
def test_small_motion_of_a_cluster_is_none(step_m: float, said_m: float) -> None:
    source = box(200).astype(np.float32)
    flow = np.tile([step_m, 0, 0], (200, 1))
    label = RigidSmoothing(Says(lambda source, target: flow)).label(source, source)
    np.testing.assert_allclose(label.displacement, np.tile([said_m, 0, 0], (200, 1)), atol=1e-5)


def test_smoothing_twice_says_the_same() -> None:
    source = np.concatenate([box(60), box(60, (-9.0, 2.0, 1.0))]).astype(np.float32)
    noisy = RANDOM.normal(0, 0.3, source.shape)
    smoothing = RigidSmoothing(Says(lambda source, target: noisy))
    first, again = smoothing.label(source, source), smoothing.label(source, source)
    np.testing.assert_array_equal(first.displacement, again.displacement)


def test_a_point_that_vanishes_is_not_valid() -> None:
    """It is taken to the car that has moved on; the way back from there leads to the car."""
    car = box(50).astype(np.float32)
    gone = np.float32([[20.0, 8.0, 1.0]])
    source, step = np.concatenate([car, gone]), np.float32([0.5, 0, 0])
    target = car + step

    def says(source: Points, target: Points) -> Points:
        away = np.tile(step if len(source) == 51 else -step, (len(source), 1))
        if len(source) == 51:
            away[50] = target[0] - gone[0]
        return away

    label = TwoWayConsistency(Says(says)).label(source, target)
    assert label.valid[:50].all()
    assert not label.valid[50]
    assert not label.displacement[50].any()
    assert label.diagnostics["valid_share"] == pytest.approx(50 / 51)
    assert label.diagnostics["seconds"] >= 2


def test_a_point_that_arrives_nowhere_is_not_valid() -> None:
    source, target = np.float32([[9, 0, 1], [30, 0, 1]]), np.float32([[9.1, 0, 1]])
    still = Says(lambda source, target: np.zeros_like(source))
    assert TwoWayConsistency(still).label(source, target).valid.tolist() == [True, False]


@pytest.mark.parametrize("wrapper", [RigidSmoothing, TwoWayConsistency])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_few_points_pass_through(wrapper: Any, count: int) -> None:
    source = np.zeros((count, 3), np.float32)
    label = wrapper(Says(lambda source, target: np.zeros_like(source))).label(source, source)
    assert label.valid.shape == (count,)
    assert label.valid.all()


@pytest.mark.parametrize("wrapper", [RigidSmoothing, TwoWayConsistency])
def test_a_teacher_need_not_report_its_seconds(
    monkeypatch: pytest.MonkeyPatch, wrapper: Any
) -> None:
    monkeypatch.setattr("zeroflow_training.teachers.post.time.perf_counter", count(5.0).__next__)

    class Silent(Says):
        def label(self, source: Points, target: Points) -> PseudoLabel:
            return replace(super().label(source, target), diagnostics={})

    source = np.zeros((1, 3), np.float32)
    label = wrapper(Silent(lambda source, target: np.zeros_like(source))).label(source, source)
    assert label.diagnostics["seconds"] == pytest.approx(1.0)  # those of the wrapper itself


def test_teachers_are_made_by_name() -> None:
    pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
    settings = {"patience": 7, "two-way.tolerance_m": 1, "post.still_m": 0.1}
    teacher = make_teacher("fast_nsf+two-way+post", seed=3, settings=settings)
    outer = teacher.settings
    middle = outer["of"]
    inner = middle["of"]
    assert (outer["wrapper"], outer["still_m"], outer["seed"]) == ("post", 0.1, 3)
    assert (middle["wrapper"], middle["tolerance_m"]) == ("two-way", 1)
    assert (inner["teacher"], inner["seed"], inner["patience"]) == ("fast_nsf", 3, 7)
    for name in TEACHERS:
        assert make_teacher(name).settings["teacher"] == name


def test_settings_tell_apart_order_and_number_of_wrappers() -> None:
    pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
    names = ("nsfp", "nsfp+post", "nsfp+post+post", "nsfp+post+two-way", "nsfp+two-way+post")
    said = [json.dumps(make_teacher(name).settings, sort_keys=True) for name in names]
    assert len(set(said)) == len(names)


@pytest.mark.parametrize("name", [*TEACHERS, *(f"rigid+{wrapper}" for wrapper in WRAPPERS)])
def test_settings_say_the_revision(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
    teacher = make_teacher(name)
    before = dict(teacher.settings)
    monkeypatch.setattr(type(teacher), "revision", 99)
    assert teacher.settings == {**before, "revision": 99}
    assert before["revision"] >= 1


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("icp", {}, "no teacher 'icp' in 'icp': there is rigid, nsfp, fast_nsf"),
        ("nsfp+pots", {}, r"no wrapper 'pots' in 'nsfp\+pots': there is post, two-way"),
        ("nsfp", {"speed": 1}, "'nsfp' has no setting 'speed': there is iterations, patience"),
        ("nsfp", {"device": "cpu"}, "has no setting 'device'"),
        ("nsfp", {"patience": 0.5}, "patience is 0.5, not int such as 100"),
        ("nsfp", {"patience": 0}, "nsfp: patience is 0: it has to be 1 or more, and finite"),
        ("nsfp", {"min_delta": math.inf}, "nsfp: min_delta is inf: it has to be 0 or more"),
        ("rigid", {"reach_m": 0}, "rigid: reach_m is 0: it has to be 0.1 or more, and finite"),
        ("rigid", {"reach_m": 0.04}, "rigid: reach_m is 0.04: "),
        ("rigid", {"reach_m": -1.0}, "rigid: reach_m is -1.0: "),
        ("rigid", {"reach_m": math.inf}, "rigid: reach_m is inf: "),
        ("rigid", {"reach_m": math.nan}, "rigid: reach_m is nan: "),
        ("rigid+post", {"post.eps_m": 0}, "post: eps_m is 0: it has to be 0.01 or more"),
        ("rigid+post", {"post.min_points": 0}, "post: min_points is 0: it has to be 3 or more"),
        ("rigid+post", {"post.trials": -1}, "post: trials is -1: it has to be 0 or more"),
        ("rigid+two-way", {"two-way.reach_m": -1}, "two-way: reach_m is -1: it has to be 0 or"),
        ("nsfp", {"initialisation": "he"}, "initialisation is 'he': there is uniform, xavier"),
        ("nsfp", {"post.eps_m": 1.0}, r"'nsfp' has no '\+post'"),
        ("nsfp+post", {"post.eps": 1.0}, "'post' has no setting 'eps': there is eps_m"),
    ],
)
def test_what_there_is_not_is_refused(name: str, settings: dict[str, Any], message: str) -> None:
    pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
    with pytest.raises(ZeroflowError, match=message):
        make_teacher(name, settings=settings)


@pytest.mark.parametrize("teacher", TEACHERS)
def test_a_device_that_is_not_there_is_refused(teacher: str) -> None:
    torch = pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
    name = "cuda:99" if torch.cuda.is_available() else "cuda"
    with pytest.raises(ZeroflowError, match=f"device '{name}' cannot be used"):
        make_teacher(teacher, device=name)


@pytest.mark.parametrize("teacher", TEACHERS)
def test_settings_say_the_kind_of_device(teacher: str) -> None:
    pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
    numbered, plain = (make_teacher(teacher, device=name) for name in ("cpu:0", "cpu"))
    assert numbered.settings == plain.settings
    assert plain.settings["device"] == "cpu"


@pytest.mark.parametrize("teacher", TEACHERS)
def test_a_seed_below_zero_is_refused(teacher: str) -> None:
    pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
    with pytest.raises(ZeroflowError, match=f"{teacher}: seed is -1: it has to be 0 or more"):
        make_teacher(teacher, seed=-1)


@pytest.mark.parametrize(
    "setting", ["eps_m", "min_points", "trials", "inlier_m", "still_m", "seed"]
)
def test_the_least_of_each_setting_works(setting: str) -> None:
    source = np.repeat(box(20), 12, axis=0).astype(np.float32)  # at 20 places
    still = Says(lambda source, target: np.zeros_like(source))
    label = RigidSmoothing(still, **{setting: LEAST[setting]}).label(source, source)
    assert np.abs(label.displacement).max() < 1e-6
    assert label.diagnostics["clusters"] >= 1
