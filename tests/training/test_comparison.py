# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Answers judged on a sequence whose motion is known: a car that drives at 5 m/s beside a wall."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.errors import DataError, MissingPackageError, ZeroflowError
from zeroflow_ros.estimator import FlowEstimator, estimate_pair
from zeroflow_ros.geometry import Points, from_roll_pitch_yaw, invert, transform_points
from zeroflow_ros.levelling import KnownLevelling
from zeroflow_ros.sweep import PosedSweep, Sweep
from zeroflow_training.comparison.answers import Answer, NoMotion, TeacherLabels
from zeroflow_training.comparison.comparison import Comparison
from zeroflow_training.comparison.judged_sequences import judged_sequences
from zeroflow_training.comparison.models import ModelFlow
from zeroflow_training.comparison.reference import Convention, Reference
from zeroflow_training.comparison.summary import Summary
from zeroflow_training.comparison.tasks import JudgeTask
from zeroflow_training.evaluation.regions import CLOSE, EVERYWHERE
from zeroflow_training.evaluation.residual import ResidualMetrics, residual_metrics
from zeroflow_training.sequences import (
    TRUTH,
    FlowClass,
    Origin,
    Pairing,
    PairLabels,
    SequenceWriter,
    StoredSweep,
    find_sequences,
)
from zeroflow_training.sequences import Sequence as Drive
from zeroflow_training.sources.simulated import SimulationOptions, import_simulated
from zeroflow_training.sources.summary import ImportSummary
from zeroflow_training.workers import _run

WALL, CAR, ROAD = 300, 100, 50
COUNT = WALL + CAR + ROAD
ON_CAR = np.arange(COUNT) // WALL == 1  # rows 300 to 449; the last 50 of them are the road's
ON_CAR[WALL + CAR :] = False
SPEED, EGO_SPEED = 5.0, 30.0


def drive(
    folder: Path, *, steps: Iterable[int] = (-1,), interval_s: float = 0.1, classes: bool = True
) -> Drive:
    """Four sweeps of a sensor that turns at 30 m/s; truth in the directions `steps`.

    What the labels say of the road is wrong, and of the wall's first ten points not known.
    """
    rng = np.random.default_rng(0)
    world = rng.uniform((-20, 5, 0), (20, 6, 3), (COUNT, 3))
    at = [EGO_SPEED * interval_s * k for k in range(4)]
    ego = [from_roll_pitch_yaw((x, 0, 0), 0, 0, 0.02 * k) for k, x in enumerate(at)]
    valid = np.arange(COUNT) >= 10
    class_id = np.where(ON_CAR, FlowClass.CAR, FlowClass.BACKGROUND).astype(np.uint8)
    with SequenceWriter(folder, Origin("none", "made up", "exact", "own")) as writer:
        for k, pose in enumerate(ego):
            now = world + ON_CAR[:, None] * np.array([SPEED * interval_s * k, 0, 0])
            points = ((now - pose[:3, 3]) @ pose[:3, :3]).astype(np.float32)
            sweep = Sweep(points, 10**18 + round(k * interval_s * 1e9), "lidar")
            writer.add(StoredSweep(PosedSweep(sweep, pose), np.arange(COUNT) >= WALL + CAR))
            for step in steps:
                if 0 <= k + step < len(ego):
                    moved = ON_CAR[:, None] * np.array([SPEED * interval_s * step, 0, 0])
                    moved[WALL + CAR :] = 1.0
                    displacement = (moved @ pose[:3, :3]).astype(np.float32)
                    labels = PairLabels(displacement, valid, class_id if classes else None)
                    writer.add_truth(Pairing(k, k + step), labels)
    return Drive(folder)


def label(sequence: Drive, teacher: str, off_m: float = 0.0, blind: int = 0) -> None:
    """As the truth, but off by `off_m` along z, and without the last `blind` points of the car."""
    for pairing in sequence.labelled(TRUTH):
        true = sequence.labels(TRUTH, pairing)
        valid = true.valid & ~(ON_CAR & (np.arange(COUNT) >= WALL + CAR - blind))
        moved = true.displacement + np.array([0, 0, off_m], np.float32)
        labels = PairLabels(np.where(valid[:, None], moved, np.nan), valid)
        labels.write(sequence.label_file(teacher, pairing))


