# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow run` and run_bag: a flow cloud for every sweep, and nothing half done."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from zeroflow_ros import offline
from zeroflow_ros.bags import BagReader
from zeroflow_ros.bags.reader import COLORED_TOPIC, FLOW_TOPIC
from zeroflow_ros.cli.main import build_app
from zeroflow_ros.errors import BagError, CloudError, EgoMotionError, ModelError
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.offline import run_bag
from zeroflow_ros.pointcloud2 import read_cloud

SECOND = 1_000_000_000


class FakeEstimator:
    """Every point with x > 0 moves at (1, 0, 0) m/s, plus what the ego motion says in y."""

    card = SimpleNamespace(name="fake", version="1")

    def __init__(self, ego_motion):
        self.ego_motion = ego_motion
        self.before = None

    def update(self, sweep):
        self.ego_motion.observe(sweep)
        pose = self.ego_motion.pose(sweep.stamp_ns)
        if pose is None:
            return Flow.none(len(sweep), FlowStatus.NO_EGO_MOTION)
        before, self.before = self.before, (sweep.stamp_ns, pose)
        if before is None:
            return Flow.none(len(sweep), FlowStatus.FIRST_SWEEP)
        interval = (sweep.stamp_ns - before[0]) / SECOND
        flow = np.zeros((len(sweep), 3), np.float32)
        flow[sweep.points[:, 0] > 0, 0] = interval
        flow[:, 1] = pose[0, 3] - before[1][0, 3]
        stages = {"pillars": 2.0, "network": 30.0 + 10 * (len(sweep) % 2)}
        return Flow(flow, np.ones(len(sweep), bool), interval, FlowStatus.ESTIMATED, stages)


@pytest.fixture
def fake(monkeypatch):
    """The command with a fake pipeline; holds the arguments that the pipeline was asked with."""
    asked = SimpleNamespace()

    def bundled(model, backend, sensor_height, deskew, crop_box):
        asked.options = model, backend, sensor_height, deskew, crop_box
        return FakeEstimator

    monkeypatch.setattr(offline, "_bundled", bundled)
    return asked


def flow_messages(path):
    with BagReader(path) as reader:
        return [(record.log_ns, reader.decode(record)) for record in reader.records([FLOW_TOPIC])]


def columns(message):
    names = [field.name for field in message.fields]
    kinds = {7: "<f4", 2: "u1"}
    dtype = np.dtype(
        {
            "names": names,
            "formats": [kinds[field.datatype] for field in message.fields],
            "offsets": [field.offset for field in message.fields],
            "itemsize": message.point_step,
        }
    )
    return np.frombuffer(message.data.tobytes(), dtype)


def test_every_sweep_gets_one_flow_cloud(factory):
    source = factory.write(factory.sweeps(4) + factory.drive(4, speed=0), storage="sqlite3")
    target = factory.folder / "out"
    summary = run_bag(source, target, make_estimator=FakeEstimator)
    with BagReader(source) as before, BagReader(target) as after:
        for topic in ("/points", "/odom"):
            assert list(after.records([topic])) == list(before.records([topic]))
        clouds = [message for message, _ in after.sweeps("/points")]
    flows = flow_messages(target)
    assert len(flows) == 4
    for cloud, (log_ns, message) in zip(clouds, flows, strict=True):
        assert str(message.header) == str(cloud.header)  # the two bags have a type each
        assert log_ns == cloud.header.stamp.sec * SECOND + cloud.header.stamp.nanosec
        assert (message.height, message.width) == (cloud.height, cloud.width)
        assert message.row_step * message.height == len(message.data)
        assert [field.name for field in message.fields] == [
            *("x", "y", "z", "intensity", "vx", "vy", "vz", "valid")
        ]
        np.testing.assert_array_equal(read_cloud(message).points, read_cloud(cloud).points)
    first, *others = [columns(message) for _, message in flows]
    assert not first["valid"].any()
    assert not first["vx"].any()
    for rows in others:
        assert rows["valid"].all()
        np.testing.assert_allclose(rows["vx"], rows["x"] > 0)
        assert not rows["vy"].any()
    assert (summary.sweeps, summary.estimated, summary.points) == (4, 3, 200)
    assert summary.moving_points == sum(int((rows["x"] > 0).sum()) for rows in others)
    assert summary.ego_motion == "odometry /odom"
    assert summary.model == "fake 1"
    assert summary.problem is None


