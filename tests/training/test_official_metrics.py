# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Our metrics against those of av2-api and BucketedSceneFlowEval, number by number.

`make test` installs both without their dependencies, of which these functions need few.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.geometry import from_roll_pitch_yaw
from zeroflow_training.comparison.reference import classes_of
from zeroflow_training.evaluation.bucketed import Bucketed, by_class, mean_over
from zeroflow_training.evaluation.classes import BOARD, FOREGROUND, MOVERS, Classes, PointClass
from zeroflow_training.evaluation.pair import EvaluatedPair
from zeroflow_training.evaluation.regions import CLOSE, EVERYWHERE
from zeroflow_training.evaluation.tally import Tally, total
from zeroflow_training.evaluation.threeway import Threeway
from zeroflow_training.sources.argoverse2.categories import CATEGORIES, flow_classes

SWEEPS, POINTS = 2, 2000
NAMES = ("NONE", *CATEGORIES)  # by their number in av2-api
CAR = NAMES.index("REGULAR_VEHICLE")
KINDS: dict[str, Callable[[np.random.Generator], Any]] = {
    "everything": lambda rng: rng.integers(0, 31, POINTS),
    "mostly background": lambda rng: rng.integers(1, 31, POINTS) * (rng.random(POINTS) < 0.05),
    "no cars": lambda rng: rng.choice(np.delete(np.arange(31), CAR), POINTS),
    "cars alone": lambda rng: np.full(POINTS, CAR),
    "background alone": lambda rng: np.zeros(POINTS, int),
}
SPEEDS: dict[str, Callable[[np.random.Generator], Any]] = {
    "all speeds": lambda rng: rng.exponential(0.5, POINTS) * (rng.random(POINTS) < 0.5),
    "two speeds": lambda rng: rng.choice([0.0, 0.07, 3.0], POINTS),
    "nothing moves": lambda rng: rng.uniform(0.0, 0.039, POINTS),
    "everything moves": lambda rng: rng.uniform(0.06, 4.0, POINTS),
}

CASES = (
    *(("everything", "all speeds", seed) for seed in range(2)),
    *(("mostly background", "all speeds", seed) for seed in range(2)),
    ("no cars", "two speeds", 0),
    ("cars alone", "everything moves", 0),
    ("everything", "nothing moves", 0),
    ("background alone", "nothing moves", 0),
    ("background alone", "all speeds", 0),
)


class Case:
    """Random sweeps as a pair of ours, with the label of each point."""

    def __init__(self, kind: str, speed: str, seed: int) -> None:
        rng = np.random.default_rng([*map(ord, kind), *map(ord, speed), seed])
        self.categories, self.pairs = [], []
        for k in range(SWEEPS):
            category = KINDS[kind](rng).astype(np.uint8)
            self.categories.append(category)
            self.pairs.append(random_pair(rng, str(k), category, SPEEDS[speed](rng)))

    @property
    def tally(self) -> Tally:
        return total(map(Tally.of, self.pairs))


def classes(category: np.ndarray) -> Classes:
    """Of numbers as av2-api counts them, by the way that labels of Argoverse 2 take."""
    found = flow_classes(category, 0)
    assert found is not None
    return classes_of(found)


def random_pair(
    rng: np.random.Generator, name: str, category: np.ndarray, speed: np.ndarray
) -> EvaluatedPair:
    direction = rng.normal(size=(POINTS, 3))
    truth = speed[:, None] * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    share, noise = rng.uniform(0.0, 1.2, (POINTS, 1)), rng.normal(0, 0.03, (POINTS, 3))
    predicted = share * truth + noise * (rng.random((POINTS, 1)) < 0.5)
    points = rng.uniform((-70, -70, -2), (70, 70, 5), (POINTS, 3))
    return EvaluatedPair(
        name,
        *(array.astype(np.float32) for array in (points, predicted, truth)),
        valid=rng.random(POINTS) < 0.9,
        classes=classes(category),
        next_from_source=from_roll_pitch_yaw((-1.4, 0.1, 0.02), 0.01, -0.02, 0.05),
    )


@pytest.fixture(params=CASES, ids=lambda params: ", ".join(map(str, params)))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(*request.param)


def same(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-5, abs=1e-7, nan_ok=True)


def av2_numbers(av2: ModuleType, case: Case) -> tuple[dict[str, float], Any]:
    """What av2-api makes of the same sweeps: its dictionary, and its table by sweep and group."""
    import pandas

    parts = []
    for pair, category in zip(case.pairs, case.categories, strict=True):
        motion = pair.next_from_source
        rigid = pair.points @ motion[:3, :3].T + motion[:3, 3] - pair.points
        found = av2.compute_metrics(
            rigid + pair.predicted @ motion[:3, :3].T,
            np.linalg.norm(pair.predicted, axis=1) >= 0.05,
            rigid + pair.truth @ motion[:3, :3].T,
            category,
            np.linalg.norm(pair.truth, axis=1) >= 0.05,
            (np.abs(pair.points[:, :2]) <= 35).all(1),
            pair.valid,
            av2.constants.FOREGROUND_BACKGROUND_BREAKDOWN,
        )
        parts.append(pandas.DataFrame(found))
    frame = pandas.concat(parts)
    return av2.results_to_dict(frame), frame


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_threeway_is_that_of_av2(av2: ModuleType, case: Case) -> None:
    theirs, frame = av2_numbers(av2, case)
    close = frame[frame.Distance == "Close"]
    theirs["Dynamic IoU/Close"] = close.TP.sum() / (close.TP + close.FP + close.FN).sum()
    for region, suffix in ((EVERYWHERE, ""), (CLOSE, "/Close")):
        ours = Threeway.of(case.tally, region).row()
        three = [
            theirs[f"EPE/{group}{suffix}"]
            for group in ("Foreground/Dynamic", "Foreground/Static", "Background/Static")
        ]
        assert ours["threeway_m"] == same(float(np.mean(three)))
        assert ours["dynamic_iou"] == same(theirs[f"Dynamic IoU{suffix}"])
        for motion, ground in (
            ("dynamic", "foreground"),
            ("static", "foreground"),
            ("static", "background"),
        ):
            name, group = f"{motion}_{ground}", f"{ground.title()}/{motion.title()}{suffix}"
            assert ours[f"{name}_m"] == same(theirs[f"EPE/{group}"])
            assert ours[f"{name}_accuracy_strict"] == same(theirs[f"Accuracy Strict/{group}"])
            assert ours[f"{name}_accuracy_relaxed"] == same(theirs[f"Accuracy Relax/{group}"])
            assert ours[f"{name}_angle_error_rad"] == same(theirs[f"Angle Error/{group}"])
    assert Threeway.of(case.tally).row()["threeway_m"] == same(theirs["EPE 3-Way Average"])


