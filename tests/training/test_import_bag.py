# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow import-bag`: sequences appear whole or not at all; what is left out is counted."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("kiss_icp", reason="pip install 'zeroflow_ros[odometry]'")
pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")

from tests.training.importing import STATIC, imported

from zeroflow_ros.errors import CloudError, DataError
from zeroflow_training.cli import import_bag as verb
from zeroflow_training.recording import record
from zeroflow_training.sequences import TRUTH, Pairing, Sequence, find_sequences
from zeroflow_training.simulation import SENSORS, ActorClass, Mounting, Simulation, box_scene
from zeroflow_training.simulation.classes import NO_MOTION
from zeroflow_training.sources.cuts import Cuts
from zeroflow_training.sources.drive import AHEAD, ALONE, CLOCK, EMPTY, GAP, NO_POSE
from zeroflow_training.sources.rosbag import BagOptions, import_bag
from zeroflow_training.sources.summary import ImportSummary

TILTED = Mounting(1.8, 1.2, -1.5)
SECOND = 1_000_000_000
START_NS, STEP_NS = 1_700_000_000_000_000_000, 100_000_000  # of the factory's sweeps


def stamped(factory, stamps_s, **changes):
    """Sweeps at these times, recorded in this order."""
    entries = factory.sweeps(len(stamps_s), points=200)
    for k, (entry, at_s) in enumerate(zip(entries, stamps_s, strict=True)):
        stamp_ns = START_NS + round(at_s * SECOND)
        entry.message.header.stamp.sec = stamp_ns // SECOND
        entry.message.header.stamp.nanosec = stamp_ns % SECOND
        entries[k] = entry._replace(log_ns=START_NS + k * STEP_NS)
    return entries


def test_a_raw_drive_is_imported_deskewed_levelled_and_without_its_ground(tmp_path) -> None:
    hdl = SENSORS["HDL-64E"]
    drive = Simulation(
        4, sensor=hdl, scene=box_scene(5.0, 10.0, wall_distance=9.0), mounting=TILTED,
        deskewed=False,
    )  # fmt: skip
    simulated = record(drive, 4, tmp_path / "street")
    summary = imported(
        tmp_path / "street", tmp_path / "data", BagOptions(topic="/lidar/points", licence="own")
    )
    assert (len(summary.imported), summary.problem, dict(summary.dropped)) == (1, None, {})
    (sequence,) = find_sequences(tmp_path / "data")
    manifest = sequence.manifest
    assert (manifest.name, manifest.licence, manifest.frame_id) == ("street", "own", "lidar")
    assert manifest.ego_motion == "odometry /odometry"
    assert manifest.sensor_height_m == pytest.approx(1.8, abs=0.04)
    apart = sequence.sensor_to_level[:3, :3] @ drive.sweep(0).sensor_to_level[:3, :3].T
    assert np.degrees(np.arccos(apart[2, 2])) < 0.4
    for k, true in enumerate(simulated):
        stored = sequence.sweep(k)
        points, pose = stored.posed.sweep.points, stored.posed.pose
        np.testing.assert_allclose(pose, true.pose, atol=1e-6)
        world = points @ pose[:3, :3].T + pose[:3, 3]
        wall = (true.class_id == ActorClass.BUILDING) & (world[:, 2] < 3.9)
        # At 10 m/s the raw walls lie up to half a metre off.
        assert np.abs(np.abs(world[wall, 1]) - 9.0).max() < 5 * hdl.range_noise_m
        judged = np.hypot(points[:, 0], points[:, 1]) < 40
        ground = true.class_id == ActorClass.GROUND
        assert (stored.is_ground == ground)[judged].mean() > 0.95
        np.testing.assert_array_equal(stored.posed.sweep.extras["t"], true.time_offset)