def test_odometry_of_the_bag_moves_the_sensor(factory):
    """10 m/s of a base_link that carries the lidar: poses reach the estimator in its frame."""
    entries = factory.sweeps(3) + factory.drive(3, speed=10, child="base_link")
    mounting = factory.transforms(("base_link", "lidar", (2, 0, 1)))
    entries.append(
        entries[0]._replace(topic="/tf_static", type="tf2_msgs/msg/TFMessage", message=mounting)
    )
    run_bag(factory.write(entries), factory.folder / "out", make_estimator=FakeEstimator)
    rows = columns(flow_messages(factory.folder / "out")[2][1])
    np.testing.assert_allclose(rows["vy"], 10, rtol=1e-5)
    with BagReader(factory.folder / "out") as reader:
        assert set(reader.topics) == {"/points", "/odom", "/tf_static", FLOW_TOPIC, COLORED_TOPIC}


def test_organised_clouds_with_nan_stay_organised(factory):
    points = np.random.default_rng(0).uniform(1, 9, (24, 4)).astype(np.float32)
    points[5] = np.nan
    entries = factory.sweeps(2)
    for k in (0, 1):
        cloud = factory.cloud(points, entries[k].log_ns)
        cloud.height, cloud.width, cloud.row_step, cloud.is_dense = 4, 6, 96, False
        entries[k] = entries[k]._replace(message=cloud)
    target = factory.folder / "out.mcap"
    run_bag(factory.write(entries), target, ego_motion="static", make_estimator=FakeEstimator)
    _, message = flow_messages(target)[1]
    assert (message.height, message.width, message.is_dense) == (4, 6, False)
    assert message.row_step == 6 * message.point_step
    rows = columns(message)
    assert np.flatnonzero(~rows["valid"].astype(bool)).tolist() == [5]
    assert np.isnan(rows["x"][5])
    assert np.isfinite(rows["vx"]).all()


def test_bad_sweeps_are_counted_and_skipped(factory):
    entries = factory.sweeps(6)
    stamps = [entry.log_ns for entry in entries]
    bad = {
        1: factory.cloud(np.ones((5, 2), np.float32), stamps[1], names=("x", "y")),
        3: factory.cloud(np.ones((5, 4), np.float32), stamps[3]),
        4: factory.cloud(np.ones((5, 4), np.float32), stamps[4], frame="rear_lidar"),
    }
    bad[3].data = bad[3].data[:-1]
    for k, message in bad.items():
        entries[k] = entries[k]._replace(message=message)
    target = factory.folder / "out"
    summary = run_bag(
        factory.write(entries), target, ego_motion="static", make_estimator=FakeEstimator
    )
    assert summary.sweeps == 6
    assert summary.estimated == 2
    assert dict(summary.skipped) == {
        "cloud has no field z; its fields: x, y": 1,
        "data has 79 bytes, but 1 rows of 80 bytes need 80": 1,
        "frame_id is 'rear_lidar', the first sweep's was 'lidar'": 1,
    }
    with BagReader(target) as reader:
        assert reader.topics["/points"].message_count == 6
        assert reader.topics[FLOW_TOPIC].message_count == 3


def test_empty_clouds_get_empty_flow(factory):
    entries = factory.sweeps(3)
    entries[1] = entries[1]._replace(
        message=factory.cloud(np.zeros((0, 4), np.float32), entries[1].log_ns)
    )
    target = factory.folder / "out"
    summary = run_bag(
        factory.write(entries), target, ego_motion="static", make_estimator=FakeEstimator
    )
    assert summary.sweeps == 3
    assert [message.width for _, message in flow_messages(target)] == [50, 0, 50]


def test_bag_of_bad_sweeps_only_is_an_error_and_leaves_nothing(factory):
    flat = [
        entry._replace(message=factory.cloud(np.ones((5, 2)), entry.log_ns, names=("x", "y")))
        for entry in factory.sweeps(2)
    ]
    source = factory.write(flat)
    with pytest.raises(CloudError, match=r"no sweep of /points in .* can be used: cloud has no f"):
        run_bag(source, factory.folder / "out", ego_motion="static", make_estimator=FakeEstimator)
    assert [path.name for path in factory.folder.iterdir()] == ["recording"]


