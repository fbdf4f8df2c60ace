# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluated sweeps: what is refused, which region a point is in, and what a report says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.geometry import Points
from zeroflow_training.evaluation.classes import JUDGED, PointClass
from zeroflow_training.evaluation.pair import EvaluatedPair
from zeroflow_training.evaluation.pictures import draw_pair
from zeroflow_training.evaluation.regions import CLOSE, EVERYWHERE, REGIONS, RINGS
from zeroflow_training.evaluation.report import evaluate, write_report
from zeroflow_training.evaluation.results import WORST, Results, motion_error_m
from zeroflow_training.evaluation.tables import numbers, tables
from zeroflow_training.evaluation.tally import Tally, total

COUNT = 300


def sweep(seed: int, error_m: float = 0.02) -> EvaluatedPair:
    """A third of the points drives on by 0.5 m and is off by `error_m`; all else is right."""
    rng = np.random.default_rng(seed)
    points = rng.uniform((-60, -60, 0), (60, 60, 2), (COUNT, 3)).astype(np.float32)
    truth = np.zeros_like(points)
    truth[::3, 0] = 0.5
    predicted = truth + np.float32(error_m) * (truth > 0)
    classes = np.where(truth[:, 0] > 0, PointClass.CAR, PointClass.BACKGROUND).astype(np.uint8)
    return EvaluatedPair(f"sweep {seed}", points, predicted, truth, np.ones(COUNT, bool), classes)


def at(*places: tuple[float, float]) -> EvaluatedPair:
    """Points that stand still, at (x, y)."""
    points: Points = np.array([(x, y, 0.0) for x, y in places], np.float32)
    still = np.zeros_like(points)
    return EvaluatedPair("places", points, still, still, np.ones(len(points), bool))


def count(pair: EvaluatedPair, region: str) -> float:
    return Tally.of(pair).group(JUDGED, region).between().points


def test_the_edge_of_the_box_is_close() -> None:
    places = at((35.0, -35.0), (35.01, 0.0), (0.0, -35.01), (0.0, 0.0))
    assert count(places, CLOSE) == 2
    assert count(places, EVERYWHERE) == 4


def test_rings_go_by_horizontal_distance() -> None:
    places = at((19.9, 0.0), (0.0, 20.0), (24.0, 24.0), (30.0, 30.0), (-50.0, 0.0))
    assert [count(places, ring) for ring in RINGS] == [1, 2, 1, 1]


@given(st.integers(0, 2**32 - 1))
def test_rings_divide_the_points(seed: int) -> None:
    pair = sweep(seed)
    assert sum(count(pair, ring) for ring in RINGS) == count(pair, EVERYWHERE) == COUNT
    inside = (np.abs(pair.points[:, :2]) <= 35).all(1).sum()
    assert count(pair, CLOSE) == inside


def test_ground_counts_nowhere_else() -> None:
    pair = sweep(0)
    ground = np.full(COUNT, PointClass.GROUND, np.uint8)
    tally = Tally.of(replace(pair, classes=ground))
    assert tally.group().between().points == 0
    assert tally.group([PointClass.GROUND]).between().points == COUNT


def test_what_is_not_valid_may_be_anything() -> None:
    pair = sweep(0)
    pair.valid[:10] = False
    for array in (pair.points, pair.predicted, pair.truth):
        array[:10] = np.nan
    again = EvaluatedPair(**vars(pair))
    assert count(again, EVERYWHERE) == COUNT - 10
    assert math.isfinite(motion_error_m(again))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: {"predicted": p.predicted[1:]}, r"predicted has the shape \(299, 3\), not"),
        (lambda p: {"truth": p.truth[:, :2]}, "truth has the shape"),
        (lambda p: {"valid": p.valid.astype(np.uint8)}, "valid has the type uint8"),
        (lambda p: {"classes": p.classes[1:]}, "classes has the shape"),
        (lambda p: {"classes": p.classes + np.uint8(20)}, "classes has 21, no PointClass"),
        (lambda p: {"predicted": p.predicted * np.float32(np.nan)}, "predicted is not finite"),
        (lambda p: {"truth": p.truth + np.float32(np.inf)}, "truth is not finite for 300 valid"),
    ],
)
def test_bad_sweeps_are_refused_by_name(
    change: Callable[[EvaluatedPair], dict[str, Any]], message: str
) -> None:
    pair = sweep(5)
    with pytest.raises(ZeroflowError, match=f"sweep 'sweep 5': {message}"):
        replace(pair, **change(pair))