def test_a_box_at_5_mps_moves_half_a_metre_from_sweep_to_sweep(tmp_path) -> None:
    drive = Simulation(
        4, sensor=SENSORS["VLP-32C"], scene=box_scene(5.0, 10.0), mounting=TILTED
    )  # fmt: skip
    simulated = record(drive, 3, tmp_path / "street")
    options = BagOptions(topic="/lidar/points", deskew=False, sensor_height_m=1.8)
    imported(tmp_path / "street", tmp_path / "data", options)
    sequence = Sequence(tmp_path / "data" / "street")
    assert sequence.manifest.sensor_height_m == 1.8
    rear = []
    for k, true in enumerate(simulated):
        stored = sequence.sweep(k).posed
        world = stored.sweep.points @ stored.pose[:3, :3].T + stored.pose[:3, 3]
        box = world[true.instance_id == 1]
        rear.append(np.percentile(box[:, 0], 2))
    np.testing.assert_allclose(np.diff(rear), 0.5, atol=0.05)


def test_the_truth_of_a_simulated_bag_comes_along(tmp_path) -> None:
    scene = box_scene(5.0, 10.0, heading=0.7)
    drive = Simulation(4, sensor=SENSORS["VLP-32C"], scene=scene, mounting=TILTED)
    simulated = record(drive, 4, tmp_path / "street")
    options = BagOptions(topic="/lidar/points", longest=2)
    summary = imported(tmp_path / "street", tmp_path / "data", options)
    first, second = find_sequences(tmp_path / "data")
    assert summary.labels == {TRUTH: 2}
    assert [sequence.labelled(TRUTH) for sequence in (first, second)] == [[(1, 0)], [(1, 0)]]
    labels, true = second.labels(TRUTH, Pairing(1, 0)), simulated[3]
    np.testing.assert_array_equal(labels.valid, ~np.isin(true.class_id, NO_MOTION))
    box = (true.instance_id == 1) & labels.valid
    assert box.sum() > 100
    moved = labels.displacement @ true.pose[:3, :3].T
    back = -0.5 * np.array([np.cos(0.7), np.sin(0.7), 0.0])
    np.testing.assert_allclose(moved[box], np.tile(back, (box.sum(), 1)), atol=1e-4)
    assert not moved[~box].any()
    place = second.label_file(TRUTH, Pairing(1, 0))
    place.unlink()  # as a killed call would have left it
    again = imported(tmp_path / "street", tmp_path / "data", options)
    assert (again.labels, len(again.finished_before)) == ({TRUTH: 1}, 2)
    assert place.exists()


def test_rows_stay_and_a_long_bag_is_cut(factory, tmp_path) -> None:
    entries = factory.sweeps(7, points=300)
    entries[2].message.data.view(np.float32)[:3] = np.nan
    bag = factory.write(entries, "long")
    summary = imported(bag, tmp_path / "data", BagOptions(ego_motion="static", longest=3))
    sequences = find_sequences(tmp_path / "data")
    assert [(s.manifest.name, len(s)) for s in sequences] == [("long_000", 3), ("long_001", 3)]
    assert summary.dropped == {ALONE: 1}  # the seventh, in a sequence of its own
    stored = sequences[0].sweep(2).posed.sweep
    whole = np.random.default_rng(2).uniform(-40, 40, (300, 4)).astype(np.float32)
    assert np.isnan(stored.points[0]).all()
    np.testing.assert_array_equal(stored.points[1:], whole[1:, :3])
    np.testing.assert_array_equal(stored.extras["intensity"], whole[:, 3])
    assert sequences[1].manifest.provenance.endswith("/long /points, sweeps 3 to 5 of 7")


def test_what_cannot_be_used_is_counted_by_its_reason(factory, tmp_path) -> None:
    entries = stamped(factory, [0, 0.1, 0.2, 0.15, 0.3, 0.4, 0.5, 0.6])
    entries[1].message.header.frame_id = "camera"
    entries[4].message.fields[2].name = "w"
    entries[5] = entries[5]._replace(
        message=factory.cloud(np.zeros((0, 4)), START_NS + 4 * STEP_NS)
    )
    drive = factory.drive(4)  # up to 0.3 s: 0.45 s at most
    bag = factory.write([*entries, *drive])
    summary = imported(bag, tmp_path / "data", BagOptions())
    assert summary.dropped == {
        "frame_id is 'camera', the first sweep's was 'lidar'": 1,
        "cloud has no field z; its fields: x, y, w, intensity": 1,
        CLOCK: 1,
        EMPTY: 1,
        NO_POSE: 2,
    }
    (sequence,) = find_sequences(tmp_path / "data")
    found = [(stamp - START_NS) / SECOND for stamp in sequence.manifest.stamps_ns]
    assert found == [0.0, 0.2]
    assert sequence.sweep(1).posed.pose[0, 3] == pytest.approx(2.0)  # 10 m/s