def comparison(
    data: Path,
    out: Path,
    *answers: Answer,
    truth: str = TRUTH,
    convention: Convention = "newest",
    jobs: int = 1,
) -> Comparison:
    teachers = [answer.name for answer in answers if isinstance(answer, TeacherLabels)]
    sequences = find_sequences(data)
    judged = judged_sequences(data, sequences, Reference(truth), teachers, convention)
    return Comparison((*answers, NoMotion()), tuple(judged), Reference(truth), out, jobs)


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take two seconds, and have tests of their own."""
    monkeypatch.setattr("zeroflow_training.evaluation.report._draw", lambda *_: None)


def dynamic_m(numbers: dict[str, Any]) -> float:
    return numbers["threeway"][EVERYWHERE]["dynamic_foreground_m"]


@pytest.mark.parametrize(
    ("steps", "convention", "interval_s"),
    [
        ((-1, 1), "newest", 0.1),
        ((1,), "newest", 0.1),
        ((-1, 1), "published", 0.1),
        ((-1,), "newest", 0.05),
    ],
)
def test_zero_flow_is_half_a_metre_off_and_perfect_labels_are_not(
    tmp_path: Path, steps: Sequence[int], convention: Convention, interval_s: float
) -> None:
    sequence = drive(tmp_path / "data" / "a", steps=steps, interval_s=interval_s)
    label(sequence, "perfect")
    job = comparison(
        tmp_path / "data", tmp_path / "out", TeacherLabels("perfect"), convention=convention
    )
    step = 1 if convention == "published" else steps[0]
    (judged,) = job.judged
    assert judged.pairings == tuple(sequence.neighbours(step))
    found = job.run()
    assert found["zero"]["points"] == 3 * (WALL - 10 + CAR)
    assert dynamic_m(found["zero"]) == pytest.approx(0.5, rel=1e-5)
    assert found["zero"]["threeway"][EVERYWHERE]["static_background_m"] == 0
    assert found["zero"]["bucketed"]["cars"]["normalised"] == pytest.approx(1.0, rel=1e-5)
    assert found["zero"]["ranges"][EVERYWHERE]["dynamic_recall"] == 0
    assert dynamic_m(found["perfect"]) == pytest.approx(0.0, abs=1e-6)
    assert found["perfect"]["ranges"][EVERYWHERE]["dynamic_recall"] == 1
    assert found["perfect"]["unanswered"][EVERYWHERE] == 0


def test_what_got_no_flow_counts_as_zero_flow(tmp_path: Path) -> None:
    label(drive(tmp_path / "a"), "blind", blind=25)
    found = comparison(tmp_path / "a", tmp_path / "out", TeacherLabels("blind")).run()["blind"]
    assert dynamic_m(found) == pytest.approx(0.5 * 25 / CAR, rel=1e-4)
    assert found["unanswered"][EVERYWHERE] == pytest.approx(25 / (WALL - 10 + CAR))


def test_accuracy_is_of_flow_with_ego_motion(tmp_path: Path) -> None:
    """12 cm are a quarter of the car's own motion, but not a tenth of that against the vehicle."""
    label(drive(tmp_path / "a"), "off", off_m=0.12)
    found = comparison(tmp_path / "a", tmp_path / "out", TeacherLabels("off")).run()["off"]
    assert dynamic_m(found) == pytest.approx(0.12, rel=1e-4)
    assert found["threeway"][EVERYWHERE]["dynamic_foreground_accuracy_relaxed"] == 1
    assert found["threeway"][EVERYWHERE]["dynamic_foreground_accuracy_strict"] < 1


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Drive:
    data = tmp_path_factory.mktemp("simulated")
    options = SimulationOptions(1, 3, sensor="VLP-16", scene="street", seed=91)
    import_simulated(data, ImportSummary(), options)
    return find_sequences(data)[0]


def by_hand(sequence: Drive, order: Sequence[int], pairing: Pairing) -> ResidualMetrics:
    """Of the last sweep of `order`, fed 0.1 s after one another.

    What the estimator says leads from the sweep that it saw before; labels lead to that one.
    """
    estimator = FlowEstimator(
        "zeroflow-rt-2", levelling=KnownLevelling(sequence.sensor_to_level), deskew=False
    )
    for at, number in enumerate(order):
        posed = sequence.sweep(number).posed
        flow = estimator.update(Sweep(posed.sweep.points, at * 10**8), posed.pose)
    return metrics(sequence, pairing, -flow.displacement)


def metrics(sequence: Drive, pairing: Pairing, moved: Points) -> ResidualMetrics:
    labels = sequence.labels(TRUTH, pairing)
    judged = labels.valid & ~sequence.sweep(pairing.source).is_ground
    return residual_metrics(moved[judged], labels.displacement[judged])


def assert_as(found: dict[str, Any], wanted: ResidualMetrics) -> None:
    assert wanted.dynamic_points > 20
    for name, value in vars(wanted).items():
        assert found["ranges"][EVERYWHERE][name] == pytest.approx(value, rel=1e-4, abs=1e-6), name