def test_workers_may_run_apart() -> None:
    sweeps = [sweep(k, 0.01 * k) for k in range(7)]
    results = [Results.of(pair) for pair in sweeps]
    left = sum(results[:3], start=Results.nothing())
    right = sum(results[3:], start=Results.nothing())
    whole = right + left
    assert whole.sweeps == 7
    np.testing.assert_allclose(whole.tally.sums, total(map(Tally.of, sweeps)).sums, rtol=1e-12)
    assert [each.pair.name for each in whole.worst] == ["sweep 6", "sweep 5", "sweep 4"]
    assert len(whole.worst) == WORST
    assert whole.worst[0].motion_error_m == pytest.approx(0.06 / 3, rel=1e-3)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("matplotlib", reason="pip install 'zeroflow_ros[training]'")
    pytest.importorskip("PIL", reason="pip install 'zeroflow_ros[viz]'")
    folder = tmp_path_factory.mktemp("report")
    evaluate((sweep(k, 0.05) for k in range(2)), folder)
    return folder


def test_report_has_numbers_tables_and_pictures(report: Path) -> None:
    assert sorted(file.name for file in report.iterdir()) == [
        *("results.json", "results.md", "speeds.png", "worst_1.png", "worst_2.png")
    ]
    numbers = json.loads((report / "results.json").read_text())
    assert numbers["sweeps"] == 2
    assert numbers["threeway"][EVERYWHERE]["dynamic_foreground_m"] == pytest.approx(0.05, rel=1e-4)
    assert numbers["threeway"][EVERYWHERE]["static_foreground_m"] is None
    assert numbers["bucketed"]["cars"]["normalised_everywhere"] == pytest.approx(0.1, rel=1e-4)
    assert numbers["bucketed"]["mean"]["normalised"] == pytest.approx(0.1, rel=1e-4)
    assert list(numbers["buckets"][EVERYWHERE]["cars"]) == ["4.8-5.2 m/s"]
    assert numbers["buckets"][EVERYWHERE]["cars"]["4.8-5.2 m/s"]["points"] == 200
    assert list(numbers["ranges"]) == list(REGIONS)
    assert numbers["ranges"]["over 50 m"]["false_motion"] == 0


def test_every_table_is_whole_in_markdown(report: Path) -> None:
    for table in (report / "results.md").read_text().strip().split("\n\n"):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_pictures_are_as_large_as_they_should_be(report: Path) -> None:
    from PIL import Image

    with Image.open(report / "worst_1.png") as picture:
        assert picture.size == (3020, 1083)
        assert len(set(picture.convert("L").tobytes())) > 20


def test_every_panel_says_whose_flow_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PIL", reason="pip install 'zeroflow_ros[viz]'")
    from zeroflow_ros.legend import Annotator

    titles: list[str] = []
    monkeypatch.setattr(Annotator, "title", lambda _, title: titles.append(title))
    picture = draw_pair(sweep(0, 0.05), "1. sweep 0", "labels of rigid", "mine")
    assert titles == ["labels of rigid", "mine", "difference"]
    assert picture.size == (3020, 1083)


def test_without_classes_there_are_speeds_and_no_classes() -> None:
    results = Results.of(replace(sweep(0), classes=None))
    by_key = {table.key: table for table in tables(results)}
    assert list(by_key["bucketed"].rows) == ["any class"]
    assert by_key["bucketed"].rows["any class"]["normalised_everywhere"] == pytest.approx(0.04)
    assert by_key["ranges"].columns[0].heading == "any class"
    assert math.isnan(by_key["threeway"].rows[EVERYWHERE]["threeway_m"])
    json.dumps(numbers(results), allow_nan=False)


def test_no_sweep_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroflowError, match="no sweep to evaluate"):
        write_report(Results.nothing(), tmp_path)
    assert not list(tmp_path.iterdir())