def test_after_a_gap_kiss_icp_has_another_frame(factory, tmp_path) -> None:
    bag = factory.write(stamped(factory, [0, 0.1, 0.2, 1.5, 1.6, 1.7]))
    summary = imported(bag, tmp_path / "data", BagOptions(ego_motion="kiss-icp"))
    assert summary.dropped == {GAP: 3}
    assert len(find_sequences(tmp_path / "data")[0]) == 3
    summary = imported(bag, tmp_path / "static")
    assert not summary.dropped
    assert find_sequences(tmp_path / "static")[0].neighbours(1) == [(0, 1), (1, 2), (3, 4), (4, 5)]


@pytest.mark.parametrize(
    ("ego_motion", "wrong_s", "dropped"),
    [
        ("odometry", [600.0], {AHEAD: 1}),
        ("odometry", [1.6], {AHEAD: 1}),  # where odometry knows a pose
        ("odometry", [600.0, 600.1], {NO_POSE: 1, AHEAD: 1}),
        ("static", [600.0], {AHEAD: 1}),
        ("kiss-icp", [600.0], {AHEAD: 1}),
        ("static", [-600.0], {CLOCK: 1}),
    ],
)
def test_a_wrong_stamp_costs_its_own_sweep(factory, tmp_path, ego_motion, wrong_s, dropped) -> None:
    stamps_s = [k / 10 for k in range(16)]
    stamps_s[5 : 5 + len(wrong_s)] = wrong_s
    bag = factory.write([*stamped(factory, stamps_s), *factory.drive(18)])
    summary = imported(bag, tmp_path / "data", BagOptions(ego_motion=ego_motion))
    assert summary.dropped == dropped
    assert len(Sequence(tmp_path / "data" / "recording")) == 16 - len(wrong_s)


@pytest.mark.parametrize(
    ("ego_motion", "first_s", "reason"),
    [("static", 600.0, AHEAD), ("static", -600.0, ALONE), ("kiss-icp", -600.0, ALONE)],
)
def test_a_wrong_first_stamp_costs_its_own_sweep(
    factory, tmp_path, ego_motion, first_s, reason
) -> None:
    bag = factory.write(stamped(factory, [first_s, 0.1, 0.2, 0.3]))
    summary = imported(bag, tmp_path / "data", BagOptions(ego_motion=ego_motion))
    assert summary.dropped == {reason: 1}
    assert len(Sequence(tmp_path / "data" / "recording")) == 3


def test_kiss_icp_starts_no_second_frame_within_a_sequence(factory, tmp_path) -> None:
    """Sweeps that are too thin to register are as a gap to it."""
    entries = stamped(factory, [k / 10 for k in range(20)])
    for k in range(4, 17):
        points = np.random.default_rng(k).uniform(-40, 40, (20, 4)).astype(np.float32)
        entries[k] = entries[k]._replace(message=factory.cloud(points, START_NS + k * STEP_NS))
    summary = imported(factory.write(entries), tmp_path / "data", BagOptions(ego_motion="kiss-icp"))
    (sequence,) = find_sequences(tmp_path / "data")
    assert len(sequence) == 4
    # Up to 1 s after the fourth it could still go on, the other six come after a gap.
    assert summary.dropped == {NO_POSE: 10, GAP: 6}


def test_nothing_usable_is_an_error_that_says_why(factory, tmp_path) -> None:
    one = factory.write(factory.sweeps(1), "one")
    with pytest.raises(CloudError, match=r"no sweep of /points in '.*/one' can be used: no other"):
        imported(one, tmp_path / "data")
    assert not (tmp_path / "data").exists() or not list((tmp_path / "data").iterdir())


