# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""GroundHeight: the map's raster of how high the ground is, in the frame of the city.

LOG/map/*_ground_height_surface____*.npy    heights in metres, float16 [rows, columns]
LOG/map/*___img_Sim2_city.json              R [4], t [2], s: cell = s (R xy + t)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import Points, Transform

F64 = npt.NDArray[np.float64]

RASTER, PLACEMENT = "*_ground_height_surface____*.npy", "*___img_Sim2_city.json"
NEAR_GROUND_M = 0.4


@dataclass(frozen=True)
class GroundHeight:
    """`heights` float [rows, columns], m, NaN where not known; cell (column, row) of a place xy of
    the city is `scale` * (`rotation` [2, 2] xy + `translation` [2]), rounded.
    """

    heights: npt.NDArray[np.floating[Any]]
    rotation: F64
    translation: F64
    scale: float

    def at(self, xy: F64) -> F64:
        """Height of the ground at places [N, 2], float64 [N]; NaN beyond the map."""
        cells = np.round(self.scale * (xy @ self.rotation.T + self.translation)).astype(np.int64)
        rows, columns = self.heights.shape
        inside = ((cells >= 0) & (cells < (columns, rows))).all(1)
        heights = np.full(len(xy), np.nan)
        heights[inside] = self.heights[cells[inside, 1], cells[inside, 0]]
        return heights

    def is_ground(self, points: Points, city_from_points: Transform) -> npt.NDArray[np.bool_]:
        """Points [N, 3] within NEAR_GROUND_M of the surface, or below it: bool [N].

        Beyond the map nothing is. As ZeroFlow has it, in double precision too: its pseudo-labels
        count the points that are left.
        """
        known = np.isfinite(points).all(1)
        places = points.astype(np.float64) @ city_from_points[:3, :3].T + city_from_points[:3, 3]
        above = np.full(len(points), np.nan)
        above[known] = places[known, 2] - self.at(places[known, :2])
        return np.asarray(above <= NEAR_GROUND_M)


def read_ground_height(raster: Path) -> GroundHeight:
    """A raster with the placement beside it. Raises DataError for what is damaged or missing."""
    placement = next(raster.parent.glob(PLACEMENT), None)
    if placement is None:
        raise DataError(f"'{raster.parent}' has no {PLACEMENT} to place '{raster.name}' by")
    try:
        heights = np.load(raster, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"'{raster}' is damaged: get it again") from error
    if heights.ndim != 2 or heights.dtype.kind != "f":
        raise DataError(f"'{raster}' holds {heights.dtype} {heights.shape}, no map of heights")
    return GroundHeight(heights, *_read_placement(placement))


def _read_placement(path: Path) -> tuple[F64, F64, float]:
    try:
        values = json.loads(path.read_bytes())
        rotation = np.array(values["R"], np.float64).reshape(2, 2)
        translation = np.array(values["t"], np.float64).reshape(2)
        return rotation, translation, float(values["s"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"'{path}' does not hold R, t and s of a map's placement: get it again"
        ) from error
