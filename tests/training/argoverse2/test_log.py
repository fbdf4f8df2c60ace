# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading a log: what the files say, and one line for files that do not say it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pyarrow", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.errors import DataError
from zeroflow_training.sources.argoverse2.drivable_area import (
    ground_of_areas,
    read_drivable_areas,
)
from zeroflow_training.sources.argoverse2.feather import FLOAT, INTEGER, read_columns
from zeroflow_training.sources.argoverse2.ground_height import read_ground_height
from zeroflow_training.sources.argoverse2.log import Log, find_logs


def test_sweeps_and_poses_are_those_of_the_files(log) -> None:
    read = Log(log.write())
    assert len(read) == 4
    posed = read.sweep(2)
    points, _ = log.points(2)
    assert posed.sweep.points.dtype == np.float32
    np.testing.assert_array_equal(posed.sweep.points, points.astype(np.float32))
    assert posed.sweep.stamp_ns == 315967376859506000 + 200_000_000
    assert posed.sweep.frame_id == "egovehicle"
    kinds = {name: column.dtype for name, column in posed.sweep.extras.items()}
    assert kinds == {"intensity": np.uint8, "laser_number": np.uint8, "offset_ns": np.int32}
    np.testing.assert_allclose(posed.pose[:3, :3], log.rotation, atol=1e-12)
    np.testing.assert_allclose(posed.pose[:3, 3], log.position(2), atol=1e-9)


def test_a_log_is_found_from_wherever_one_points(log, tmp_path) -> None:
    folder = log.write()
    for root in (folder, folder.parent, folder.parents[1], folder.parents[2], tmp_path):
        assert find_logs(root) == [folder]
    with pytest.raises(DataError, match="has no Argoverse 2 log in it: give the folder of a log"):
        find_logs(folder / "map")


def test_a_relative_folder_has_the_name_of_its_log(log, tmp_path, monkeypatch) -> None:
    folder = log.write()
    monkeypatch.chdir(folder)
    for root in (".", "..", "../..", "map/.."):
        assert [Log(found).name for found in find_logs(Path(root))] == [folder.name]


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("z", None, r"no column 'z', it has x, y, intensity, laser_number, offset_ns"),
        ("z", np.zeros(9, np.int32), "column 'z' holds int32, not floating-point numbers"),
        ("intensity", np.zeros(9, np.float32), "column 'intensity' holds float, not whole"),
        ("x", [None, *[0.0] * 8], "column 'x' has 1 gaps"),
    ],
)
def test_a_wrong_column_is_named(log, column, values, reason) -> None:
    columns = {name: np.zeros(9, np.float16) for name in "xyz"}
    columns |= {name: np.zeros(9, np.int32) for name in ("intensity", "laser_number", "offset_ns")}
    columns[column] = values
    log.write()
    path = log.feather(
        "sensors/lidar/315967376859506000.feather",
        **{name: column for name, column in columns.items() if column is not None},
    )
    with pytest.raises(DataError, match=reason) as error:
        Log(log.folder).sweep(0)
    assert str(path) in str(error.value)


def test_what_is_missing_is_named(log) -> None:
    log.write()
    (log.folder / "city_SE3_egovehicle.feather").unlink()
    with pytest.raises(DataError, match=r"city_SE3_egovehicle.feather' is missing: get the log"):
        Log(log.folder).sweep(0)
    log.write_poses([0, 1, 3])
    assert Log(log.folder).sweep(1).pose.shape == (4, 4)
    with pytest.raises(
        DataError,
        match=r"city_SE3_egovehicle.feather' has no pose at 315967377059506000, the stamp of '.*/"
        r"315967377059506000.feather'",
    ):
        Log(log.folder).sweep(2)
    (log.folder / "sensors/lidar/notes.feather").write_text("")
    with pytest.raises(DataError, match=r"notes.feather' is not named TIMESTAMP_NS"):
        Log(log.folder)
    for file in (log.folder / "sensors/lidar").iterdir():
        file.unlink()
    with pytest.raises(DataError, match=r"sensors/lidar' has no sweeps"):
        Log(log.folder)


def test_a_pose_without_direction_is_refused(log) -> None:
    log.write()
    zeros = {name: np.zeros(4) for name in ("qw", "qx", "qy", "qz", "tx_m", "ty_m", "tz_m")}
    stamps = np.array(Log(log.folder).stamps_ns, np.int64)
    log.feather("city_SE3_egovehicle.feather", timestamp_ns=stamps, **zeros)
    with pytest.raises(DataError, match=r"egovehicle.feather': quaternion .* has no direction"):
        Log(log.folder).sweep(0)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(kept=st.floats(0, 1, exclude_max=True))
def test_a_truncated_feather_is_refused_wherever_it_ends(log, kept: float) -> None:
    path = log.feather("cut.feather", x=np.linspace(0, 1, 500), k=np.arange(500))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(DataError, match=r"cut.feather' is damaged or no Feather file"):
        read_columns(path, {"x": FLOAT, "k": INTEGER})


