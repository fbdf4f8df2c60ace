# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow picture`, `animate` and `view`: flow of a bag, for the eye."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from zeroflow_ros import estimator
from zeroflow_ros.bags.reader import FLOW_TOPIC
from zeroflow_ros.cli.main import build_app
from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.flow_frames import FlowChoice
from zeroflow_ros.rerun_view import require_display, view_bag

FLOW_NAMES = ("x", "y", "z", "vx", "vy", "vz", "valid")


@pytest.fixture
def bag(factory):
    """Ten sweeps with flow: a quarter of the points drives forward at 10 m/s; odometry."""
    entries = factory.sweeps(10, FLOW_TOPIC, points=400)
    for k, entry in enumerate(entries):
        rows = np.zeros((400, len(FLOW_NAMES)), np.float32)
        rows[:, :2] = np.random.default_rng(k).uniform(-40, 40, (400, 2))
        rows[:100, 3], rows[:, 6] = 10, 1
        entries[k] = entry._replace(message=factory.cloud(rows, entry.log_ns, names=FLOW_NAMES))
    return factory.write(entries + factory.drive(10))


def run(*arguments):
    return CliRunner().invoke(build_app(), list(map(str, arguments)))


def test_picture_says_what_it_shows_and_where_it_is(bag, tmp_path):
    out = tmp_path / "new" / "flow.png"
    result = run("picture", bag, out, "--sweep", 3)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"sweep 3 of {FLOW_TOPIC}, flow as in the bag: 400 points, 400 with flow, 100 moving "
        "(above 0.5 m/s)",
        str(out),
    ]
    with Image.open(out) as picture:
        assert picture.size == (1200, 1200)
    assert [file.name for file in out.parent.iterdir()] == ["flow.png"]


def test_picture_is_of_the_last_sweep_and_speaks_json(bag, tmp_path):
    result = run("picture", bag, tmp_path / "a.png", "--json", "--size", 400, "--range", 20)
    told = json.loads(result.stdout)
    assert (told["sweep"], told["moving_points"], told["estimated"]) == (9, 100, False)
    assert told["stamp_ns"] == 1_700_000_000_900_000_000
    with Image.open(told["picture"]) as picture:
        assert picture.size == (400, 400)


@pytest.fixture
def asked(monkeypatch):
    """With what the estimator was made, which estimates nothing."""
    asked = {}

    class Fake:
        def __init__(self, model, *, ego_motion, **options):
            asked.update(options, model=model)

        def observe(self, sweep):
            pass

        def update(self, sweep):
            return Flow.none(len(sweep), FlowStatus.EMPTY)

    monkeypatch.setattr(estimator, "FlowEstimator", Fake)
    return asked


def test_flow_that_is_not_there_is_estimated(factory, tmp_path, asked):
    options = ("--model", "m.onnx", "--sensor-height", 1.5, "--ego-motion", "static")
    result = run("picture", factory.write(factory.sweeps(3)), tmp_path / "a.png", *options)
    assert result.exit_code == 0, result.output
    assert asked == {"model": "m.onnx", "sensor_height": 1.5, "crop_box": None}
    assert "sweep 2 of /points, flow estimated now: 50 points, 0 with flow" in result.stdout
    assert result.stderr == "zeroflow: note: no flow: no finite point in range\n"


