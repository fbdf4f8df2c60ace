# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Labelling a data set: rows and frames are right, nothing is done twice, nothing is lost."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import Points, from_roll_pitch_yaw, invert, transform_points
from zeroflow_ros.sweep import PosedSweep, Sweep
from zeroflow_training.cli.label import register
from zeroflow_training.labelling import LabelTask, label
from zeroflow_training.seen_pair import RANGE_M, SeenPair
from zeroflow_training.sequences import (
    Origin,
    Pairing,
    Sequence,
    SequenceWriter,
    StoredSweep,
    find_sequences,
)
from zeroflow_training.teachers import PseudoLabel

LEVEL = from_roll_pitch_yaw([0.0, 0.0, 1.7], 0.02, -0.03, 0.0)
STEP_M = 0.5  # of everything above ground over an interval, along the world's y
COUNT, GROUND, NAN, FAR = 60, 0, 1, 2  # points, and the rows of those that are special


@dataclass(frozen=True)
class ByRow:
    """A teacher that knows that row i is row i, as long as both clouds have as many."""

    asked: int = 0

    @property
    def settings(self) -> dict[str, int]:
        return {"asked": self.asked}

    def label(self, source: Points, target: Points) -> PseudoLabel:
        valid = np.arange(len(source)) % 2 == 0
        cluster = np.where(valid, 1, 0).astype(np.int32)
        return PseudoLabel(target - source, valid, cluster, {"seconds": 0.5})


class Stopped(ByRow):
    """Somebody presses Ctrl-C while it works on its first pair."""

    def label(self, source: Points, target: Points) -> PseudoLabel:
        raise KeyboardInterrupt


def pose(k: int) -> np.ndarray:
    return from_roll_pitch_yaw([0.8 * k, 0.1, 0.0], 0.0, 0.0, 0.05 * k)


def written(folder: Path, sweeps: int = 4, period_ms: int = 100) -> Sequence:
    """Things in a world that all move by STEP_M, seen by a sensor that moves and turns."""
    rng = np.random.default_rng(0)
    world = rng.uniform([-20, -20, 0.2], [20, 20, 2], (COUNT, 3)).astype(np.float32)
    world[FAR] = [200, 0, 1]
    with SequenceWriter(folder, Origin("VLP-32C", "made up", "known", "none")) as writer:
        for k in range(sweeps):
            moved = world + np.float32([0, STEP_M * k, 0])
            points = transform_points(invert(pose(k)), moved)
            points[NAN] = np.nan
            sweep = Sweep(points, k * period_ms * 1_000_000, "lidar")
            is_ground = np.arange(COUNT) == GROUND
            writer.add(StoredSweep(PosedSweep(sweep, pose(k)), is_ground))
        writer.set_level(LEVEL)
    return Sequence(folder)


@pytest.mark.parametrize("step", [1, -1])
def test_labels_are_in_the_frame_of_the_source(tmp_path: Path, step: int) -> None:
    sequence = written(tmp_path / "drive")
    summary = label([sequence], ByRow(), "rows", [step], jobs=1)
    assert summary.problem is None
    assert sequence.labelled("rows") == sequence.neighbours(step)
    for pairing in sequence.labelled("rows"):
        found = sequence.labels("rows", pairing)
        turn = pose(pairing.source)[:3, :3]
        expected = turn.T @ [0, STEP_M * step, 0]
        moving = found.valid & (np.arange(COUNT) != GROUND)
        np.testing.assert_allclose(
            found.displacement[moving], np.tile(expected, (moving.sum(), 1)), atol=2e-5
        )
        assert moving.sum() == (COUNT - 3 + 1) // 2
        assert found.valid[GROUND]
        assert not found.valid[[NAN, FAR]].any()
        assert np.abs(found.displacement[~moving]).max() == 0
        assert found.instance_id is not None
        assert (found.instance_id > 0).sum() == moving.sum()
        assert found.report == {"seconds": 0.5}