def test_the_raster_tells_the_ground(log) -> None:
    log.write()
    ground = read_ground_height(next((log.folder / "map").glob("*.npy")))
    posed = Log(log.folder).sweep(1)
    points = posed.sweep.points
    places = points @ log.rotation.T + log.position(1)
    column, row = ((places[:, :2] - (log.position(0)[:2] - 50)) / 0.3).round().astype(int).T
    known = (column >= 0) & (column < 333) & (row >= 40) & (row < 333)
    found = ground.is_ground(points, posed.pose)
    low = points[:, 2] < 0.1 - 0.02  # of the vehicle's frame: 0.4 m above the road
    assert 0.5 < known.mean() < 0.9
    np.testing.assert_array_equal(found[low], known[low])
    assert not found[points[:, 2] > 0.1 + 0.02].any()
    below = np.array([[0, 0, -5], [np.nan, 0, 0]], np.float32)
    assert ground.is_ground(below, posed.pose).tolist() == [True, False]


def test_a_damaged_map_is_named(log) -> None:
    log.write()
    raster = next((log.folder / "map").glob("*.npy"))
    placement = next((log.folder / "map").glob("*img_Sim2_city.json"))
    for text in ("{}", "no json", '{"R": [1, 0], "t": [0, 0], "s": 1}'):
        placement.write_text(text)
        with pytest.raises(DataError, match=r"img_Sim2_city.json' does not hold R, t and s"):
            read_ground_height(raster)
    placement.unlink()
    with pytest.raises(DataError, match=r"map' has no \*___img_Sim2_city.json to place"):
        read_ground_height(raster)
    log.write_raster()
    raster.write_bytes(raster.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"ground_height_surface____PIT.npy' is damaged"):
        read_ground_height(raster)
    np.save(raster, np.zeros(3))
    with pytest.raises(DataError, match=r"holds float64 \(3,\), no map of heights"):
        read_ground_height(raster)


def test_drivable_areas_stand_in_for_the_raster(log) -> None:
    log.write()
    archive = next((log.folder / "map").glob("log_map_archive_*.json"))
    (polygon,) = read_drivable_areas(archive)
    assert polygon.shape == (4, 3)
    slope = polygon + np.array([[0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 0, 3]])
    ground = ground_of_areas([slope])
    middle = polygon[:, :2].mean(0)
    # Of fewer than twenty vertices every cell gets the mean of all.
    np.testing.assert_allclose(ground.at(middle[None]), slope[:, 2].mean(), atol=1e-5)
    edge = middle + [[34.5, 0], [35.5, 0], [0, -34.5], [0, -35.5], [1e4, 0]]
    assert np.isfinite(ground.at(edge)).tolist() == [True, False, True, False, False]
    for content in ({}, {"drivable_areas": {"1": {"id": 1}}}, {"drivable_areas": {}}):
        archive.write_text(json.dumps(content))
        with pytest.raises(DataError, match="holds no drivable_areas with area_boundary"):
            read_drivable_areas(archive)


def test_near_cells_are_as_high_as_the_nearest_vertices() -> None:
    xs = np.linspace(0, 200, 201)
    north = np.column_stack([xs, np.full(201, 8.0), 0.05 * xs])
    south = np.column_stack([xs[::-1], np.zeros(201), 0.05 * xs[::-1]])
    ground = ground_of_areas([np.concatenate([north, south])])
    places = np.array([[50.0, 4.0], [120.0, 4.0], [180.0, -3.0]])
    np.testing.assert_allclose(ground.at(places), 0.05 * places[:, 0], atol=0.05)


def test_the_official_readers_say_the_same(log, av2_readers) -> None:
    sweep_of, map_api, io = av2_readers.sweep.Sweep, av2_readers.map_api, av2_readers.io
    one = np.ones(2)
    log.write()
    log.feather(
        "calibration/egovehicle_SE3_sensor.feather",
        sensor_name=np.array(["up_lidar", "down_lidar"]),
        **dict.fromkeys(("qw", "qx", "qy", "qz", "tx_m", "ty_m", "tz_m"), one),
    )
    read = Log(log.folder)
    for number, stamp in enumerate(read.stamps_ns):
        posed = read.sweep(number)
        official = sweep_of.from_feather(log.folder / f"sensors/lidar/{stamp}.feather")
        np.testing.assert_array_equal(posed.sweep.points, official.xyz.astype(np.float32))
        np.testing.assert_array_equal(posed.sweep.extras["offset_ns"], official.offset_ns)
        pose = io.read_city_SE3_ego(log.folder)[stamp]
        np.testing.assert_allclose(posed.pose, pose.transform_matrix, atol=1e-9)
    raster = map_api.GroundHeightLayer.from_file(log.folder / "map")
    ours = read_ground_height(next((log.folder / "map").glob("*.npy")))
    cells = np.argwhere(np.isfinite(ours.heights[5:-5, 5:-5]))[::97, ::-1] + 5
    places = cells / (10 / 3) + log.position(0)[:2] - 50
    # Theirs cuts off where ZeroFlow's and ours round: the middle of a cell is the same for both.
    theirs = raster.get_ground_height_at_xy(places + 0.05)
    np.testing.assert_allclose(ours.at(places), theirs)
    areas = map_api.ArgoverseStaticMap.from_json(
        next((log.folder / "map").glob("log_map_archive_*.json"))
    ).vector_drivable_areas
    (polygon,) = read_drivable_areas(next((log.folder / "map").glob("log_map_archive_*.json")))
    np.testing.assert_allclose(next(iter(areas.values())).xyz[:-1], polygon)
