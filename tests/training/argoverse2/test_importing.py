# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow import-argoverse2`: a log becomes a sequence, and what is finished stays."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("pyarrow", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.errors import DataError, MissingPackageError
from zeroflow_training.cli import import_argoverse2
from zeroflow_training.sequences import TRUTH, Sequence
from zeroflow_training.sources.argoverse2.importing import LogOptions, import_logs
from zeroflow_training.sources.argoverse2.label_files import FlowLabelFiles, PseudoLabelFiles
from zeroflow_training.sources.argoverse2.log import Log
from zeroflow_training.sources.summary import ImportSummary

ALL = LogOptions()


def imported(root: Path, data: Path, options: LogOptions = ALL) -> ImportSummary:
    summary = ImportSummary()
    import_logs(root, data, summary, options)
    return summary


def test_a_log_becomes_a_sequence(log, tmp_path) -> None:
    folder = log.write()
    summary = imported(folder.parents[2], tmp_path / "data")
    assert summary.problem is None
    sequence = Sequence(tmp_path / "data" / folder.name)
    manifest = sequence.manifest
    assert len(sequence) == 4
    assert manifest.interval_s == pytest.approx(0.1)
    assert manifest.frame_id == "egovehicle"
    assert "ground by the map's raster" in manifest.provenance
    assert "CC BY-NC-SA" in manifest.licence
    assert manifest.sensor_height_m == pytest.approx(0.3, abs=0.02)
    stored = sequence.sweep(3)
    np.testing.assert_array_equal(stored.posed.sweep.points, log.points(3)[0].astype(np.float32))
    np.testing.assert_allclose(stored.posed.pose[:3, 3], log.position(3), atol=1e-9)
    assert 0.4 < stored.is_ground.mean() < 0.8
    again = imported(folder, tmp_path / "data")
    assert again.finished_before == [str(sequence.folder)]
    assert again.imported == []