def test_truncated_bag_is_processed_as_far_as_it_reads(factory):
    source = factory.write(factory.sweeps(40, points=4000), compression="storage")
    file = source / "recording.mcap"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    target = factory.folder / "out"
    summary = run_bag(source, target, ego_motion="static", make_estimator=FakeEstimator)
    assert 10 <= summary.sweeps <= 20
    assert len(flow_messages(target)) == summary.sweeps
    assert f"The output holds the {summary.sweeps} sweeps before" in summary.problem


def test_poses_that_never_fit_are_a_problem(factory):
    late = [
        entry._replace(message=factory.odometry(entry.log_ns + 3600 * SECOND))
        for entry in factory.drive(3)
    ]
    source = factory.write(factory.sweeps(3) + late)
    summary = run_bag(source, factory.folder / "out", make_estimator=FakeEstimator)
    assert summary.estimated == 0
    assert summary.to_dict()["not_estimated"] == {FlowStatus.NO_EGO_MOTION.value: 3}
    assert "unknown at the stamps of all 3 sweeps; try --ego-motion kiss-icp" in summary.problem


@pytest.mark.parametrize(
    ("odometry", "options", "expected"),
    [
        (True, {}, "odometry /odom"),
        (True, {"ego_motion": "static"}, "static (sensor stands still)"),
        (True, {"ego_motion": "kiss-icp"}, "KISS-ICP"),
        (False, {}, "KISS-ICP (the bag has no odometry)"),
    ],
)
def test_source_of_the_ego_motion(factory, odometry, options, expected):
    pytest.importorskip("kiss_icp")
    entries = factory.sweeps(2) + (factory.drive(2) if odometry else [])
    summary = run_bag(
        factory.write(entries), factory.folder / "out", make_estimator=FakeEstimator, **options
    )
    assert summary.ego_motion == expected


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"ego_motion": "odometry"}, EgoMotionError, "no nav_msgs/msg/Odometry topic"),
        ({"odometry_topic": "/odom"}, BagError, "no topic /odom"),
        (
            {"ego_motion": "static", "odometry_topic": "/odom"},
            EgoMotionError,
            "exclude each other",
        ),
        ({"topic": FLOW_TOPIC}, BagError, "output of zeroflow run"),
    ],
)
def test_contradictions_are_told_before_anything_is_written(factory, options, error, message):
    source = factory.write(factory.sweeps(2) + factory.sweeps(1, FLOW_TOPIC))
    with pytest.raises(error, match=message):
        run_bag(source, factory.folder / "out", make_estimator=FakeEstimator, **options)
    assert [path.name for path in factory.folder.iterdir()] == ["recording"]


def test_a_bad_model_is_told_before_anything_is_written(factory):
    def broken(_):
        raise ModelError("model 'x.onnx' is damaged")

    source = factory.write(factory.sweeps(2))
    with pytest.raises(ModelError):
        run_bag(source, factory.folder / "out", ego_motion="static", make_estimator=broken)
    assert [path.name for path in factory.folder.iterdir()] == ["recording"]


def test_command_prints_a_table_and_the_path(factory, fake):
    source = factory.write(factory.sweeps(4) + factory.drive(4, speed=0))
    target = factory.folder / "out"
    options = "--model=m --backend=tensorrt --sensor-height=1.7 --no-deskew --crop-box -2,0,0,2,1,0"
    result = CliRunner().invoke(build_app(), ["run", str(source), str(target), *options.split()])
    assert result.exit_code == 0, result.output
    assert fake.options == ("m", "tensorrt", 1.7, False, [-2, 0, 0, 2, 1, 0])
    assert result.stdout.splitlines()[-1] == str(target)
    for expected in ("odometry /odom", "fake 1", "network, ms p50 / p99", "30.0 / 30.0", "200"):
        assert expected in result.stdout
    assert result.stderr == ""


