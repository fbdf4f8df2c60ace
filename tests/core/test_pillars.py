# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pillar features against a reference that loops over points and cells."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zeroflow_ros.geometry import Points, from_roll_pitch_yaw, transform_points
from zeroflow_ros.pillars import (
    FEATURE_NAMES,
    FEATURES,
    SLICE_EDGES_M,
    STATISTICS,
    GridPoints,
    PillarGrid,
)

GRID = PillarGrid(range_m=4.0, cell_m=0.5, z_min_m=-1.0, z_max_m=3.0)
CENTIMETRES = st.integers(-450, 450)
POINTS = st.lists(
    st.tuples(CENTIMETRES, CENTIMETRES, st.integers(-130, 330)), min_size=0, max_size=60
).map(lambda rows: np.array(rows, np.float32).reshape(-1, 3) / np.float32(100))


def number_of(i: int, j: int) -> int:
    """Of pillar (i, j) of the 16 x 16: blocks of 2 x 2 row by row, then inside the block."""
    return 4 * (8 * (i // 2) + j // 2) + 2 * (i % 2) + j % 2


def reference(points: Points) -> dict[tuple[int, int], dict[str, float]]:
    """Statistics by name of each (pillar, quarter), in float64 and without any cleverness."""
    groups: dict[tuple[int, int], list[tuple[float, float, float]]] = {}
    for x, y, z in points.astype(np.float64):
        if not (-4 <= x < 4 and -4 <= y < 4 and -1 <= z < 3):
            continue
        i, j = int((x + 4) / 0.5), int((y + 4) / 0.5)
        # Offset from the pillar's centre, in cells.
        u, v = (x + 4) / 0.5 - i - 0.5, (y + 4) / 0.5 - j - 0.5
        groups.setdefault((number_of(i, j), 2 * (u >= 0) + (v >= 0)), []).append((u, v, z))
    result = {}
    for key, members in groups.items():
        u, v, z = np.array(members).T
        result[key] = {
            "log_count": 0.5 * np.log(1 + len(z)),
            "mean_offset_x": u.mean(),
            "mean_offset_y": v.mean(),
            "mean_height": 0.5 * z.mean(),
            "min_height": 0.5 * z.min(),
            "max_height": 0.5 * z.max(),
            "log_count_low": 0.5 * np.log(1 + ((z > 0.3) & (z <= 0.9)).sum()),
            "log_count_middle": 0.5 * np.log(1 + ((z > 0.9) & (z <= 1.7)).sum()),
            "log_count_high": 0.5 * np.log(1 + (z > 1.7).sum()),
        }
    return result


def unambiguous(points: Points) -> Points:
    """Without points that float32 may put on either side of an edge; edges have their own tests."""
    halves = np.abs((points[:, :2] * 4) % 1 - 0.5) < 0.49  # quarters are 0.25 m
    heights = np.array([-1, *SLICE_EDGES_M, 3])
    clear = (np.abs(points[:, 2:] - heights) > 1e-4).all(1)
    return points[halves.all(1) & clear]


@settings(deadline=None)
@given(POINTS)
def test_features_equal_the_reference(points: Points) -> None:
    points = unambiguous(points)
    features, index = GRID.features([GRID.locate(points)])
    expected = reference(points)
    assert features.dtype == np.float32
    assert index.dtype == np.int32
    assert index.tolist() == sorted({pillar for pillar, _ in expected})
    for row, pillar in enumerate(index):
        for quarter in range(4):
            wanted = expected.get((pillar, quarter), dict.fromkeys(STATISTICS, 0.0))
            for name, value in wanted.items():
                column = FEATURE_NAMES.index(f"{name}_{quarter}")
                assert features[row, column] == pytest.approx(value, abs=2e-5), (name, quarter)


@settings(deadline=None)
@given(POINTS)
def test_each_located_point_lies_where_it_is_said_to_be(points: Points) -> None:
    located = GRID.locate(points)
    assert (np.diff(located.rows) > 0).all()
    assert located.cell.dtype == np.int32
    assert ((located.cell >= 0) & (located.cell < GRID.size**2)).all()
    assert ((located.offset[:, :2] >= -0.5) & (located.offset[:, :2] < 0.5)).all()
    found = GRID.points(located.cell, located.offset)
    np.testing.assert_allclose(found, points[located.rows], atol=1e-5)
    outside = np.setdiff1d(np.arange(len(points)), located.rows)
    reach = np.abs(points[outside, :2]).max(1, initial=0)
    height = points[outside, 2]
    assert ((reach >= 4) | (height < -1) | (height >= 3)).all()


@settings(deadline=None)
@given(POINTS)
def test_order_of_the_points_does_not_matter(points: Points) -> None:
    shuffled = np.random.default_rng(len(points)).permutation(points)
    features, index = GRID.features([GRID.locate(points)])
    again, same_index = GRID.features([GRID.locate(shuffled)])
    np.testing.assert_array_equal(index, same_index)
    np.testing.assert_allclose(features, again, atol=1e-6)


def test_borders() -> None:
    below = np.nextafter(np.float32(4), np.float32(0))
    points = np.array(
        [
            [-4, -4, 0],  # the lower edges belong to the grid
            [4, 0, 0],  # the upper do not
            [0, 4, 0],
            [below, below, 0],
            [0, 0, -1],
            [0, 0, 3],
            [0, 0, np.nextafter(np.float32(3), np.float32(0))],
            [np.nextafter(np.float32(-4), np.float32(-5)), 0, 0],
        ],
        np.float32,
    )
    located = GRID.locate(points)
    assert {0, 4, 6} <= set(located.rows.tolist()) <= {0, 3, 4, 6}
    assert located.cell[0] == 0
    assert located.quarter[0] == 0
    middle = located.rows.tolist().index(4)
    assert located.cell[middle] == number_of(8, 8)  # 0 is the lower edge of pillar 8
    assert (located.cell < 256).all()


def test_slices_are_open_below_and_closed_above() -> None:
    heights = np.array([0.25, 0.5, 0.9, 1.7, 1.75], np.float32)
    points = np.column_stack([np.full((5, 2), 0.1), heights]).astype(np.float32)
    features, _ = GRID.features([GRID.locate(points)])
    counts = {
        name: round(np.expm1(2 * features[0, FEATURE_NAMES.index(f"log_count_{name}_0")]))
        for name in ("low", "middle", "high")
    }
    assert counts == {"low": 2, "middle": 1, "high": 1}


@pytest.mark.parametrize("count", [1, 2, 254, 255, 256, 1000])
def test_logarithms_of_counts_are_the_same_from_table_and_beyond(count: int) -> None:
    points = np.full((count, 3), 0.1, np.float32)
    features, _ = GRID.features([GRID.locate(points)])
    found = features[0, [FEATURE_NAMES.index(f"log_count_{quarter}") for quarter in range(4)]]
    assert sorted(found)[-1] == np.float32(0.5) * np.log1p(np.float32(count))
    assert np.count_nonzero(found) == 1


def test_rows_that_are_no_numbers_drop_out_silently() -> None:
    bad: list[Any] = [np.nan, np.inf, -np.inf, np.finfo(np.float32).max, -np.finfo(np.float32).max]
    points = np.zeros((1 + 3 * len(bad), 3), np.float32)
    for k, value in enumerate(bad):
        for axis in range(3):
            points[1 + 3 * k + axis, axis] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        located = GRID.locate(points)
    assert located.rows.tolist() == [0]


def test_located_after_a_transform() -> None:
    points = np.random.default_rng(0).uniform(-5, 5, (500, 3)).astype(np.float32)
    transform = from_roll_pitch_yaw((0.3, -0.2, 0.5), 0.02, -0.03, 0.7)
    found, expected = (
        GRID.locate(points, transform),
        GRID.locate(transform_points(transform, points)),
    )
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_allclose(
        GRID.points(found.cell, found.offset),
        GRID.points(expected.cell, expected.offset),
        atol=1e-5,
    )


def test_sweeps_follow_one_another() -> None:
    rng = np.random.default_rng(0)
    sweeps = [GRID.locate(rng.uniform(-4, 4, (n, 3)).astype(np.float32)) for n in (200, 0, 90)]
    with ThreadPoolExecutor(2) as workers:
        features, index = GRID.features(sweeps, workers.map)
    alone = [GRID.features([sweep]) for sweep in sweeps]
    np.testing.assert_array_equal(features, np.concatenate([own for own, _ in alone]))
    shifted = [own + k * GRID.size**2 for k, (_, own) in enumerate(alone)]
    np.testing.assert_array_equal(index, np.concatenate(shifted))
    assert index.dtype == np.int32


def test_nothing_in_the_grid() -> None:
    for points in (np.empty((0, 3), np.float32), np.full((5, 3), np.nan, np.float32)):
        located = GRID.locate(points)
        features, index = GRID.features([located])
        assert features.shape == (0, FEATURES)
        assert index.shape == (0,)
        assert located.offset.shape == (0, 3)


def test_select_keeps_columns_together() -> None:
    points = np.random.default_rng(0).uniform(-4, 4, (50, 3)).astype(np.float32)
    located = GRID.locate(points)
    keep = located.cell % 2 == 0
    chosen = located.select(keep)
    assert isinstance(chosen, GridPoints)
    again = GRID.locate(points[located.rows[keep]])
    np.testing.assert_array_equal(chosen.cell, again.cell)
    np.testing.assert_array_equal(chosen.offset, again.offset)
    np.testing.assert_array_equal(chosen.quarter, again.quarter)
    np.testing.assert_array_equal(chosen.rows, located.rows[keep])


def test_feature_names_are_quarter_by_quarter() -> None:
    assert FEATURES == 36
    assert FEATURE_NAMES[0] == "log_count_0"
    assert FEATURE_NAMES[9] == "log_count_1"
    assert len(set(FEATURE_NAMES)) == FEATURES


@pytest.mark.parametrize(
    "bad",
    [
        {"range_m": 4.1},
        {"range_m": 0.0},
        {"range_m": -4.0},
        {"range_m": np.nan},
        {"range_m": np.inf},
        {"cell_m": 0.0},
        {"cell_m": -0.5},
        {"cell_m": 8 / 15},  # an odd number of pillars
        {"cell_m": np.nan},
        {"z_min_m": 3.0},
        {"z_max_m": np.nan},
    ],
)
def test_impossible_grids_are_refused(bad: dict[str, float]) -> None:
    sizes = {"range_m": 4.0, "cell_m": 0.5, "z_min_m": -1.0, "z_max_m": 3.0, **bad}
    with pytest.raises(ValueError, match=r"grid|height|blocks"):
        PillarGrid(**sizes)