def test_a_damaged_bag_is_imported_as_far_as_it_reads(factory, tmp_path) -> None:
    bag = factory.write(factory.sweeps(40, points=4000), "cut", compression="storage")
    (file,) = bag.glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    runner, app = CliRunner(), typer.Typer()
    verb.register(app)
    arguments = [str(bag), str(tmp_path / "data"), "--ego-motion", "static", "--json"]
    result = runner.invoke(app, arguments)
    assert isinstance(result.exception, DataError)
    assert "is damaged" in str(result.exception)
    assert "What was read before the damage is imported" in str(result.exception)
    said = json.loads(result.stdout)
    (sequence,) = find_sequences(tmp_path / "data")
    assert said["imported"][0]["sweeps"] == len(sequence)
    assert 10 <= len(sequence) < 30


def test_two_bags_of_one_name_are_not_taken_for_one(factory, tmp_path) -> None:
    first = factory.write(factory.sweeps(3), "drive")
    (tmp_path / "other").mkdir()
    second = first.rename(tmp_path / "other" / "drive")
    factory.write(factory.sweeps(3), "drive")
    imported(first, tmp_path / "data")
    with pytest.raises(DataError, match=r"data/drive' exists already and was made of .*/drive /po"):
        imported(second, tmp_path / "data")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sensor_height_m": 1.8}, "of .*, sweeps 0 to 1 of 4, not of .* 4, sensor height 1.8 m:"),
        ({"deskew": False}, "of .*, sweeps 0 to 1 of 4, not of .* of 4, not deskewed:"),
        ({"ego_motion": "kiss-icp"}, r"with ego motion static .*, not with ego motion KISS-ICP:"),
        ({"sensor": "OS1-128"}, "with sensor unknown, not with sensor OS1-128:"),
        ({"licence": "own"}, "with licence unknown, not with licence own:"),
    ],
)
def test_other_options_do_not_pass_for_the_same(factory, tmp_path, change, message) -> None:
    bag, data = factory.write(factory.sweeps(4), "drive"), tmp_path / "data"
    static = replace(STATIC, longest=2)
    imported(bag, data, static)
    with pytest.raises(
        DataError, match=f"data/drive_000' exists already and was made {message} re"
    ):
        imported(bag, data, replace(static, **change))
    # Nor does half of it: the first part would be made before the second one is refused.
    shutil.rmtree(data / "drive_000")
    with pytest.raises(DataError, match=r"data/drive_001' exists already and was made "):
        imported(bag, data, replace(static, **change))
    assert not (data / "drive_000").exists()
    assert len(imported(bag, data, static).finished_before) == 1


def test_odometry_topics_are_told_apart(factory, tmp_path) -> None:
    other = [entry._replace(topic="/other") for entry in factory.drive(3)]
    bag = factory.write([*factory.sweeps(3), *factory.drive(3), *other])
    imported(bag, tmp_path / "data", BagOptions(odometry_topic="/odom"))
    with pytest.raises(DataError, match=r"with ego motion odometry /odom, not .* /other:"):
        imported(bag, tmp_path / "data", BagOptions(odometry_topic="/other"))


def test_a_sequence_that_lost_a_sweep_is_not_taken_for_finished(factory, tmp_path) -> None:
    bag, data = factory.write(factory.sweeps(3), "drive"), tmp_path / "data"
    imported(bag, data)
    (data / "drive/sweeps/000001.npz").unlink()
    cure = f"000001.npz' is missing: remove '{data / 'drive'}' and import again"
    with pytest.raises(DataError, match=cure):
        imported(bag, data)
    shutil.rmtree(data / "drive")
    assert [one.sweeps for one in imported(bag, data).imported] == [3]


def test_a_bag_is_not_blamed_for_another_one(factory, tmp_path) -> None:
    strays = factory.sweeps(4)
    strays[1].message.header.frame_id = "camera"
    first = factory.write(strays, "first")
    second = factory.write(factory.sweeps(1), "second")
    summary = ImportSummary()
    for bag in (first, second):
        with summary.one_of(bag.name):
            import_bag(bag, tmp_path / "data", summary, STATIC)
    assert summary.failed == {
        "second": f"no sweep of /points in '{second}' can be used: {ALONE}"
    }  # fmt: skip
    assert summary.dropped == {"frame_id is 'camera', the first sweep's was 'lidar'": 1, ALONE: 1}


