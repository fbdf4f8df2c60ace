# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""When points were measured, in the many ways of drivers to say so."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeroflow_ros.point_times import TIME_FIELDS, point_times
from zeroflow_ros.sweep import Sweep

STAMP_NS = 1_700_000_000_123_456_789
SECONDS = np.linspace(0.0, 0.1, 500)


def sweep(column: npt.NDArray[Any], name: str = "t", stamp_ns: int = STAMP_NS) -> Sweep:
    return Sweep(np.ones((len(column), 3), np.float32), stamp_ns, extras={name: column})


def epoch(dtype: str, unit: float) -> npt.NDArray[Any]:
    """Times of an epoch, without rounding on the way."""
    ticks = (STAMP_NS + np.rint(SECONDS * 1e9).astype(np.int64)).astype(object)
    return np.array([tick * unit * 1e9 if unit > 1e-9 else tick for tick in ticks]).astype(dtype)


DRIVERS = {
    "Velodyne": ("time", SECONDS.astype("f4"), 0.0),
    "Velodyne, stamp at the end": ("time", (SECONDS - 0.1).astype("f4"), -0.1),
    "Ouster": ("t", (SECONDS * 1e9).astype("u4"), 0.0),
    "Livox": ("offset_time", (SECONDS * 1e9).astype("u4"), 0.0),
    "Livox 2": ("timestamp", epoch("f8", 1e-9), 0.0),
    "Hesai, Robosense": ("timestamp", STAMP_NS * 1e-9 + SECONDS, 0.0),
    "whole microseconds": ("time_stamp", (SECONDS * 1e6).astype("u4"), 0.0),
    "milliseconds": ("timestamp", (SECONDS * 1e3).astype("f4"), 0.0),
    "epoch in ns": ("timestamp", epoch("u8", 1e-9), 0.0),
    "Aeva": ("time_offset_ns", (SECONDS * 1e9).astype("i4"), 0.0),
    "a clock of its own": ("timestamp", 5000 + SECONDS, 0.0),
    "a clock that is 0.8 s late": ("timestamp", STAMP_NS * 1e-9 - 0.8 + SECONDS, 0.0),
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_seconds_from_the_stamp_whatever_the_driver(driver: str) -> None:
    name, column, start_s = DRIVERS[driver]
    found = point_times(sweep(column, name))
    assert found is not None
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, start_s + SECONDS, atol=2e-6)


@pytest.mark.parametrize("name", TIME_FIELDS)
def test_each_field_is_known(name: str) -> None:
    assert point_times(sweep(SECONDS, name)) is not None


def test_a_simulation_clock_has_just_started() -> None:
    found = point_times(sweep(0.3 + SECONDS, "timestamp", stamp_ns=300_000_000))
    np.testing.assert_allclose(found, SECONDS, atol=1e-6)


def test_a_field_that_tells_nothing_hides_no_other() -> None:
    columns = {"t": np.zeros(500, np.uint32), "timestamp": STAMP_NS * 1e-9 + SECONDS}
    found = point_times(Sweep(np.ones((500, 3)), STAMP_NS, extras=columns))
    np.testing.assert_allclose(found, SECONDS, atol=2e-6)


def test_rows_that_are_no_points_do_not_disturb() -> None:
    points = np.ones((500, 3), np.float32)
    points[[0, 499]], points[250], points[100, 0] = np.nan, 0, 0
    column = STAMP_NS * 1e-9 + SECONDS
    column[[0, 250, 499]] = 0, np.nan, np.inf
    found = point_times(Sweep(points, STAMP_NS, extras={"timestamp": column}))
    assert found is not None
    returned = np.isfinite(points[:, 0]) & (points[:, 0] != 0)
    np.testing.assert_allclose(found[returned], SECONDS[returned], atol=2e-6)
    assert (found >= 0).all()
    assert (found <= 0.1).all()


@pytest.mark.parametrize(
    "column",
    [
        np.zeros(500),
        np.full(500, np.nan),
        np.where(np.arange(500) == 7, np.nan, SECONDS),
        SECONDS * 3e-5,  # 3 us; were it ms, 3 ns
        (STAMP_NS * 1e-9 + SECONDS).astype("f4"),
        np.empty(0),
    ],
    ids=["one time", "NaN", "a point without", "no revolution", "too few digits", "no points"],
)
def test_what_is_no_revolution_tells_nothing(column: npt.NDArray[Any]) -> None:
    assert point_times(sweep(column)) is None


def test_clouds_without_times_tell_nothing() -> None:
    assert point_times(Sweep(np.ones((5, 3), np.float32), STAMP_NS)) is None


@given(
    unit=st.sampled_from([1.0, 1e-3, 1e-6, 1e-9]),
    revolution_s=st.floats(0.0041, 0.24),
    start_s=st.floats(-0.49, 0.49),
    seed=st.integers(0, 100),
)
def test_any_revolution_in_any_unit(
    unit: float, revolution_s: float, start_s: float, seed: int
) -> None:
    since_start = np.sort(np.random.default_rng(seed).uniform(0, revolution_s, 50))
    since_start[[0, -1]] = 0, revolution_s
    found = point_times(sweep((start_s + since_start) / unit))
    assert found is not None
    np.testing.assert_allclose(found, start_s + since_start, atol=1e-6)