def test_only_a_log_without_a_map_needs_patchwork(log, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pypatchworkpp", None)
    folder = log.write(raster=False)
    assert imported(folder, tmp_path / "areas").problem is None
    for file in (folder / "map").iterdir():
        file.unlink()
    with pytest.raises(MissingPackageError, match=r"zeroflow_ros\[training\]"):
        imported(folder, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_log_without_a_map_asks_patchwork(log, tmp_path) -> None:
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    folder = log.write(raster=False)
    assert imported(folder, tmp_path / "areas").problem is None
    areas = Sequence(tmp_path / "areas" / folder.name)
    assert "ground by the map's drivable areas" in areas.manifest.provenance
    for file in (folder / "map").iterdir():
        file.unlink()
    assert imported(folder, tmp_path / "none").problem is None
    none = Sequence(tmp_path / "none" / folder.name)
    assert "ground by Patchwork++ (no map)" in none.manifest.provenance
    points = areas.sweep(0).posed.sweep.points
    road = (points[:, 2] < 0) & (np.abs(points[:, :2]) < 20).all(1) & (np.abs(points[:, 0]) > 4)
    assert areas.sweep(0).is_ground[road].all()
    assert none.sweep(0).is_ground[road].mean() > 0.6
    assert not areas.sweep(0).is_ground[points[:, 2] > 1].any()
    assert none.sweep(0).is_ground[points[:, 2] > 1].mean() < 0.02


def test_labels_come_with_the_import_or_after_it(log, tmp_path) -> None:
    folder, data = log.write(), tmp_path / "data"
    imported(folder, data)
    sequence = Sequence(data / folder.name)
    truth, pseudo = tmp_path / "truth", tmp_path / "pseudo"
    log.write_flow_2024(truth, 0)
    log.write_flow_2024(truth, 2, name="0000000002")  # of the evaluation's submissions
    for k in range(3):
        log.write_pseudo_labels(pseudo / "val" / folder.name, k, sequence.sweep(k).is_ground)
    labels = (FlowLabelFiles(truth), PseudoLabelFiles(pseudo))
    summary = imported(folder, data, LogOptions(labels=labels))
    assert summary.problem is None
    assert summary.labels == {"truth": 2, "zeroflow-nsfp": 3}
    assert sequence.labelled(TRUTH) == [(0, 1), (2, 3)]
    assert sequence.labelled("zeroflow-nsfp") == [(0, 1), (1, 2), (2, 3)]
    _, car = log.points(2)
    for teacher in (TRUTH, "zeroflow-nsfp"):
        found = sequence.labels(teacher, sequence.labelled(teacher)[-1])
        speed = np.linalg.norm(found.displacement, axis=1)[car & found.valid]
        np.testing.assert_allclose(speed, 0.5, atol=1e-5)
    assert imported(folder, data, LogOptions(labels=labels)).labels == {
        "truth": 0, "zeroflow-nsfp": 0
    }  # fmt: skip


def test_pairs_of_the_lidar_data_set_have_a_folder_each(log, tmp_path) -> None:
    folder, data = log.write(), tmp_path / "data"
    imported(folder, data)
    mask = Sequence(data / folder.name).sweep(2).is_ground
    log.write_pseudo_labels(tmp_path / "pseudo" / f"{folder.name}_315967377059506000", 2, mask)
    summary = imported(folder, data, LogOptions(labels=(PseudoLabelFiles(tmp_path / "pseudo"),)))
    assert summary.labels == {"zeroflow-nsfp": 1}
    assert Sequence(data / folder.name).labelled("zeroflow-nsfp") == [(2, 3)]


def test_pseudo_labels_of_other_points_are_counted(log, tmp_path) -> None:
    folder = log.write()
    nowhere = np.zeros(len(log.points(0)[0]), bool)
    log.write_pseudo_labels(tmp_path / "pseudo" / folder.name, 0, nowhere)
    options = LogOptions(labels=(PseudoLabelFiles(tmp_path / "pseudo"),))
    summary = imported(folder, tmp_path / "data", options)
    ((reason, count),) = summary.dropped.items()
    assert "labels of zeroflow-nsfp that are of other points" in reason
    assert (count, summary.labels["zeroflow-nsfp"]) == (1, 0)


def test_fewer_sweeps(log, tmp_path) -> None:
    folder = log.write()
    imported(folder, tmp_path / "first", LogOptions(sweeps=2))
    assert len(Sequence(tmp_path / "first" / folder.name)) == 2
    truth = tmp_path / "truth"
    for k in range(3):
        log.write_flow_2024(truth, k)
    options = LogOptions(every_kth=3, labels=(FlowLabelFiles(truth),))
    imported(folder, tmp_path / "some", options)
    some = Sequence(tmp_path / "some" / folder.name)
    # Of the second three, only the first is there.
    assert some.manifest.stamps_ns == tuple(np.array([0, 1]) * 100_000_000 + 315967376859506000)
    assert some.manifest.interval_s == pytest.approx(0.1)
    assert some.neighbours(1) == some.labelled(TRUTH) == [(0, 1)]
    problem = imported(folder, tmp_path / "first").problem
    assert problem is not None
    assert re.search(r"made of .*, first 2 sweeps, not of .*: remove it", problem)


@pytest.mark.parametrize(
    ("sweeps", "every_kth", "taken"),
    [
        (None, 1, [0, 1, 2, 3]),
        (3, 1, [0, 1, 2]),
        (None, 2, [0, 1, 2, 3]),
        (3, 2, [0, 1]),
        (None, 3, [0, 1]),
        (None, 25, [0, 1]),
    ],
)
def test_sweeps_are_taken_by_pairs(log, sweeps, every_kth, taken) -> None:
    assert LogOptions(sweeps, every_kth).numbers(Log(log.write())) == taken


def test_a_log_of_one_sweep_makes_no_sequence(log, tmp_path) -> None:
    folder = log.write()
    for file in sorted((folder / "sensors/lidar").iterdir())[1:]:
        file.unlink()
    summary = imported(folder, tmp_path / "data")
    assert summary.problem == f"'{folder}' has one sweep, which is no pair: get the log again"
    assert not (tmp_path / "data").exists()


def test_a_log_that_cannot_be_read_does_not_stop_the_others(log, tmp_path) -> None:
    good = log.write()
    bad = good.with_name("0badbad0")
    (bad / "sensors" / "lidar").mkdir(parents=True)
    for stamp_ns in (315967376859506000, 315967376959506000):
        (bad / f"sensors/lidar/{stamp_ns}.feather").write_bytes(b"ARROW1")
    runner, app = CliRunner(), typer.Typer()
    import_argoverse2.register(app)
    arguments = [str(good.parent), str(tmp_path / "data"), "--json"]
    result = runner.invoke(app, arguments)
    assert isinstance(result.exception, DataError)
    assert "0badbad0/sensors/lidar/315967376859506000.feather' is damaged" in str(result.exception)
    said = json.loads(result.stdout)
    assert [Path(one["path"]).name for one in said["imported"]] == [good.name]
    assert list(said["failed"]) == [str(bad)]
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [good.name]
    result = runner.invoke(app, [*arguments, "--flow-labels", str(tmp_path / "nothing")])
    assert "nothing', which should have labels, is no folder" in str(result.exception)