def test_command_speaks_json(factory, fake):
    source = factory.write(factory.sweeps(3) + factory.drive(3, speed=0))
    target = factory.folder / "out"
    result = CliRunner().invoke(build_app(), ["run", str(source), str(target), "--json"])
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["output"] == str(target)
    assert (told["sweeps"], told["estimated_sweeps"], told["points"]) == (3, 2, 150)
    assert told["stage_ms"]["total"] == {"p50": 32.0, "p99": 32.0}
    assert told["problem"] is None


def test_command_fails_in_one_line(factory, fake):
    source = factory.write(factory.drive(2))
    result = CliRunner().invoke(build_app(), ["run", str(source), str(factory.folder / "out")])
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("zeroflow: error: bag '")
    assert "no point clouds" in line


def test_command_exits_1_for_a_damaged_bag_and_shows_what_it_did(factory, fake):
    source = factory.write(factory.sweeps(40, points=4000), compression="storage")
    file = source / "recording.mcap"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    target = factory.folder / "out"
    result = CliRunner().invoke(
        build_app(), ["run", str(source), str(target), "--ego-motion", "static"]
    )
    assert result.exit_code == 1
    assert str(target) in result.stdout
    assert "is damaged (recording.mcap: cut off at byte" in result.stderr
    assert "mcap recover" in result.stderr
    assert target.exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing(factory, number, code):
    source = factory.write(factory.sweeps(50))
    script = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in background jobs
        "from zeroflow_ros import offline\n"
        "from zeroflow_ros.cli.main import main\n"
        "from zeroflow_ros.flow import Flow, FlowStatus\n"
        "class Slow:\n"
        "    def update(self, sweep):\n"
        "        print('working', flush=True)\n"
        "        sys.stdin.read()\n"  # until the signal, or until communicate() closes it
        "        return Flow.none(len(sweep), FlowStatus.FIRST_SWEEP)\n"
        "offline._bundled = lambda *_: lambda _: Slow()\n"
        "main()\n"
    )
    arguments = ["run", str(source), str(factory.folder / "out"), "--ego-motion", "static"]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    process.send_signal(number)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == code, stderr
    assert "Traceback" not in stderr
    assert [path.name for path in factory.folder.iterdir()] == ["recording"]


def test_bundled_model_from_bag_to_bag(factory):
    """The real pipeline, once: a repeated cloud stands still, and every row is answered."""
    rng = np.random.default_rng(0)
    ground = np.c_[rng.uniform(-30, 30, (4000, 2)), np.full(4000, -1.8)]
    wall = np.c_[np.full(2000, 12.0), rng.uniform(-10, 10, 2000), rng.uniform(-1.8, 2, 2000)]
    cloud = np.vstack([ground, wall, [[np.nan] * 3], [[900, 0, 0]]]).astype(np.float32)
    entries = [
        entry._replace(message=factory.cloud(cloud, entry.log_ns)) for entry in factory.sweeps(3)
    ]
    target = factory.folder / "out"
    summary = run_bag(factory.write(entries), target, ego_motion="static", sensor_height=1.8)
    assert (summary.sweeps, summary.estimated) == (3, 2)
    assert summary.stage_percentiles()["network"][0] > 0
    first, second, _ = [columns(message) for _, message in flow_messages(target)]
    assert not first["valid"].any()
    assert second["valid"].sum() >= 5900
    assert not second["valid"][-2:].any()
    assert np.isfinite(second["vx"]).all()


@pytest.mark.parametrize(
    ("name", "sweeps", "ego_motion"),
    [
        ("intersection", 3, "odometry /odom"),
        ("street_os1_128", 3, "odometry /odom"),
        ("passing_car_vls128", 3, None),
        ("parked_vlp32", 5, None),
        ("parked_vlp16", 4, None),
    ],
)
def test_real_recordings(recordings: Path, tmp_path, name, sweeps, ego_motion):
    if ego_motion is None:
        pytest.importorskip("kiss_icp")
    target = tmp_path / name
    summary = run_bag(recordings / name, target, make_estimator=FakeEstimator)
    assert (summary.sweeps, summary.estimated) == (sweeps, sweeps - 1)
    assert summary.ego_motion == (ego_motion or "KISS-ICP (the bag has no odometry)")
    assert not summary.skipped
    for _, message in flow_messages(target)[1:]:
        rows = columns(message)
        assert np.isfinite(rows["vx"]).all()
        assert 0.2 < rows["valid"].mean() <= 1