@pytest.mark.parametrize(
    ("order", "pairing"), [((0, 1, 2), Pairing(2, 1)), ((2, 1, 0), Pairing(0, 1))]
)
def test_a_model_is_judged_as_the_estimator_runs(
    simulated: Drive, tmp_path: Path, order: Sequence[int], pairing: Pairing
) -> None:
    """Of the last sweep; and of the first, with time running backwards."""
    answer = ModelFlow.of("zeroflow-rt-2")
    job = comparison(simulated.folder, tmp_path, answer)
    job = replace(job, judged=(replace(job.judged[0], pairings=(pairing,)),), answers=(answer,))
    found = job.run()[answer.name]
    assert_as(found, by_hand(simulated, order, pairing))
    assert found["ranges"][EVERYWHERE]["dynamic_epe_normalised"] < 1


def test_the_published_convention_is_the_pair_in_one_frame(
    simulated: Drive, tmp_path: Path
) -> None:
    answer = ModelFlow.of("zeroflow-rt-2", "published")
    job = comparison(simulated.folder, tmp_path, answer, convention="published")
    pairing = job.judged[0].pairings[1]
    assert pairing == (1, 2)
    job = replace(job, judged=(replace(job.judged[0], pairings=(pairing,)),), answers=(answer,))
    source, target = (simulated.sweep(number).posed for number in pairing)
    seen = transform_points(invert(source.pose) @ target.pose, target.sweep.points)
    flow = estimate_pair(source.sweep.points, seen, model="zeroflow-rt-2")
    assert_as(job.run()[answer.name], metrics(simulated, pairing, flow.displacement))


