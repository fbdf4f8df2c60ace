# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ReferenceSample: text and back without loss; damage is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeroflow_ros.errors import EngineError, ModelError
from zeroflow_ros.model import find_model, load_card
from zeroflow_ros.reference_sample import STEP_M, WINDOW_M, ReferenceSample, load_sample


class _Engine:
    """Says the offsets of the points."""

    description, outputs = "offsets", ("displacement",)

    def infer(self, inputs: object) -> dict[str, np.ndarray]:
        assert isinstance(inputs, dict)
        return {"displacement": inputs["point_offset"] * 2}


def made(seed: int = 0) -> tuple[np.ndarray, ...]:
    """Three sweeps of which the last is empty; most of the first is in one square of WINDOW_M."""
    rng = np.random.default_rng(seed)
    low, high = [-40, -40, -1], [40, 40, 3]
    here = np.array([1.5 * WINDOW_M, -0.5 * WINDOW_M, 1]) + rng.uniform(-2, 2, (500, 3))
    around = [rng.uniform(low, high, (count, 3)) for count in (400, 900)]
    sweeps = (np.concatenate([around[0], here]), around[1], np.empty((0, 3)))
    return tuple(points.astype(np.float32) for points in sweeps)


def test_it_comes_back_exactly() -> None:
    pillars = load_card(find_model("zeroflow-rt")).pillars
    sample = ReferenceSample.of(made(), pillars, _Engine())
    back = ReferenceSample.decode(sample.encode(), "here")
    assert [len(points) for points in back.sweeps] == [len(points) for points in sample.sweeps]
    for was, is_now in zip(sample.sweeps, back.sweeps, strict=True):
        np.testing.assert_array_equal(was, is_now)
    np.testing.assert_array_equal(back.answers["displacement"], sample.answers["displacement"])
    inputs = back.inputs(pillars)
    np.testing.assert_array_equal(inputs["point_offset"] * 2, back.answers["displacement"])
    assert sample.encode() == sample.encode()  # models are made again bit by bit


def test_it_is_the_square_where_most_moves_whole() -> None:
    pillars = load_card(find_model("zeroflow-rt")).pillars
    sweeps = made(1)
    sample = ReferenceSample.of(sweeps, pillars, _Engine())
    low = np.array([WINDOW_M, -WINDOW_M])
    for points, kept in zip(sweeps, sample.sweeps, strict=True):
        inside = ((points[:, :2] > low) & (points[:, :2] < low + WINDOW_M)).all(1)
        assert len(kept) == inside.sum()
        assert np.abs(kept - points[inside]).max(initial=0) <= STEP_M / 2
    assert 500 < len(sample.sweeps[0]) < 600
    assert 5 < len(sample.sweeps[1]) < 60


@given(st.binary(max_size=200), st.integers(0, 10_000))
def test_damage_is_told(junk: bytes, at: int) -> None:
    pillars = load_card(find_model("zeroflow-rt")).pillars
    text = ReferenceSample.of(made(), pillars, _Engine()).encode()
    at %= len(text)
    for odd in (junk.decode("latin-1"), text[:at], text[: at // 2] + "*" + text[at // 2 :]):
        with pytest.raises(ModelError, match="model x: its reference sample is damaged"):
            ReferenceSample.decode(odd, "model x")


def test_a_model_without(tmp_path: Path) -> None:
    with pytest.raises(
        EngineError, match=r"int8.onnx: it carries no reference sample .* export it"
    ):
        load_sample(find_model(None))
