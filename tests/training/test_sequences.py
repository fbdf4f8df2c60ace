# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sequences on disk: what is written is read, and what is damaged is named."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import from_roll_pitch_yaw
from zeroflow_ros.sweep import PosedSweep, Sweep
from zeroflow_training.sequences import (
    TRUTH,
    Origin,
    Pairing,
    PairLabels,
    Sequence,
    SequenceWriter,
    StoredSweep,
    find_sequences,
)

ORIGIN = Origin("OS1-128", "street.mcap /points", "odometry /odom", "BSD-3-Clause")
STAMPS = [0, 100, 205, 300, 600, 700]  # ms; a gap after the fourth


def stored(k: int, points: int = 20) -> StoredSweep:
    rng = np.random.default_rng(k)
    cloud = rng.normal(0, 10, (points, 3)).astype(np.float32)
    cloud[0] = np.nan
    extras = {"intensity": rng.uniform(0, 255, points).astype(np.float32)}
    sweep = Sweep(cloud, STAMPS[k] * 1_000_000, "lidar", extras)
    pose = from_roll_pitch_yaw([0.1 * k, 0, 0], 0, 0, 0.01 * k)
    return StoredSweep(PosedSweep(sweep, pose), rng.random(points) < 0.3)


def written(folder: Path, sweeps: int = len(STAMPS)) -> Path:
    with SequenceWriter(folder, ORIGIN) as writer:
        for k in range(sweeps):
            assert writer.add(stored(k)) == k
        writer.set_level(from_roll_pitch_yaw([0, 0, 1.7], 0, 0.01, 0))
        labels = PairLabels(
            np.full((20, 3), 0.5, np.float32), np.ones(20, bool), np.zeros(20, np.uint8)
        )
        writer.add_truth(Pairing(1, 2), labels)
    return folder


def test_a_sequence_is_read_as_it_was_written(tmp_path: Path) -> None:
    (sequence,) = find_sequences(written(tmp_path / "drive").parent)
    assert len(sequence) == 6
    manifest = sequence.manifest
    assert (manifest.name, manifest.frame_id, manifest.sensor) == ("drive", "lidar", "OS1-128")
    assert manifest.interval_s == pytest.approx(0.1)
    assert manifest.sensor_height_m == pytest.approx(1.7)
    found, wanted = sequence.sweep(2), stored(2)
    np.testing.assert_array_equal(found.posed.sweep.points, wanted.posed.sweep.points)
    np.testing.assert_array_equal(found.is_ground, wanted.is_ground)
    np.testing.assert_array_equal(found.posed.pose, wanted.posed.pose)
    assert found.posed.sweep.stamp_ns == 205_000_000
    np.testing.assert_array_equal(
        found.posed.sweep.extras["intensity"], wanted.posed.sweep.extras["intensity"]
    )
    truth = sequence.labels(TRUTH, Pairing(1, 2))
    assert truth.displacement.tolist() == [[0.5] * 3] * 20
    assert truth.class_id is not None
    assert truth.instance_id is None
    assert [s.folder for s in find_sequences(tmp_path / "drive")] == [tmp_path / "drive"]


def test_pairs_do_not_reach_across_a_gap(tmp_path: Path) -> None:
    sequence = Sequence(written(tmp_path / "drive"))
    assert sequence.neighbours(1) == [(0, 1), (1, 2), (2, 3), (4, 5)]
    assert sequence.neighbours(-1) == [(1, 0), (2, 1), (3, 2), (5, 4)]
    assert sequence.neighbours(2) == [(0, 2), (1, 3)]


def test_the_interval_is_one_that_occurs(tmp_path: Path) -> None:
    with SequenceWriter(tmp_path / "drive", ORIGIN) as writer:
        for k in (0, 1, 4):  # 0.1 s apart, then 0.5 s
            writer.add(stored(k))
    sequence = Sequence(tmp_path / "drive")
    assert sequence.manifest.interval_s == pytest.approx(0.1)
    assert sequence.neighbours(1) == [(0, 1)]


def test_labels_are_found_by_teacher(tmp_path: Path) -> None:
    sequence = Sequence(written(tmp_path / "drive"))
    assert sequence.labelled("rigid") == []
    report = {"seconds": 1.5, "clusters": 3}
    labels = PairLabels(np.zeros((20, 3), np.float32), np.arange(20) < 5, report=report)
    for pairing in (Pairing(2, 3), Pairing(0, 1)):
        labels.write(sequence.label_file("rigid", pairing))
    assert sequence.labelled("rigid") == [(0, 1), (2, 3)]
    found = sequence.labels("rigid", Pairing(0, 1))
    assert found.valid.sum() == 5
    assert found.report == report
    (sequence.folder / "labels/rigid/notes.npz").write_bytes(b"")
    with pytest.raises(DataError, match=r"notes.npz' is not named SOURCE_TARGET.npz"):
        sequence.labelled("rigid")


