# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A lidar of one's own: its YAML file, what is wrong in one, and what it sees from its height."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.bags import BagReader
from zeroflow_ros.cli.main import build_app
from zeroflow_ros.errors import DataError, ZeroflowError
from zeroflow_training.sequences import find_sequences
from zeroflow_training.simulation import ActorClass, Mounting, SensorModel, Simulation, box_scene
from zeroflow_training.simulation.dice import Dice
from zeroflow_training.simulation.scan_heads import ScanHead
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.sources.simulated import SimulationOptions, import_simulated
from zeroflow_training.sources.summary import ImportSummary

THREE = {"name": "three", "elevations_deg": [5, -20, -10], "columns": 600}
HEIGHT_M = 2.1


def lidar(folder: Path, **changed: Any) -> Path:
    """A file of three beams, but for what is `changed`; None: left out."""
    said = {name: value for name, value in {**THREE, **changed}.items() if value is not None}
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(said))
    return path


def read(folder: Path, **changed: Any) -> SensorModel:
    return find_sensor(str(lidar(folder, **changed)))


def test_a_file_says_beams_columns_and_range(tmp_path: Path) -> None:
    assert read(tmp_path) == SensorModel("three", (ScanHead((-20.0, -10.0, 5.0), 600),))
    whole = read(
        tmp_path,
        elevations_deg=[12, {"from": -25, "to": -7, "beams": 4}, {"from": 2, "to": 0, "beams": 3}],
        columns=None,
        azimuth_step_deg=0.3,
        field_of_view_deg=120,
        facing_deg=-90,
        clockwise=False,
        max_range_m=60,
        range_noise_m=0.05,
    )
    elevations = (-25.0, -19.0, -13.0, -7.0, 0.0, 1.0, 2.0, 12.0)
    head = ScanHead(elevations, 400, clockwise=False, sector_deg=120.0, azimuth_deg=-90.0)
    assert whole == SensorModel("three", (head,), 60.0, 0.05)


def test_the_file_of_the_documentation_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/own_student.md").read_text()
    path = tmp_path / "mine.yaml"
    path.write_text(page.partition('```yaml title="mine.yaml"\n')[2].partition("```")[0])
    (head,) = find_sensor(str(path)).heads
    assert (head.beams, head.columns) == (40, 1200)
    assert head.elevations_deg[:2] == (-25.0, -23.0)
    assert head.elevations_deg[-1] == 5.6


def test_further_heads_turn_by_themselves_and_may_hang_upside_down(tmp_path: Path) -> None:
    low = {"elevations_deg": [-20, -10, 5], "columns": 300, "upside_down": True}
    model = read(tmp_path, more_heads=[{**low, "offset_m": [0, 0, -0.2]}])
    upright, hanging = model.heads
    assert upright.turret == 0
    assert hanging == ScanHead(
        (-5.0, 10.0, 20.0), 300, clockwise=False, offset_m=(0.0, 0.0, -0.2), turret=1
    )


elevation = st.floats(-89, 89)
fans = st.builds(
    lambda low, high, beams: {"from": low, "to": high, "beams": beams},
    st.floats(-89, -1),
    st.floats(1, 89),
    st.integers(2, 128),
)


@given(
    elevations=st.lists(st.integers(-890, 890), min_size=1, max_size=40, unique=True),
    step=st.floats(0.01, 36),
)
def test_any_lidar_that_makes_sense_is_taken(
    tmp_path_factory: pytest.TempPathFactory, elevations: list[int], step: float
) -> None:
    degrees = [elevation / 10 for elevation in elevations]
    folder = tmp_path_factory.mktemp("lidar")
    model = read(folder, elevations_deg=degrees, columns=None, azimuth_step_deg=step)
    (head,) = model.heads
    np.testing.assert_allclose(head.elevations_deg, sorted(degrees))
    assert head.columns == round(360 / step)