def test_a_teacher_sees_the_levelled_world_without_ground(tmp_path: Path) -> None:
    sequence = written(tmp_path / "drive")
    pair = SeenPair.of(sequence, Pairing(2, 3))
    assert len(pair.source) == len(pair.target) == COUNT - 3
    assert not {GROUND, NAN, FAR} & set(pair.rows)
    assert np.abs(pair.source[:, :2]).max() < RANGE_M
    seen = transform_points(LEVEL, sequence.sweep(2).posed.sweep.points[pair.rows])
    np.testing.assert_allclose(pair.source, seen, atol=1e-5)


def test_what_is_there_is_passed_over(tmp_path: Path) -> None:
    sequence = written(tmp_path / "drive")
    label([sequence], ByRow(), "rows", [-1], jobs=1)
    removed = sequence.label_file("rows", Pairing(2, 1))
    kept = sequence.label_file("rows", Pairing(1, 0))
    before = kept.stat().st_mtime_ns
    removed.unlink()
    calls: list[tuple[int, int]] = []
    again = label([sequence], ByRow(), "rows", [-1], 1, lambda *at: calls.append(at))
    assert again.to_dict()["labelled"] == 1
    assert again.to_dict()["labelled_before"] == 2
    assert calls == [(1, 1)]
    assert removed.exists()
    assert kept.stat().st_mtime_ns == before
    both = label([sequence], ByRow(), "rows", [-1, 1], jobs=1)
    assert (both.found, len(both.reports)) == (3, 3)


def test_labels_of_other_settings_are_not_mixed(tmp_path: Path) -> None:
    sequence = written(tmp_path / "drive")
    label([sequence], ByRow(1), "rows", [-1], jobs=1)
    settings = sequence.folder / "labels" / "rows" / "teacher.json"
    assert json.loads(settings.read_text()) == {"asked": 1}
    with pytest.raises(DataError, match=r"other settings .*give these another --name"):
        label([sequence], ByRow(2), "rows", [-1], jobs=1)
    assert label([sequence], ByRow(2), "others", [-1], jobs=1).problem is None


def test_one_sequence_with_other_labels_and_none_is_begun(tmp_path: Path) -> None:
    first, second = written(tmp_path / "first"), written(tmp_path / "second")
    label([second], ByRow(1), "rows", [-1], jobs=1)
    with pytest.raises(DataError, match=r"second/labels/rows' .* \({'asked': 1}, now {'asked': 2}"):
        label([first, second], ByRow(2), "rows", [-1], jobs=1)
    assert not (first.folder / "labels").exists()


def test_settings_bind_from_the_first_label_on(tmp_path: Path) -> None:
    sequence = written(tmp_path / "drive")
    settings = sequence.folder / "labels" / "rows" / "teacher.json"
    with pytest.raises(KeyboardInterrupt):
        label([sequence], Stopped(1), "rows", [-1], jobs=1)
    assert json.loads(settings.read_text()) == {"asked": 1}
    assert len(label([sequence], ByRow(2), "rows", [-1], jobs=1).reports) == 3
    assert json.loads(settings.read_text()) == {"asked": 2}


def test_labels_of_unknown_settings_are_not_mixed(tmp_path: Path) -> None:
    sequence = written(tmp_path / "drive")
    label([sequence], ByRow(), "rows", [-1], jobs=1)
    (sequence.folder / "labels" / "rows" / "teacher.json").write_text("{")
    with pytest.raises(DataError, match=r"other settings \(not known, now {'asked': 0}\)"):
        label([sequence], ByRow(), "rows", [-1], jobs=1)


def test_labels_of_an_older_revision_are_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zeroflow_training.teachers.rigid import RigidTeacher

    sequence = written(tmp_path / "drive", 2)
    label([sequence], RigidTeacher(), "rigid", [-1], jobs=1)
    newer = RigidTeacher.revision + 1
    monkeypatch.setattr(RigidTeacher, "revision", newer)
    with pytest.raises(DataError, match=rf"other settings .* now .*'revision': {newer},"):
        label([sequence], RigidTeacher(), "rigid", [-1], jobs=1)


