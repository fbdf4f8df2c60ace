# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow import-bag --crop-box`: the own vehicle is NaN, and another box another recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")

from tests.training.importing import STATIC, imported

from zeroflow_ros.errors import DataError
from zeroflow_training.cli import import_bag as verb
from zeroflow_training.recording import record
from zeroflow_training.sequences import TRUTH, Pairing, find_sequences
from zeroflow_training.simulation import SENSORS, Simulation, box_scene
from zeroflow_training.simulation.classes import NO_MOTION
from zeroflow_training.sources.rosbag import BagOptions


def test_the_manifest_says_with_which_box_it_was_made(factory, tmp_path) -> None:
    bag, data = factory.write(factory.sweeps(3), "drive"), tmp_path / "data"
    app = typer.Typer()
    verb.register(app)
    arguments = [str(bag), str(data), "--ego-motion", "static", "--crop-box"]
    result = CliRunner().invoke(app, [*arguments, "-2,-1,-1,2,1,0.5"])
    assert result.exit_code == 0, result.output
    (sequence,) = find_sequences(data)
    assert sequence.manifest.provenance.endswith(" 2 of 3, crop box -2,-1,-1,2,1,0.5 m")
    again = CliRunner().invoke(app, [*arguments, "-2,-1,-1,3,1,0.5"])
    assert isinstance(again.exception, DataError)
    assert "was made of " in str(again.exception)
    assert "3, crop box -2,-1,-1,3,1,0.5 m: remove it, or import into" in str(again.exception)


def test_other_crop_boxes_do_not_pass_for_the_same_and_none_is_none(factory, tmp_path) -> None:
    bag, data = factory.write(factory.sweeps(3), "drive"), tmp_path / "data"
    cropped = replace(STATIC, crop_box=(-2, -1, -1, 2, 1, 0.5))
    imported(bag, data, cropped)
    assert len(imported(bag, data, cropped).finished_before) == 1
    with pytest.raises(
        DataError, match=r"crop box -2,-1,-1,2,1,0.5 m, not of .* box -2,-1,-1,3,1,"
    ):
        imported(bag, data, replace(STATIC, crop_box=(-2, -1, -1, 3, 1, 0.5)))
    with pytest.raises(DataError, match=r"crop box -2,-1,-1,2,1,0.5 m, not of .* 2 of 3: re"):
        imported(bag, data)
    imported(bag, tmp_path / "whole")
    zero = replace(STATIC, crop_box=(0, 0, 0, 0, 0, 0))
    assert len(imported(bag, tmp_path / "whole", zero).finished_before) == 1


def test_the_own_vehicle_is_nan_in_its_rows_and_has_no_truth(tmp_path) -> None:
    drive = Simulation(4, sensor=SENSORS["VLP-32C"], scene=box_scene(5.0, 10.0))
    simulated = record(drive, 3, tmp_path / "street")
    low, high = np.float32([-12, -12, -3]), np.float32([12, 12, -1])
    options = BagOptions(topic="/lidar/points", deskew=False, crop_box=(*low, *high))
    imported(tmp_path / "street", tmp_path / "data", options)
    (sequence,) = find_sequences(tmp_path / "data")
    for k, true in enumerate(simulated):
        points = sequence.sweep(k).posed.sweep.points
        whole = true.points.astype(np.float32)
        inside = ((whole >= low) & (whole <= high)).all(1)
        assert 100 < inside.sum() < len(inside) / 2
        assert np.isnan(points[inside]).all()
        np.testing.assert_array_equal(points[~inside], whole[~inside])
        if k:
            labels = sequence.labels(TRUTH, Pairing(k, k - 1))
            moves = ~np.isin(true.class_id, NO_MOTION)
            np.testing.assert_array_equal(labels.valid, moves & ~inside)
            assert (moves & inside).any()
            assert not labels.displacement[inside].any()


def test_a_box_of_three_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"six finite numbers in m, not \[1, 2, 3\]"):
        BagOptions(crop_box=(1, 2, 3))