@given(bands=st.lists(elevation | fans, max_size=4), step=st.floats(0.01, 36) | st.floats())
def test_any_beams_ascend_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, bands: list[Any], step: float
) -> None:
    folder, refused = tmp_path_factory.mktemp("lidar"), ""
    try:
        model = read(folder, elevations_deg=bands, columns=None, azimuth_step_deg=step)
    except ZeroflowError as error:
        refused = str(error)
    if refused:
        assert refused.startswith(f"lidar '{folder / 'mine.yaml'}': ")
        return
    (head,) = model.heads
    assert head.beams == sum(band["beams"] if isinstance(band, dict) else 1 for band in bands)
    assert (np.diff(head.elevations_deg) > 0).all()
    assert head.columns == round(360 / step)
    assert 10 <= head.columns <= 36_000


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": None}, "name: Field required"),
        ({"elevations_deg": None}, "elevations_deg: Field required"),
        ({"elevations_deg": 3}, "elevations_deg: a list of degrees is wanted, as"),
        ({"elevations_deg": []}, "elevations_deg: a list of degrees is wanted, as"),
        ({"elevations_deg": [3, "up"]}, r"elevations_deg\.1: .*valid number"),
        ({"elevations_deg": [-95]}, r"elevations_deg\.0: .*equal to -89"),
        ({"elevations_deg": [3, 1, 3]}, "elevations_deg: two beams at 3 degrees"),
        (
            {"elevations_deg": [{"from": 3, "to": 4, "beams": 1}]},
            r"elevations_deg\.0\.beams: .*equal to 2",
        ),
        ({"elevations_deg": [{"to": 4, "beams": 2}]}, r"elevations_deg\.0\.from: .*required"),
        ({"columns": None}, "columns: say either columns or azimuth_step_deg"),
        ({"azimuth_step_deg": 0.2}, "columns: say either columns or azimuth_step_deg"),
        ({"columns": 3}, "columns: 3 columns: 10 to 36000 can be simulated"),
        ({"columns": None, "azimuth_step_deg": 90}, "columns: 4 columns: 10 to 36000"),
        ({"field_of_view_deg": 400}, "field_of_view_deg: .*less than or equal to 360"),
        ({"offset_m": [1, 2]}, r"offset_m\.2: Field required"),
        ({"max_range_m": "far"}, "max_range_m: .*valid number"),
        ({"rate": 10}, "rate: Unexpected .*there are azimuth_step_deg, .*columns, elevations_deg"),
        (
            {"more_heads": [{"elevations_deg": [1], "columns": 2}]},
            r"more_heads\.0: 2 columns: 10 to 36000",
        ),
    ],
)
def test_a_mistake_is_told_with_file_and_field(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    path = lidar(tmp_path, **changed)
    with pytest.raises(ZeroflowError, match=rf"^lidar '{path}': {reason}") as error:
        find_sensor(str(path))
    assert "\n" not in str(error.value)


def test_what_is_no_such_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "odd.yml"
    with pytest.raises(ZeroflowError, match=r"odd.yml': no readable YAML file .*No such file"):
        find_sensor(str(path))
    for text, reason in (("just words", "fields are wanted"), ("a: [", "no readable YAML")):
        path.write_text(text)
        with pytest.raises(ZeroflowError, match=rf"^lidar '{path}': {reason}") as error:
            find_sensor(str(path))
        assert "\n" not in str(error.value)
    with pytest.raises(
        ZeroflowError, match=r"called 'mine'; .*VLP-16, .*a \.yaml file of your own"
    ):
        find_sensor("mine")


def test_three_beams_look_where_they_should_from_their_height(tmp_path: Path) -> None:
    """Raw points lie on the beams; the lower two meet the ground where trigonometry says."""
    sweep = Simulation(
        3,
        sensor=read(tmp_path, range_noise_m=0),
        scene=box_scene(0.0, 0.0),
        sensor_height_m=HEIGHT_M,
        deskewed=False,
    ).sweep(0)
    assert sweep.sensor_to_level[2, 3] == HEIGHT_M
    x, y, z = sweep.points.astype(np.float64).T
    elevation = np.degrees(np.arctan2(z, np.hypot(x, y)))
    beams = np.unique(np.round(elevation, 2))
    assert beams.tolist() == [-20.0, -10.0, 5.0]
    on_ground = sweep.class_id == ActorClass.GROUND
    for beam in (-20, -10):
        hits = on_ground & (np.round(elevation) == beam)
        assert hits.sum() > 200
        reach = HEIGHT_M / np.tan(np.radians(-beam))
        assert np.median(np.hypot(x[hits], y[hits])) == pytest.approx(reach, rel=0.03)


def test_a_limited_view_faces_to_the_left_of_ahead(tmp_path: Path) -> None:
    model = read(tmp_path, field_of_view_deg=60, facing_deg=90)
    drive = Simulation(3, sensor=model, scene=box_scene(), mounting=Mounting(), deskewed=False)
    x, y, _ = drive.sweep(0).points.T
    azimuth = np.degrees(np.arctan2(y, x))
    assert azimuth.min() == pytest.approx(60.0, abs=0.5)
    assert azimuth.max() == pytest.approx(120.0, abs=0.5)


def test_a_mounting_of_known_height_is_nearly_upright_and_looks_ahead() -> None:
    drawn = [Mounting.draw_at(Dice(seed), HEIGHT_M) for seed in range(300)]
    assert {mounting.height_m for mounting in drawn} == {HEIGHT_M}
    tilts = np.array([[mounting.roll_deg, mounting.pitch_deg] for mounting in drawn])
    assert 0.5 < tilts.std() < 0.7
    assert np.abs(tilts).max() < 1.81
    assert max(abs(mounting.yaw_deg) for mounting in drawn) < 6.01
    bodies = [mounting.vehicle for mounting in drawn if mounting.vehicle is not None]
    assert 60 < len(bodies) < 120
    # The roof is below the sensor, however high that is.
    assert max(body.boxes[0][5] for body in bodies) < HEIGHT_M


def test_the_verbs_take_a_file_and_a_height(tmp_path: Path) -> None:
    path, out = lidar(tmp_path), tmp_path / "drive"
    options = ["--sensor", str(path), "--sensor-height", str(HEIGHT_M)]
    arguments = ["simulate", str(out), *options, "--seconds", "0.1", "--json"]
    told = json.loads(CliRunner().invoke(build_app(), arguments).stdout)
    assert told["sensor"] == "three"
    with BagReader(out) as reader:
        ((_, sweep),) = reader.sweeps("/lidar/points")
    assert len(sweep) == told["points"]
    assert 300 < len(sweep) <= 1800


def test_sequences_remember_lidar_and_height(tmp_path: Path) -> None:
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    from zeroflow_training.cli import import_simulated as verb

    path, data = lidar(tmp_path), tmp_path / "data"
    app = typer.Typer()
    verb.register(app)
    arguments = [str(data), "--sequences", "1", "--sweeps", "2", "--sensor", str(path), "--json"]
    arguments += ["--sensor-height", str(HEIGHT_M)]
    told = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert len(told["imported"]) == 1
    (sequence,) = find_sequences(data)
    assert sequence.manifest.sensor == "three"
    assert sequence.manifest.sensor_height_m == HEIGHT_M
    options = SimulationOptions(1, 2, str(path), sensor_height_m=HEIGHT_M)
    import_simulated(data, summary := ImportSummary(), options)
    assert summary.finished_before == [str(sequence.folder)]
    with pytest.raises(DataError, match=r"any, three \w{8} lidar at 2.1 m.*, not of .* lidar\)"):
        import_simulated(data, ImportSummary(), SimulationOptions(1, 2, str(path)))
    lidar(tmp_path, columns=601)
    with pytest.raises(DataError, match="was made of simulated scene"):
        import_simulated(data, ImportSummary(), options)