def test_nothing_appears_when_writing_fails(tmp_path: Path) -> None:
    def interrupted() -> None:
        with SequenceWriter(tmp_path / "drive", ORIGIN) as writer:
            writer.add(stored(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".drive.partial").mkdir()  # of a killed one
    (tmp_path / ".drive.partial" / "manifest.json").write_text("{}")
    (tmp_path / ".drive.lock").touch()
    written(tmp_path / "drive", 2)
    assert [path.name for path in tmp_path.iterdir()] == ["drive"]
    with pytest.raises(DataError, match=r"drive' exists already"):
        written(tmp_path / "drive")


def test_one_writer_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SequenceWriter(tmp_path / "drive", ORIGIN) as writer:
        writer.add(stored(0))
        with pytest.raises(DataError, match=r"another import writes '.*/drive' at this moment"):
            written(tmp_path / "drive")
        written(tmp_path / "other", 2)
        writer.add(stored(1))
    assert len(Sequence(tmp_path / "drive")) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drive", "other"]

    flock = fcntl.flock

    def flock_that_comes_late(handle: int, how: int) -> None:
        (tmp_path / ".third.lock").unlink()  # the one that held it has ended
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock_that_comes_late)
    with pytest.raises(DataError, match=r"another import writes '.*/third' at this moment"):
        written(tmp_path / "third")


def test_a_sequence_that_lost_a_sweep_does_not_appear(tmp_path: Path) -> None:
    def robbed() -> None:
        with SequenceWriter(tmp_path / "drive", ORIGIN) as writer:
            writer.add(stored(0))
            writer.add(stored(1))
            (tmp_path / ".drive.partial/sweeps/000000.npz").unlink()

    with pytest.raises(DataError, match=r"000000.npz' was removed before its sequence was whole"):
        robbed()
    assert list(tmp_path.iterdir()) == []


def test_the_ground_may_be_told_last(tmp_path: Path) -> None:
    with SequenceWriter(tmp_path / "drive", ORIGIN) as writer:
        for k in range(2):
            writer.add(stored(k))
        everywhere = np.ones(20, bool)
        assert not writer.sweep(1).is_ground.all()
        writer.replace_ground(1, everywhere)
    sequence = Sequence(tmp_path / "drive")
    np.testing.assert_array_equal(sequence.sweep(1).is_ground, everywhere)
    np.testing.assert_array_equal(sequence.sweep(0).is_ground, stored(0).is_ground)
    np.testing.assert_array_equal(
        sequence.sweep(1).posed.sweep.points, stored(1).posed.sweep.points
    )


def test_sweeps_come_in_the_order_of_time(tmp_path: Path) -> None:
    with SequenceWriter(tmp_path / "drive", ORIGIN) as writer:
        writer.add(stored(1))
        with pytest.raises(DataError, match="order of time"):
            writer.add(stored(1))


def test_a_folder_without_sequences_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no sequence: make some by `zeroflow import-bag`"):
        find_sequences(tmp_path)
    with pytest.raises(DataError, match=r"nothing' is no sequence: 'manifest.json'"):
        Sequence(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 9}, "format 9, this package reads 1"),
        ({"points": [1, 2]}, "6 stamps for 2 sweeps"),
        ({"stamps_ns": [5, 4, 3, 2, 1, 0]}, "do not ascend"),
        ({"sensor_to_level": [[1.0, 0.0]]}, r"not \[4, 4\]"),
        ({"interval_s": "soon"}, "interval_s: Input should be a valid number"),
        ({"colour": 3}, "colour: "),
    ],
)
def test_a_wrong_manifest_names_its_field(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    path = written(tmp_path / "drive") / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(DataError, match=reason) as error:
        Sequence(path.parent)
    assert str(path) in str(error.value)
    assert str(error.value).endswith(f"; remove '{path.parent}' and import again")


def test_damaged_files_are_named(tmp_path: Path) -> None:
    sequence = Sequence(written(tmp_path / "drive"))
    cure = f": remove '{sequence.folder}' and import again"
    file = sequence.folder / "sweeps" / "000003.npz"
    whole = file.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"text"):
        file.write_bytes(damaged)
        with pytest.raises(DataError, match=rf"000003.npz' cannot be read \(.*\){cure}"):
            sequence.sweep(3)
    file.write_bytes((sequence.folder / "sweeps" / "000002.npz").read_bytes())
    with pytest.raises(DataError, match=rf"000003.npz' is not the sweep of the manifest{cure}"):
        sequence.sweep(3)
    np.savez(file, points=np.zeros((3, 3)))
    with pytest.raises(DataError, match=rf"000003.npz' holds no 'pose'{cure}"):
        sequence.sweep(3)
    file.unlink()
    with pytest.raises(DataError, match=rf"000003.npz' is missing{cure}"):
        Sequence(sequence.folder)


def test_labels_of_another_sweep_are_refused(tmp_path: Path) -> None:
    sequence = Sequence(written(tmp_path / "drive"))
    short = PairLabels(np.zeros((7, 3), np.float32), np.ones(7, bool))
    short.write(sequence.label_file("rigid", Pairing(0, 1)))
    message = "labels 7 points, its sweep has 20: remove it and label again"
    with pytest.raises(DataError, match=message):
        sequence.labels("rigid", Pairing(0, 1))


def test_damaged_labels_say_how_to_get_whole_ones(tmp_path: Path) -> None:
    sequence = Sequence(written(tmp_path / "drive"))
    for teacher in ("rigid", TRUTH):
        file = sequence.label_file(teacher, Pairing(1, 2))
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"")
    for read in (sequence.labels, lambda *of: PairLabels.check(sequence.label_file(*of), 20)):
        with pytest.raises(DataError, match=r"000001_000002.npz' .*: remove it and label again"):
            read("rigid", Pairing(1, 2))
        with pytest.raises(DataError, match=rf": remove '{sequence.folder}' and import again"):
            read(TRUTH, Pairing(1, 2))
