# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated drive as a bag: read back, it says what the simulation said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from zeroflow_ros import pictures
from zeroflow_ros.bags import BagReader
from zeroflow_ros.bags.reader import TRUTH_TOPIC
from zeroflow_ros.cli.main import build_app
from zeroflow_ros.flow_frames import FlowChoice
from zeroflow_ros.pointcloud2 import read_flow
from zeroflow_training.recording import EPOCH_NS, record
from zeroflow_training.simulation.classes import NO_MOTION
from zeroflow_training.simulation.scenes import KINDS
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import Simulation


def test_bag_holds_the_simulated_points_poses_and_flow(tmp_path: Path) -> None:
    simulation = Simulation(11, sensor=find_sensor("VLP-16"))
    written = record(simulation, 3, tmp_path / "street")
    with BagReader(tmp_path / "street") as reader:
        sweeps = [sweep for _, sweep in reader.sweeps("/lidar/points")]
        truths = [read_flow(reader.decode(r)) for r in reader.records([TRUTH_TOPIC])]
        poses = dict(reader.read_odometry("/odometry"))
    assert [len(sweep) for sweep in sweeps] == [len(sweep.points) for sweep in written]
    for sweep, truth, simulated in zip(sweeps, truths, written, strict=True):
        np.testing.assert_array_equal(sweep.points, simulated.points)
        valid = ~np.isin(simulated.class_id, NO_MOTION)
        np.testing.assert_array_equal(truth.valid, valid)
        moved = np.where(valid[:, None], simulated.flow, 0)
        np.testing.assert_allclose(truth.velocity, moved * 10, atol=1e-5)
        np.testing.assert_allclose(poses[EPOCH_NS + simulated.stamp_ns], simulated.pose, atol=1e-9)
    # 50 Hz: the start, and five poses for each of the two intervals.
    assert len(poses) == 11


def test_a_drive_that_never_took_place_has_no_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles, draw = [], pictures.birdseye

    def listening(*arguments: Any, title: str, **options: Any) -> Any:
        titles.append(title)
        return draw(*arguments, title=title, **options)

    monkeypatch.setattr(pictures, "birdseye", listening)
    record(Simulation(11, sensor=find_sensor("VLP-16")), 3, tmp_path / "street")
    look = pictures.Look(pixels=300)
    pictures.draw_sweep(
        tmp_path / "street", 2, tmp_path / "a.png", FlowChoice(topic=TRUTH_TOPIC), look
    )
    assert titles == ["street /truth/flow, sweep 2\n0.20 s"]


def test_simulate_verb_is_reproducible_and_names_what_is_unknown(tmp_path: Path) -> None:
    runner, app = CliRunner(), build_app()
    arguments = ["--sensor", "VLP-16", "--seconds", "0.2", "--seed", "4", "--scene", "yard"]
    clouds = []
    for name in ("one", "two"):
        result = runner.invoke(app, ["simulate", str(tmp_path / name), *arguments])
        assert result.exit_code == 0, result.output
        with BagReader(tmp_path / name) as reader:
            clouds.append([sweep.points for _, sweep in reader.sweeps("/lidar/points")])
    np.testing.assert_array_equal(clouds[0][1], clouds[1][1])
    result = runner.invoke(app, ["simulate", str(tmp_path / "three"), "--sensor", "VLP-17"])
    assert result.exit_code == 1
    assert "VLP-32C" in result.output
    result = runner.invoke(app, ["simulate", str(tmp_path / "three"), "--scene", "beach"])
    assert result.exit_code == 1
    assert "no scene called 'beach'; there are street, crossing" in " ".join(result.output.split())
    assert not (tmp_path / "three").exists()


def test_simulate_verb_tells_scripts_what_it_wrote(tmp_path: Path) -> None:
    out = tmp_path / "drive.mcap"
    arguments = ["simulate", str(out), "--sensor", "VLP-16", "--seconds", "0.1", "--json"]
    result = CliRunner().invoke(build_app(), arguments)
    told = json.loads(result.stdout)
    assert (told["output"], told["sensor"], told["sweeps"]) == (str(out), "VLP-16", 1)
    assert told["points"] > 1000


def test_help_of_simulate_lists_every_kind_of_scene() -> None:
    # The help text is typed out: the command line starts without numba.
    result = CliRunner().invoke(build_app(), ["simulate", "--help"])
    assert all(kind in result.output for kind in KINDS)