KILLED = """
import os, signal, sys
from pathlib import Path
from zeroflow_training.sources.rosbag import BagOptions, import_bag
from zeroflow_training.sources.summary import ImportSummary

def progress(done, total):
    if done == 8:
        os.kill(os.getpid(), signal.SIGKILL)

options = BagOptions(ego_motion="kiss-icp", longest=3)
import_bag(Path(sys.argv[1]), Path(sys.argv[2]), ImportSummary(), options, progress)
"""


def test_an_import_that_was_killed_goes_on_where_it_was(factory, tmp_path) -> None:
    bag, data = factory.write(factory.sweeps(12, points=2000), "night"), tmp_path / "data"
    command = [sys.executable, "-c", KILLED, str(bag), str(data)]
    result = subprocess.run(command, timeout=150)
    assert result.returncode == -signal.SIGKILL
    assert sorted(path.name for path in data.iterdir()) == [
        ".night_002.lock", ".night_002.partial", "night_000", "night_001"
    ]  # fmt: skip
    assert [len(sequence) for sequence in find_sequences(data)] == [3, 3]
    options = BagOptions(ego_motion="kiss-icp", longest=3)
    summary = imported(bag, data, options)
    assert [Path(path).name for path in summary.finished_before] == ["night_000", "night_001"]
    assert [Path(one.path).name for one in summary.imported] == ["night_002", "night_003"]
    assert sorted(path.name for path in data.iterdir()) == [f"night_00{k}" for k in range(4)]
    imported(bag, tmp_path / "at_once", options)
    for after, at_once in zip(
        find_sequences(data), find_sequences(tmp_path / "at_once"), strict=True
    ):
        assert after.manifest == at_once.manifest
        for k in range(len(after)):
            poses = after.sweep(k).posed.pose, at_once.sweep(k).posed.pose
            np.testing.assert_allclose(*poses, atol=1e-6)  # KISS-ICP sums in threads


def test_the_verb_shows_what_it_did(factory, tmp_path) -> None:
    bag = factory.write(factory.sweeps(3), "drive")
    runner, app = CliRunner(), typer.Typer()
    verb.register(app)
    arguments = [str(bag), str(tmp_path / "data"), "--ego-motion", "static"]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-2:] == [
        str(tmp_path / "data" / "drive"), str(tmp_path / "data")
    ]  # fmt: skip
    assert "static (sensor stands still)" in result.stdout
    assert "sensor height, m" in result.stdout
    assert "finished before, passed over" in runner.invoke(app, arguments).stdout
    result = runner.invoke(app, [str(tmp_path / "no"), *arguments])
    assert isinstance(result.exception, DataError)
    assert "no' does not exist" in str(result.exception)


@given(st.integers(0, 5000), st.integers(2, 300))
def test_cuts_are_few_equal_and_hold_all(count: int, longest: int) -> None:
    cuts = Cuts("drive", count, longest)
    parts = [[number for number, _ in part] for _, part in cuts.split(range(count))]
    assert [number for part in parts for number in part] == list(range(count))
    assert all(len(part) <= longest for part in parts)
    assert len(parts) <= cuts.parts == max(1, -(-count // longest))


def test_real_recordings(recordings: Path, tmp_path: Path) -> None:
    for name, height in (("traffic_jam_hdl64", 1.73), ("street_os1_128", 2.0)):
        summary = imported(recordings / name, tmp_path, BagOptions(licence="see README"))
        assert summary.problem is None
        sequence = Sequence(tmp_path / name)
        assert sequence.manifest.sensor_height_m == pytest.approx(height, abs=0.1)
        assert len(sequence) == {"traffic_jam_hdl64": 40, "street_os1_128": 3}[name]
        assert len(sequence.neighbours(1)) == len(sequence) - 1
        assert 0.25 < sequence.sweep(1).is_ground.mean() < 0.5
