# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Log: one drive of Argoverse 2, its sweeps and the poses of the vehicle.

LOG/sensors/lidar/TIMESTAMP_NS.feather    x y z (m, vehicle frame), intensity ...
LOG/city_SE3_egovehicle.feather           timestamp_ns, qw qx qy qz, tx_m ty_m tz_m
LOG/map/                                  see ground_height.py
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import Transform, from_quaternion
from zeroflow_ros.sweep import PosedSweep, Sweep
from zeroflow_training.sources.argoverse2.feather import FLOAT, INTEGER, read_columns

FRAME = "egovehicle"
POINTS = {"x": FLOAT, "y": FLOAT, "z": FLOAT}
EXTRAS = {"intensity": INTEGER, "laser_number": INTEGER, "offset_ns": INTEGER}
TRANSLATION, QUATERNION = ("tx_m", "ty_m", "tz_m"), ("qx", "qy", "qz", "qw")
POSES = {"timestamp_ns": INTEGER, **dict.fromkeys((*TRANSLATION, *QUATERNION), FLOAT)}
DEPTH = 4  # of a log below the root of a download, as av2/sensor/train/LOG


class Log:
    """Sweeps come by number, 0 being the earliest; files are read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        """Raises DataError for sweeps that are not named after their time."""
        self.folder, self.name = folder, folder.name
        files = list((folder / "sensors" / "lidar").glob("*.feather"))
        odd = [file for file in files if not file.stem.isdecimal()]
        if odd:
            raise DataError(f"'{odd[0]}' is not named TIMESTAMP_NS.feather: remove it")
        self._files = sorted(files, key=lambda file: int(file.stem))
        self.stamps_ns = [int(file.stem) for file in self._files]
        if not files:
            raise DataError(f"'{folder / 'sensors' / 'lidar'}' has no sweeps: get the log again")

    def __len__(self) -> int:
        return len(self.stamps_ns)

    def sweep(self, number: int) -> PosedSweep:
        """Points as if measured at the stamp, frame of the vehicle; its pose in the city.

        Raises DataError for a damaged file and for a stamp that has no pose.
        """
        columns = read_columns(self._files[number], POINTS | EXTRAS)
        points = np.column_stack([columns[axis] for axis in POINTS]).astype(np.float32)
        extras = {name: columns[name] for name in EXTRAS}
        sweep = Sweep(points, self.stamps_ns[number], FRAME, extras)
        return PosedSweep(sweep, self.pose(number))

    def pose(self, number: int) -> Transform:
        """City <- vehicle [4, 4] at a sweep's stamp. Raises DataError where there is none."""
        stamp_ns = self.stamps_ns[number]
        if stamp_ns not in self._poses:
            raise DataError(
                f"'{self._poses_file}' has no pose at {stamp_ns}, the stamp of "
                f"'{self._files[number]}': get the log again"
            )
        return self._poses[stamp_ns]

    @property
    def _poses_file(self) -> Path:
        return self.folder / "city_SE3_egovehicle.feather"

    @cached_property
    def _poses(self) -> dict[int, Transform]:
        """By stamp; only those of sweeps, of several thousand that there are."""
        columns = read_columns(self._poses_file, POSES)
        rows = np.flatnonzero(np.isin(columns["timestamp_ns"], self.stamps_ns))
        translations = np.column_stack([columns[name][rows] for name in TRANSLATION])
        quaternions = np.column_stack([columns[name][rows] for name in QUATERNION])
        stamps = columns["timestamp_ns"][rows].tolist()
        try:
            return {
                stamp: from_quaternion(*pose)
                for stamp, *pose in zip(stamps, translations, quaternions, strict=True)
            }
        except ValueError as error:
            raise DataError(f"'{self._poses_file}': {error}: get it again") from error


def find_logs(root: Path) -> list[Path]:
    """Folders of logs, by name: `root` itself, or those in a split or in the whole download.

    Absolute, for '.' says no name. Raises DataError where there is none.
    """
    root = root.resolve()
    for depth in range(DEPTH + 1):
        found = root.glob("/".join([*["*"] * depth, "sensors/lidar"]))
        if logs := [path.parents[1] for path in found if path.is_dir()]:
            return sorted(logs, key=lambda log: log.name)
    raise DataError(
        f"'{root}' has no Argoverse 2 log in it: give the folder of a log "
        "(the one that holds 'sensors/lidar'), of a split, or of the download"
    )