@pytest.mark.parametrize(
    ("verb", "out"),
    [("picture", ["a.png"]), ("animate", ["a.gif"]), ("view", ["--save", "a.rrd"])],
)
def test_every_verb_that_estimates_leaves_the_own_vehicle_out(
    factory, tmp_path, monkeypatch, asked, rerun, verb, out
):
    monkeypatch.chdir(tmp_path)
    options = ("--ego-motion", "static", "--crop-box", "-2.5,-1.1,-1.9,2.5,1.1,0.3")
    result = run(verb, factory.write(factory.sweeps(3)), *out, *options)
    assert result.exit_code == 0, result.output
    assert asked["crop_box"] == [-2.5, -1.1, -1.9, 2.5, 1.1, 0.3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["picture", "BAG", "a.jpg"], "'a.jpg': pictures are written as PNG"),
        (["picture", "BAG", "a.png", "--sweep", "10"], "choose from 0 to 9, or from -10 to -1"),
        (["picture", "nowhere", "a.png"], "'nowhere' does not exist"),
        (["animate", "BAG", "a.avi"], "films are written as .mp4 or .gif"),
        (["animate", "BAG", "a.gif", "--start", "3"], "the last one comes 0.9 s after the first"),
        (["picture", "BAG", "a.png", "--model", "zeroflow-rt"], "--model: 'BAG' holds the flow"),
        (["view", "BAG", "--save", "a.rrd", "--ego-motion", "static"], "--ego-motion: 'BAG' holds"),
        (["view", "BAG", "--save", "a.bag"], "'a.bag': rerun's files end in .rrd"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(bag, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = run(*(str(bag) if word == "BAG" else word for word in arguments))
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert message.replace("BAG", str(bag)) in line
    assert [path.name for path in tmp_path.iterdir()] == [bag.name]


def test_animation_has_the_sweeps_of_its_span(bag, tmp_path):
    out = tmp_path / "a.gif"
    options = ("--start", 0.2, "--seconds", 0.35, "--rate", 0.5, "--size", 401)
    result = run("animate", bag, out, *options)
    assert result.exit_code == 0, result.output
    expected = [f"4 sweeps of {FLOW_TOPIC}, flow as in the bag", str(out)]
    assert result.stdout.splitlines() == expected
    with Image.open(out) as film:
        assert (film.n_frames, film.size) == (4, (400, 400))
        assert film.info["duration"] == 200


class Stream:
    """What is logged, in the place of a rerun stream."""

    def __init__(self, *_, **__):
        self.now, self.logged = None, []

    def save(self, path, default_blueprint):
        self.path = path

    def set_time(self, timeline, *, timestamp):
        assert timeline == "stamp"
        self.now = timestamp

    def log(self, entity, what, *, static=False):
        self.logged.append((entity, None if static else self.now, what))

    def flush(self):
        self.path.write_text("recording")

    def disconnect(self):
        pass


@pytest.fixture
def rerun(monkeypatch):
    """A stand-in for the package: archetypes are their own arguments."""
    streams = []

    def stream(*arguments, **options):
        streams.append(Stream())
        return streams[-1]

    def archetype(*arguments, **options):
        return SimpleNamespace(arguments=arguments, **options)

    names = ("Points3D", "Arrows3D", "Scalars", "Transform3D", "LineStrips3D")
    stand_in = SimpleNamespace(
        RecordingStream=stream,
        ViewCoordinates=SimpleNamespace(FLU="FLU"),
        blueprint=None,
        **dict.fromkeys(names, archetype),
    )
    monkeypatch.setitem(sys.modules, "rerun", stand_in)
    monkeypatch.setattr("zeroflow_ros.rerun_view._blueprint", lambda: None)
    return streams


def test_view_logs_points_arrows_path_and_numbers(bag, tmp_path, rerun):
    out = tmp_path / "a.rrd"
    summary = view_bag(bag, FlowChoice(), save=out, start_s=0.15, seconds=0.3)
    assert (summary["sweeps"], summary["poses"], out.read_text()) == (3, 3, "recording")
    (stream,) = rerun
    first = np.datetime64(1_700_000_000_200_000_000, "ns")
    logged = {entity: what for entity, now, what in stream.logged if now == first}
    assert set(logged) == {
        *("world/vehicle", "world/vehicle/points", "world/vehicle/arrows"),
        *("moving/percent_of_points", "moving/median_mps"),
    }
    assert logged["world/vehicle/points"].arguments[0].shape == (400, 3)
    assert logged["world/vehicle/points"].colors.shape == (400, 3)
    np.testing.assert_allclose(logged["world/vehicle"].translation, [2, 0, 0])
    arrows = logged["world/vehicle/arrows"].vectors
    np.testing.assert_allclose(arrows, np.tile([5, 0, 0], (len(arrows), 1)), atol=1e-5)
    assert logged["moving/percent_of_points"].arguments == (25.0,)
    assert logged["moving/median_mps"].arguments == (10.0,)
    (path,) = [what for entity, now, what in stream.logged if entity == "world/path"]
    np.testing.assert_allclose(path.arguments[0], [[(2, 0, 0), (3, 0, 0), (4, 0, 0)]])


def test_real_rerun_takes_what_is_logged(bag, tmp_path):
    pytest.importorskip("rerun", reason="pip install 'zeroflow_ros[viz]'")
    out = tmp_path / "a.rrd"
    result = run("view", bag, "--save", out)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == str(out)
    assert out.read_bytes()[:3] == b"RRF"
    assert out.stat().st_size > 10 * 400 * 15, "points and colours of ten sweeps"


def test_view_without_display_or_package_says_what_to_do(bag, tmp_path, monkeypatch, rerun):
    require_display({"DISPLAY": ":0"}, "linux")
    require_display({"WAYLAND_DISPLAY": "wayland-0"}, "linux")
    require_display({}, "darwin")
    with pytest.raises(ZeroflowError, match=r"no display here .* save a file with --save"):
        require_display({"DISPLAY": ""}, "linux")
    monkeypatch.setitem(sys.modules, "rerun", None)
    result = run("view", bag)
    assert result.exit_code == 1
    assert "zeroflow view needs the Python package 'rerun-sdk'" in result.stderr
    assert "zeroflow_ros[viz]" in result.stderr
