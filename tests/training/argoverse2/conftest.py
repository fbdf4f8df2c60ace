# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A tiny log in the official layout of Argoverse 2, with its labels in both official forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

F64 = npt.NDArray[np.float64]
NAME = "00a6ffc1-6ce9-3bc3-a060-6006e9893a1a"
STAMPS_NS = [315967376859506000 + k * 100_000_000 for k in range(4)]
YAW, SPEED = 0.7, 8.0  # of the vehicle in the city
CITY = np.array([1500.0, -700.0, -24.0])
GROUND_M, CAR_SPEED = -0.3, 5.0  # below the vehicle's frame; the car drives along the city's x
CELLS_PER_M = 10 / 3
GROUND_POINTS = 8000


class Log:
    """Writes the files of one log below a folder, and knows what is true of it."""

    def __init__(self, split: Path) -> None:
        self.split, self.folder = split, split / NAME
        self.rotation = np.array(
            [[np.cos(YAW), -np.sin(YAW), 0], [np.sin(YAW), np.cos(YAW), 0], [0, 0, 1]]
        )

    def position(self, k: int) -> F64:
        return CITY + self.rotation @ np.array([SPEED * 0.1 * k, 0, 0])

    def points(self, k: int) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.bool_]]:
        """Rows of sweep k, and which are on the car."""
        rng = np.random.default_rng(k)
        radius, angle = rng.uniform(2, 70, GROUND_POINTS), rng.uniform(0, 2 * np.pi, GROUND_POINTS)
        ground = np.column_stack(
            [radius * np.cos(angle), radius * np.sin(angle), np.full(GROUND_POINTS, GROUND_M)]
        )
        wall = np.column_stack(
            [rng.uniform(-60, 60, 600), np.full(600, 9.0), rng.uniform(1, 4, 600)]
        )
        car = rng.uniform([-2, -1, 0.3], [2, 1, 1.5], (200, 3)) + [12.0, -4.0, 0.0]
        car += self.rotation.T @ np.array([CAR_SPEED * 0.1 * k, 0, 0]) - [SPEED * 0.1 * k, 0, 0]
        points = np.concatenate([ground, wall, car])
        order = rng.permutation(len(points))
        return points[order].astype(np.float16), order >= GROUND_POINTS + 600

    def write(self, *, raster: bool = True, archive: bool = True) -> Path:
        for k, stamp in enumerate(STAMPS_NS):
            points, _ = self.points(k)
            self.feather(
                f"sensors/lidar/{stamp}.feather",
                x=points[:, 0],
                y=points[:, 1],
                z=points[:, 2],
                intensity=np.full(len(points), 7, np.uint8),
                laser_number=(np.arange(len(points)) % 64).astype(np.uint8),
                offset_ns=np.linspace(0, 1e8, len(points)).astype(np.int32),
            )
        self.write_poses(range(-1, len(STAMPS_NS) + 1))
        if raster:
            self.write_raster()
        if archive:
            self.write_archive()
        return self.folder

    def write_poses(self, numbers: Any) -> None:
        at = np.array([self.position(k) for k in numbers])
        ones = np.ones(len(at))
        self.feather(
            "city_SE3_egovehicle.feather",
            timestamp_ns=np.array([STAMPS_NS[0] + k * 100_000_000 for k in numbers], np.int64),
            qw=np.cos(YAW / 2) * ones,
            qx=0 * ones,
            qy=0 * ones,
            qz=np.sin(YAW / 2) * ones,
            tx_m=at[:, 0],
            ty_m=at[:, 1],
            tz_m=at[:, 2],
        )

    def write_raster(self) -> None:
        corner = CITY[:2] - 50
        size = int(100 * CELLS_PER_M)
        heights = np.full((size, size), CITY[2] + GROUND_M, np.float16)
        heights[:40] = np.nan
        folder = self.folder / "map"
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"{NAME}_ground_height_surface____PIT.npy", heights)
        placement = {"R": [1.0, 0.0, 0.0, 1.0], "t": (-corner).tolist(), "s": CELLS_PER_M}
        (folder / f"{NAME}___img_Sim2_city.json").write_text(json.dumps(placement))

    def write_archive(self) -> None:
        low, high = CITY[:2] - 30, CITY[:2] + 30
        outline = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
        area = [{"x": x, "y": y, "z": CITY[2] + GROUND_M} for x, y in outline]
        areas = {"drivable_areas": {"1": {"id": 1, "area_boundary": area}}}
        folder = self.folder / "map"
        folder.mkdir(parents=True, exist_ok=True)
        areas |= {"lane_segments": {}, "pedestrian_crossings": {}}
        (folder / f"log_map_archive_{NAME}____PIT_city_71741.json").write_text(json.dumps(areas))

    def residual(self, k: int) -> F64:
        """True flow of sweep k towards the next, [N, 3], without ego motion."""
        _, car = self.points(k)
        moved = self.rotation.T @ np.array([CAR_SPEED * 0.1, 0, 0])
        return np.where(car[:, None], moved, 0.0)

    def write_flow_2024(self, root: Path, k: int, name: str = "") -> Path:
        """As BucketedSceneFlowEval writes it: without ego motion, -1 for the background."""
        _, car = self.points(k)
        flow = self.residual(k).astype(np.float32)
        columns = {f"flow_t{axis}_m": flow[:, i] for i, axis in enumerate("xyz")}
        return self.feather(
            root / NAME / f"{name or STAMPS_NS[k]}.feather",
            **columns,
            is_valid=np.arange(len(flow)) % 10 > 0,
            classes_0=np.where(car, 18, -1).astype(np.int8),
        )

    def write_flow_2023(self, root: Path, k: int) -> Path:
        """As the av2 package has it: with ego motion, half precision, 0 for the background."""
        points, car = self.points(k)
        moved = points.astype(np.float64) + self.residual(k) - [SPEED * 0.1, 0, 0]
        flow = (moved - points.astype(np.float64)).astype(np.float16)
        columns = {f"flow_t{axis}_m": flow[:, i] for i, axis in enumerate("xyz")}
        return self.feather(
            root / NAME / f"{STAMPS_NS[k]}.feather",
            **columns,
            category_indices=np.where(car, 19, 0).astype(np.uint8),
            is_close=np.ones(len(flow), bool),
            is_dynamic=car,
            is_valid=np.ones(len(flow), bool),
        )

    def write_pseudo_labels(self, folder: Path, k: int, is_ground: npt.NDArray[np.bool_]) -> Path:
        """As ZeroFlow wrote them: of the points above the ground and in its box."""
        points, _ = self.points(k)
        above = points[~is_ground].astype(np.float32)
        inside = np.flatnonzero((np.abs(above) < (51.2, 51.2, 3.0)).all(1))
        flow = self.residual(k)[~is_ground][inside].astype(np.float32)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{700 + k:010d}_000.npz"
        np.savez(path, flow=flow[None], valid_idxes=inside, delta_time=20.0)
        return path

    def feather(self, name: str | Path, **columns: npt.NDArray[Any]) -> Path:
        import pyarrow as pa
        from pyarrow import feather

        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        feather.write_feather(pa.table(columns), path)
        return path


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log in a split, not written yet."""
    pytest.importorskip("pyarrow", reason="pip install 'zeroflow_ros[training]'")
    pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")
    return Log(tmp_path / "av2" / "sensor" / "val")