def test_categories_are_those_of_av2(av2: ModuleType) -> None:
    assert {name: k for k, name in enumerate(NAMES)} == av2.constants.CATEGORY_TO_INDEX
    groups = av2.constants.FOREGROUND_BACKGROUND_BREAKDOWN
    foreground = groups[av2.constants.MetricBreakdownCategories.FOREGROUND]
    table = classes(np.arange(len(NAMES)))
    assert np.flatnonzero(np.isin(table, FOREGROUND)).tolist() == sorted(foreground)


def evaluate_by(bse: ModuleType, kind: str, case: Case, folder: Path) -> Any:
    """Their evaluator of `kind`, as their Argoverse 2 data set makes it, after the same sweeps."""
    data, dataset = bse.datastructures, bse.datasets.argoverse2.dataset
    evaluator = dataset._make_av2_evaluator(dataset.EvalType[kind], {"output_path": folder})
    for pair, category in zip(case.pairs, case.categories, strict=True):
        everything = np.ones(POINTS, bool)
        cloud = data.SupervisedPointCloudFrame(
            full_pc=data.PointCloud(pair.points),
            pose=data.PoseInfo.identity(),
            mask=everything,
            full_pc_classes=category.astype(np.int8) - np.int8(1),
        )
        frame = data.TimeSyncedSceneFlowFrame(
            pc=cloud,
            auxillary_pc=None,
            rgbs=data.RGBFrameLookup.empty(),
            log_id="log",
            log_idx=0,
            log_timestamp=0,
            flow=data.EgoLidarFlow(pair.truth, pair.valid),
        )
        evaluator.eval(data.EgoLidarFlow(pair.predicted, everything), frame)
    return evaluator


@pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")
def test_buckets_are_those_of_bse(bse: ModuleType, case: Case, tmp_path: Path) -> None:
    evaluator = evaluate_by(bse, "BUCKETED_EPE", case, tmp_path)
    for region, limit in ((CLOSE, 35), (EVERYWHERE, np.inf)):
        theirs = evaluator.compute_results(return_distance_threshold=limit)
        ours = by_class(case.tally, region)
        for member in BOARD:
            assert ours[member].static_m == same(theirs[member.name][0])
            assert ours[member].dynamic == same(theirs[member.name][1])
        means = json.loads((tmp_path / f"mean_average_results_{limit}.json").read_text())
        assert mean_over(ours) == tuple(map(same, means))
        stats = evaluator._category_to_average_stats(evaluator._category_to_per_frame_stats())
        matrix = evaluator._build_stat_table(stats, limit)
        for member in BOARD:
            compare_buckets(ours[member], *matrix.get_class_entries(member.name))


def compare_buckets(
    ours: Bucketed, error: np.ndarray, speed: np.ndarray, points: np.ndarray
) -> None:
    np.testing.assert_array_equal(ours.points, points)
    np.testing.assert_allclose(ours.error_m, error, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(ours.length_m, speed, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(ours.normalised[1:], error[1:] / speed[1:], rtol=1e-5)


@pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")
def test_threeway_of_movers_is_that_of_bse(bse: ModuleType, case: Case, tmp_path: Path) -> None:
    evaluator = evaluate_by(bse, "THREEWAY_EPE", case, tmp_path)
    for region, limit in ((CLOSE, 35), (EVERYWHERE, np.inf)):
        theirs = evaluator.compute_results(return_distance_threshold=limit)
        ours = Threeway.of(case.tally, region, MOVERS)
        assert ours.dynamic_foreground.mean("error") == same(theirs["FOREGROUND"][1])
        assert ours.static_foreground.mean("error") == same(theirs["FOREGROUND"][0])
        assert ours.static_background.mean("error") == same(theirs["BACKGROUND"][0])


def test_classes_are_those_of_bse(bse: ModuleType) -> None:
    package = bse.datasets.argoverse2
    groups = package.av2_metacategories.BUCKETED_METACATAGORIES
    names = package.argoverse_scene_flow.CATEGORY_MAP
    found: dict[str, set[str]] = {}
    table = classes(np.arange(len(NAMES)))
    for index, member in enumerate(table):
        found.setdefault(PointClass(member).name, set()).add(names[index - 1])
    other = found.pop("OTHER")
    assert found == {name: set(members) for name, members in groups.items()}
    assert other == {*package.av2_metacategories.ROAD_SIGNS, "ANIMAL", "DOG"}