def test_the_published_convention_loads_the_model_once_and_keeps_to_its_threads(
    simulated: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[int | None] = []

    def engine(path: Path, threads: int | None = None) -> OnnxRuntimeEngine:
        loaded.append(threads)
        return OnnxRuntimeEngine(path, threads)

    monkeypatch.setattr("zeroflow_ros.engines.backends.OnnxRuntimeEngine", engine)
    model = ModelFlow.of("zeroflow-rt-2", "published", threads=1)
    found = list(model.flows(simulated, simulated.neighbours(1)))
    assert [pairing for pairing, _ in found] == [(0, 1), (1, 2)]
    assert loaded == [1]


def test_a_killed_evaluation_goes_on_and_keeps_what_holds(tmp_path: Path) -> None:
    sequence = drive(tmp_path / "a")
    label(sequence, "first")
    label(sequence, "second", off_m=0.1)
    answers = TeacherLabels("first"), TeacherLabels("second")

    def kept() -> dict[str, bool]:
        done: list[tuple[int, int]] = []
        found = comparison(tmp_path / "a", tmp_path / "out", *answers).run(
            lambda *now: done.append(now)
        )
        new = sum(not each["kept"] for each in found.values())
        assert done == [(k + 1, 3 * new) for k in range(3 * new)]
        assert dynamic_m(found["zero"]) == pytest.approx(0.5, rel=1e-5)
        return {name: each["kept"] for name, each in found.items()}

    assert kept() == {"first": False, "second": False, "zero": False}
    assert kept() == {"first": True, "second": True, "zero": True}
    (tmp_path / "out" / "second" / "results.json").write_text("{")  # as no kill leaves it
    assert kept() == {"first": True, "second": False, "zero": True}
    label(sequence, "first", off_m=0.2)
    assert kept() == {"first": False, "second": True, "zero": True}
    (pairing, *_) = sequence.labelled(TRUTH)
    sequence.labels(TRUTH, pairing).write(sequence.label_file(TRUTH, pairing))
    assert kept() == {"first": False, "second": False, "zero": False}


def test_a_killed_rewrite_leaves_no_report_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between results.md of the new labels and their numbers; then the old labels come back."""
    sequence = drive(tmp_path / "a")
    label(sequence, "first")
    files = [sequence.label_file("first", pairing) for pairing in sequence.labelled("first")]
    old = [(file, file.read_bytes(), file.stat()) for file in files]
    job = comparison(tmp_path / "a", tmp_path / "out", TeacherLabels("first"))
    tables = tmp_path / "out" / "first" / "results.md"
    job.run()
    before = tables.read_text()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    label(sequence, "first", off_m=0.2)
    with monkeypatch.context() as patch:
        patch.setattr("zeroflow_training.evaluation.report._draw", killed)
        with pytest.raises(KeyboardInterrupt):
            job.run()
    assert tables.read_text() != before
    for file, content, stat in old:
        file.write_bytes(content)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert not job.run()["first"]["kept"]
    assert tables.read_text() == before


def test_two_processes_count_as_one(tmp_path: Path) -> None:
    for k in range(3):
        label(drive(tmp_path / "data" / f"{k}", steps=(-1, 1)), "off", off_m=0.03 * k)
    numbers = []
    for jobs in (1, 2):
        job = comparison(tmp_path / "data", tmp_path / f"{jobs}", TeacherLabels("off"), jobs=jobs)
        job = replace(job, answers=job.answers[:1])
        found = job.run()["off"]
        del found["seconds"]
        numbers.append(found)
    assert numbers[0] == numbers[1]
    assert dynamic_m(numbers[0]) == pytest.approx(0.03, rel=1e-4)


def test_what_goes_wrong_in_a_worker_comes_home(tmp_path: Path) -> None:
    """MissingPackageError, for one, does not survive being pickled."""

    class Lacking:
        name = identity = "lacking"

        def flows(self, sequence: Drive, pairings: Sequence[Pairing]) -> Any:
            raise MissingPackageError("some_package", "this", "training")

    drive(tmp_path / "a")
    job = comparison(tmp_path / "a", tmp_path / "out", Lacking())
    with pytest.raises(ZeroflowError, match="needs the Python package 'some_package'") as raised:
        _run(JudgeTask(job.answers[0], job.reference, job.judged[0]))
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


def test_without_classes_all_that_moves_is_judged(tmp_path: Path) -> None:
    drive(tmp_path / "a", classes=False)
    job = comparison(tmp_path / "a", tmp_path / "out")
    summary = Summary(job, job.run())
    assert not summary.has_classes
    assert "no class of any point is known" in " ".join(summary.heading())
    row = summary.tables()[0].rows["zero"]
    assert row["dynamic_epe_m"] == pytest.approx(0.5, rel=1e-5)
    assert row["bucketed"] == pytest.approx(1.0, rel=1e-5)
    assert [table.key for table in summary.tables()] == [CLOSE, EVERYWHERE]
    assert all("-" not in cells for table in summary.for_console() for cells in table.cells())


def test_what_is_no_truth_is_called_so_everywhere(tmp_path: Path) -> None:
    sequence = drive(tmp_path / "a")
    label(sequence, "rigid", off_m=0.01)
    label(sequence, "other")
    job = comparison(tmp_path / "a", tmp_path / "out", TeacherLabels("other"), truth="rigid")
    summary = Summary(job, job.run(), ("b",))
    summary.write()
    for name in ("summary.md", "zero/results.md", "other/results.md"):
        text = (tmp_path / "out" / name).read_text()
        assert text.startswith("**this is NO TRUTH: answers are held against")
        assert "labels of rigid (NO TRUTH)" in text
    for name in ("summary.json", "zero/results.json"):
        numbers = json.loads((tmp_path / "out" / name).read_text())
        assert (numbers["reference"], numbers["reference_is_truth"]) == ("rigid", False)
    assert all("NO TRUTH" in table.title for table in summary.for_console())
    assert "left out: 1 sequence without such labels" in " ".join(summary.heading())


def test_data_that_cannot_be_judged_says_why(tmp_path: Path) -> None:
    bare = drive(tmp_path / "bare", steps=())
    with pytest.raises(DataError, match=r"has true flow \(labels/truth\).*--truth TEACHER"):
        comparison(bare.folder, tmp_path)
    label(drive(tmp_path / "a"), "rigid")
    (tmp_path / "a" / "labels" / "rigid").rename(bare.folder / "rigid")
    (bare.folder / "labels").mkdir()
    (bare.folder / "rigid").rename(bare.folder / "labels" / "rigid")
    with pytest.raises(DataError, match=r"no truth: --truth rigid; labels there are of: rigid"):
        comparison(bare.folder, tmp_path)
    with pytest.raises(DataError, match=r"no sequence in .* has labels of 'nsfp'.*of: truth"):
        comparison(tmp_path / "a", tmp_path, TeacherLabels("nsfp"))
    with pytest.raises(DataError, match=r"has labels of all of truth in the direction"):
        comparison(tmp_path / "a", tmp_path, convention="published")
    with pytest.raises(DataError, match="2 answers are called 'zero': rename"):
        comparison(tmp_path / "a", tmp_path, NoMotion())
    file = Drive(tmp_path / "a").label_file(TRUTH, Pairing(1, 0))
    file.write_bytes(b"PK")
    with pytest.raises(DataError, match=r"truth/000001_000000.npz' cannot be read"):
        comparison(tmp_path / "a", tmp_path / "out").run()
    assert not (tmp_path / "out" / "zero" / "results.json").exists()
