# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training samples of recorded drives: signs, frames, history, order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

from scipy.spatial import cKDTree

from zeroflow_ros.errors import DataError
from zeroflow_ros.pillars import PillarGrid
from zeroflow_training.data.augmentation import crop, turn
from zeroflow_training.data.batch import PillarEncoding
from zeroflow_training.data.clouds import CloudEncoding
from zeroflow_training.data.labelled_pairs import LabelledPairs
from zeroflow_training.data.order import EndlessOrder, Positions, Turns
from zeroflow_training.data.recorded import history, recorded_sample
from zeroflow_training.data.sample import TrainingSample
from zeroflow_training.data.sequences import SequenceSamples
from zeroflow_training.sequences import Pairing, Sequence

GRID = PillarGrid(range_m=6.4, cell_m=0.4, z_min_m=-1.5, z_max_m=4.5)
STILL, MOVING, GROUND = 399, 300, 200  # the first row is NaN
STEP = np.array([0.4, -0.2, 0.0])  # of what moves, world frame, in 0.1 s
WriteDrive = Callable[..., Path]


@pytest.fixture(scope="module")
def drive(write_drive: WriteDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drive(tmp_path_factory.mktemp("data") / "drive")


def sample_of(
    folder: Path, source: int, target: int, lags: tuple[int, ...] = (0, 1)
) -> TrainingSample:
    exact = [np.eye(4)] * len(lags)
    pairing = Pairing(source, target)
    return recorded_sample(Sequence(folder), "rigid", pairing, lags, exact[0], exact[1:])


@pytest.mark.parametrize(("source", "target", "sign"), [(2, 1, 1), (1, 2, -1)])
def test_flow_is_from_the_other_sweep_to_the_newest(
    drive: Path, source: int, target: int, sign: int
) -> None:
    """Rows are the same physical points in both sweeps, so their difference is the truth."""
    sample = sample_of(drive, source, target)
    now, before = sample.sweeps
    assert [len(points) for points in sample.sweeps] == [STILL + MOVING + GROUND] * 2
    np.testing.assert_allclose(now - before, sample.flow, atol=2e-5)
    moving = sample.flow[STILL : STILL + MOVING]
    yaw = 0.02 * source
    ahead = sign * (STEP[0] * np.cos(yaw) + STEP[1] * np.sin(yaw))
    np.testing.assert_allclose(moving[:, 0], ahead, atol=1e-4)
    assert np.abs(sample.flow[:STILL]).max() < 1e-5
    assert sample.interval_s == pytest.approx(0.1)


def test_the_frame_is_level_and_ground_is_seen_and_hardly_judged(drive: Path) -> None:
    sample = sample_of(drive, 3, 2)
    ground = np.arange(len(sample.flow)) >= STILL + MOVING
    np.testing.assert_array_equal(sample.is_ground, ground)
    for points in sample.sweeps:
        np.testing.assert_allclose(points[ground, 2], 0, atol=1e-5)
    np.testing.assert_array_equal(sample.weight, np.where(ground, 0.5, 1.0))
    marks = sample.marks
    assert marks is not None
    moves = np.arange(len(ground)) // STILL == 1
    moves[: STILL + MOVING] = np.arange(STILL + MOVING) >= STILL
    moves[STILL + MOVING :] = False
    np.testing.assert_array_equal(marks.dynamic, moves)
    np.testing.assert_array_equal(marks.before_dynamic, moves)
    np.testing.assert_array_equal(marks.cluster > 0, moves)
    np.testing.assert_array_equal(marks.before_is_ground, ground)


def test_what_no_label_speaks_of_has_no_weight(write_drive: WriteDrive, tmp_path: Path) -> None:
    folder = write_drive(tmp_path / "drive", directions=(1,))
    sequence = Sequence(folder)
    path = sequence.label_file("rigid", Pairing(0, 1))
    arrays = dict(np.load(path))
    arrays["valid"][10:20] = False
    np.savez(path, **arrays)
    sample = sample_of(folder, 0, 1)
    assert np.flatnonzero(sample.weight == 0).tolist() == list(range(9, 19))  # after the NaN row
    # The last pair's target has no labels of its own: nobody knows what moves in it.
    marks = sample_of(folder, 3, 4).marks
    assert marks is not None
    assert marks.dynamic.sum() == MOVING
    assert not marks.before_dynamic.any()


def test_history_goes_on_in_the_direction_of_the_pair(
    write_drive: WriteDrive, tmp_path: Path
) -> None:
    lags = (0, 1, 2, 4)
    even = [100_000_000 * k for k in range(8)]
    assert history(even, Pairing(6, 5), lags) == [6, 5, 4, 2]
    assert history(even, Pairing(1, 2), lags) == [1, 2, 3, 5]
    assert history(even, Pairing(2, 1), lags) == [2, 1, 0, None]  # before the start
    assert history(even, Pairing(6, 4), lags) == [6, 4, 2, None]  # of every second sweep
    gap = [0, 100_000_000, 200_000_000, 600_000_000, 700_000_000]
    assert history(gap, Pairing(4, 3), lags) == [4, 3, None, None]
    folder = write_drive(tmp_path / "gap", [ns // 1_000_000 for ns in gap])
    sample = sample_of(folder, 4, 3, lags)
    assert [len(points) for points in sample.sweeps] == [899, 899, 0, 0]
    older = sample_of(folder, 2, 1, lags)
    assert [len(points) for points in older.sweeps] == [899, 899, 899, 0]
    np.testing.assert_allclose(older.sweeps[0] - older.sweeps[2], 2 * older.flow, atol=5e-5)


def test_turning_keeps_points_and_flow_together(drive: Path) -> None:
    sample = sample_of(drive, 2, 1)
    for seed in range(5):
        turned = turn(sample, np.random.default_rng(seed))
        np.testing.assert_allclose(turned.sweeps[0] - turned.sweeps[1], turned.flow, atol=5e-5)
        assert not np.allclose(turned.flow, sample.flow, atol=0.01)


def test_a_window_keeps_points_flow_and_marks_together(drive: Path) -> None:
    sample = sample_of(drive, 2, 1)
    cut = next(
        piece
        for seed in range(30)
        if len((piece := crop(sample, 3.0, np.random.default_rng(seed))).flow) > 400
    )
    marks = cut.marks
    assert marks is not None
    assert marks.dynamic.sum() > 100
    lengths = {len(marks.dynamic), len(marks.cluster), len(cut.flow), len(cut.sweeps[0])}
    assert len(lengths) == 1
    assert len(marks.before_dynamic) == len(cut.sweeps[1])
    back = (cut.sweeps[0] - cut.flow)[marks.dynamic]
    inside = np.abs(back[:, :2]).max(1) < 3.0
    assert inside.sum() > 50
    distance, row = cKDTree(cut.sweeps[1]).query(back[inside])
    assert distance.max() < 1e-4
    assert marks.before_dynamic[row].all()


def samples(drive: Path, encoder: Any = None, **settings: Any) -> SequenceSamples:
    pairs = LabelledPairs.find(drive, "rigid")
    return SequenceSamples(pairs, encoder or PillarEncoding(GRID, 3), (0, 1, 2), **settings)


def flattened(encoded: Any) -> list[np.ndarray]:
    return [array for array in encoded if isinstance(array, np.ndarray)]


def test_a_position_says_the_same_whoever_asked_before(drive: Path) -> None:
    one, other = samples(drive, seed=4), samples(drive, seed=4)
    wanted = [one[position] for position in range(12)]
    for position in (11, 3, 7):
        for a, b in zip(flattened(wanted[position]), flattened(other[position]), strict=True):
            np.testing.assert_array_equal(a, b)
    # The pairs come again in the next epoch, and look different.
    assert not np.array_equal(wanted[0].pillar_features, wanted[8].pillar_features)
    assert not np.array_equal(samples(drive, seed=5)[0].pillar_features, wanted[0].pillar_features)


def test_without_augmentation_flow_is_what_labels_say(drive: Path) -> None:
    encoder = CloudEncoding(6.4, 0.4, 3.0)
    plain = samples(drive, encoder, augmentation=())
    for position in range(8):
        newest, before, known = plain[position]
        # No ground: neither in the newest sweep nor in the one before.
        assert min(newest[:, 2].min(), before[:, 2].min()) > 0.25
        moving = np.linalg.norm(known.target, axis=1) > 0.05
        assert 50 < moving.sum() <= MOVING
        lengths = np.linalg.norm(known.target[moving], axis=1)
        np.testing.assert_allclose(lengths, np.linalg.norm(STEP), atol=1e-4)
        distance, _ = cKDTree(before).query((newest - known.target)[moving])
        assert np.median(distance) < 1e-4


def test_every_item_comes_once_an_epoch_and_in_another_order_each() -> None:
    order = EndlessOrder(17, seed=2)
    epochs = np.array([order.item(position) for position in range(51)]).reshape(3, 17)
    np.testing.assert_array_equal(np.sort(epochs, 1), np.tile(np.arange(17), (3, 1)))
    assert not np.array_equal(epochs[0], epochs[1])
    fresh = EndlessOrder(17, seed=2)
    assert [fresh.item(p) for p in (40, 3, 20)] == [epochs.flat[p] for p in (40, 3, 20)]
    assert [EndlessOrder(17, seed=3).item(p) for p in range(17)] != epochs[0].tolist()


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.7, 0.99])
def test_rehearsed_scenes_and_new_pairs_come_evenly_and_none_is_left_out(share: float) -> None:
    turns = Turns(share)
    scenes = [turns.scene(position) for position in range(1000)]
    rehearsed = [scene for scene in scenes if scene is not None]
    assert rehearsed == list(range(round(1000 * share)))
    new = [turns.new(position) for position, scene in enumerate(scenes) if scene is None]
    assert new == list(range(1000 - len(rehearsed)))
    for start in range(0, 1000, 100):
        count = sum(scene is not None for scene in scenes[start : start + 100])
        assert count == pytest.approx(100 * share, abs=1)


def test_half_of_the_samples_are_simulated_streets_where_half_is_rehearsal(drive: Path) -> None:
    mixed = samples(drive, rehearsal=0.5)
    assert [mixed.turns.scene(position) is None for position in range(4)] == [True, False] * 2
    mixed.pairs = replace(mixed.pairs, sequences=())
    one, other = mixed[1], mixed[3]  # which want no recording
    assert len(one.target) > 30
    assert not np.array_equal(one.pillar_features, other.pillar_features)
    np.testing.assert_array_equal(one.pillar_features, mixed[1].pillar_features)
    with pytest.raises(IndexError):
        mixed[0]


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_processes_share_positions_and_go_on_from_anywhere(ranks: int) -> None:
    shares = [list(islice(Positions(0, rank, ranks), 8)) for rank in range(ranks)]
    assert sorted(chain.from_iterable(shares)) == list(range(8 * ranks))
    for rank, share in enumerate(shares):
        assert list(islice(Positions(5 * ranks, rank, ranks), 3)) == share[5:]


def test_bad_data_is_named_before_the_first_step(write_drive: WriteDrive, tmp_path: Path) -> None:
    folder = write_drive(tmp_path / "drive", teachers=("rigid", "nsfp"))
    assert len(LabelledPairs.find(tmp_path, "rigid")) == 8
    with pytest.raises(DataError, match=r"no labels of teacher 'none' .* nsfp, rigid by --teacher"):
        LabelledPairs.find(tmp_path, "none")
    single = write_drive(tmp_path / "else" / "single", (0,))
    with pytest.raises(DataError, match="no pair of sweeps to learn from: import a longer"):
        LabelledPairs.find(single, "rigid")
    labels = folder / "labels/rigid"
    file = labels / "000002_000003.npz"
    whole = file.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"text"):
        file.write_bytes(damaged)
        with pytest.raises(
            DataError, match=r"000002_000003.npz' cannot be read .*: remove it and label"
        ):
            LabelledPairs.find(folder, "rigid")
    np.savez(file, displacement=np.zeros((7, 3)), valid=np.zeros(7))
    with pytest.raises(DataError, match="labels 7 points, its sweep has 900: remove it"):
        LabelledPairs.find(folder, "rigid")
    np.savez(file, valid=np.zeros(7))
    with pytest.raises(DataError, match=r"000002_000003.npz' holds no 'displacement'"):
        LabelledPairs.find(folder, "rigid")
    file.rename(labels / "000004_000005.npz")
    with pytest.raises(DataError, match=r"no pair of its sequence, which has 5 sweeps: remove"):
        LabelledPairs.find(folder, "rigid")


@pytest.mark.parametrize("period_ms", [50, 200])
def test_pairs_that_no_vehicle_would_compare_are_refused(
    write_drive: WriteDrive, tmp_path: Path, period_ms: int
) -> None:
    """Of a 20 Hz lidar the vehicle compares every second sweep; of a 5 Hz lidar it has no such."""
    folder = write_drive(tmp_path / "drive", [period_ms * k for k in range(6)])
    cure = {50: r"`zeroflow label --name NAME`, .* --teacher NAME", 200: "take this sequence out"}
    reason = rf"labels/rigid' holds pairs of sweeps {period_ms / 1e3:g} s apart, .*0.1 s apart"
    with pytest.raises(DataError, match=rf"{reason} .*{cure[period_ms]}"):
        LabelledPairs.find(folder, "rigid")


def test_jitter_is_no_other_interval(write_drive: WriteDrive, tmp_path: Path) -> None:
    folder = write_drive(tmp_path / "drive", (0, 60, 200, 300, 395))
    assert len(LabelledPairs.find(folder, "rigid")) == 8
