# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Drivable areas: where a log has no raster of the ground's height, one from its road polygons.

As ZeroFlow made them for the lidar data set: each cell is as high as the mean of the nearest
vertices, in the areas and a little beyond them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.errors import DataError
from zeroflow_training.sources.argoverse2.ground_height import F64, GroundHeight

ARCHIVE = "log_map_archive_*.json"
CELLS_PER_M = 10 / 3
BEYOND_M = 5.0
NEIGHBOURS = 20
_NOTHING = "holds no drivable_areas with area_boundary: get it again"


def read_drivable_areas(archive: Path) -> list[F64]:
    """Vertices [K, 3] of each polygon of a map, metres, frame of the city; at least one polygon.

    Raises DataError for a damaged file.
    """
    try:
        areas = json.loads(archive.read_bytes())["drivable_areas"].values()
        polygons = [
            np.array([[p["x"], p["y"], p["z"]] for p in area["area_boundary"]], np.float64)
            for area in areas
        ]
        polygons = [polygon for polygon in polygons if len(polygon) > 2]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"'{archive}' {_NOTHING}") from error
    if not polygons:
        raise DataError(f"'{archive}' {_NOTHING}")
    return polygons


def ground_of_areas(polygons: list[F64]) -> GroundHeight:
    """Raster of the ground's height in and around polygons, one or more of [K, 3]."""
    from scipy.ndimage import distance_transform_edt
    from scipy.spatial import cKDTree

    vertices = np.concatenate(polygons)
    corner = vertices[:, :2].min(0) - BEYOND_M
    columns, rows = np.ceil((np.ptp(vertices[:, :2], axis=0) + 2 * BEYOND_M) * CELLS_PER_M) + 1
    inside = np.zeros((int(rows), int(columns)), bool)
    for polygon in polygons:
        _fill(inside, (polygon[:, :2] - corner) * CELLS_PER_M)
    cells = np.round((vertices[:, :2] - corner) * CELLS_PER_M).astype(int)
    inside[cells[:, 1], cells[:, 0]] = True  # of areas narrower than a cell
    near = distance_transform_edt(~inside) <= BEYOND_M * CELLS_PER_M
    where = np.argwhere(near)
    neighbours = min(NEIGHBOURS, len(vertices))
    _, nearest = cKDTree(vertices[:, :2]).query(where[:, ::-1] / CELLS_PER_M + corner, neighbours)
    heights = np.full(near.shape, np.nan, np.float32)
    heights[near] = vertices[nearest, 2].reshape(len(where), -1).mean(1)
    return GroundHeight(heights, np.eye(2), -corner, CELLS_PER_M)


def _fill(mask: npt.NDArray[np.bool_], polygon: F64) -> None:
    """Set the cells (row, column) of `mask` whose middle is in a polygon [K, 2], in cells."""
    from matplotlib.path import Path as Outline

    low = np.floor(polygon.min(0)).astype(int)
    high = np.ceil(polygon.max(0)).astype(int) + 1
    rows, columns = np.mgrid[low[1] : high[1], low[0] : high[0]]
    cells = np.column_stack([columns.ravel(), rows.ravel()])
    found = Outline(polygon).contains_points(cells).reshape(rows.shape)
    mask[low[1] : high[1], low[0] : high[0]] |= found