def test_a_sweep_without_points_is_counted_as_zero(tmp_path: Path) -> None:
    folder = tmp_path / "drive"
    with SequenceWriter(folder, Origin("VLP-32C", "made up", "known", "none")) as writer:
        for k in range(2):
            sweep = Sweep(np.zeros((0, 3), np.float32), k * 100_000_000, "lidar")
            writer.add(StoredSweep(PosedSweep(sweep, pose(k)), np.zeros(0, bool)))
        writer.set_level(LEVEL)
    runner, app = CliRunner(), typer.Typer()
    register(app)
    result = runner.invoke(app, [str(folder), "--jobs", "1", "--json"])
    assert result.exit_code == 0, result.output
    numbers = json.loads(result.stdout, parse_constant=pytest.fail)
    assert numbers["labelled"] == 1
    assert (numbers["valid_share"], numbers["moving_share"]) == (0, 0)


def test_a_seed_below_zero_is_refused_on_the_command_line(tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, [str(tmp_path), "--seed", "-1"])
    assert result.exit_code == 2
    assert "seed" in result.output


def test_a_damaged_sweep_costs_its_pairs_only(tmp_path: Path) -> None:
    sequence = written(tmp_path / "drive")
    (sequence.folder / "sweeps" / "000003.npz").write_bytes(b"damaged")
    summary = label([sequence], ByRow(), "rows", [-1], jobs=1)
    assert sequence.labelled("rows") == [(1, 0), (2, 1)]
    assert summary.problem is not None
    assert "1 pairs have no label, the first: " in summary.problem
    assert "000003.npz' cannot be read" in summary.problem


def test_nothing_to_label_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no two sweeps .* follow each other"):
        label([written(tmp_path / "short", 1)], ByRow(), "rows", [-1], jobs=1)
    with pytest.raises(DataError, match="'truth' is the name of true flow"):
        label(find_sequences(tmp_path), ByRow(), "truth", [-1], jobs=1)


def test_workers_write_what_one_process_writes(tmp_path: Path) -> None:
    from zeroflow_training.teachers.rigid import RigidTeacher

    one, two = written(tmp_path / "one", 3), written(tmp_path / "two", 3)
    label([one], RigidTeacher(), "rigid", [-1], jobs=1)
    summary = label([two], RigidTeacher(), "rigid", [-1], jobs=2)
    assert len(summary.reports) == 2
    assert one.labelled("rigid") == two.labelled("rigid")
    for pairing in one.labelled("rigid"):
        a, b = one.labels("rigid", pairing), two.labels("rigid", pairing)
        np.testing.assert_array_equal(a.displacement, b.displacement)
        np.testing.assert_array_equal(a.valid, b.valid)


def test_a_task_reports_its_pair(tmp_path: Path) -> None:
    sequence = written(tmp_path / "drive")
    task = LabelTask(sequence.folder, Pairing(1, 0), ByRow(), "rows")
    report = task.run()
    assert report.seconds == 0.5
    assert report.moving == pytest.approx(29 / COUNT)
    assert report.valid == pytest.approx(30 / COUNT)
    assert replace(report, refused="x") != report


@pytest.mark.parametrize(
    ("period_ms", "apart"), [(25, 4), (50, 2), (67, 1), (100, 1), (140, 1), (200, 1)]
)
def test_pairs_are_those_that_a_vehicle_compares(
    tmp_path: Path, period_ms: int, apart: int
) -> None:
    """Of a 20 Hz lidar every second sweep, and each of them; `fit` takes what comes of it."""
    from zeroflow_training.data.labelled_pairs import LabelledPairs

    sequence = written(tmp_path / "drive", 6, period_ms)
    label([sequence], ByRow(), "rows", [-1, 1], jobs=1)
    before = [(k, k - apart) for k in range(apart, 6)]
    assert sequence.labelled("rows") == sorted(before + [(b, a) for a, b in before])
    if period_ms < 200:
        assert len(LabelledPairs.find(tmp_path, "rows")) == 2 * len(before)


def test_what_moves_is_told_by_the_measured_interval(tmp_path: Path) -> None:
    """0.5 m in 0.9 s are 0.56 m/s, in 1.1 s 0.45."""
    for period_ms, share in ((900, 29 / COUNT), (1100, 0.0)):
        sequence = written(tmp_path / str(period_ms), 2, period_ms)
        task = LabelTask(sequence.folder, Pairing(1, 0), ByRow(), "rows")
        assert task.run().moving == pytest.approx(share)
