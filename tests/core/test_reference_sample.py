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
from zeroflow_ros.reference_sample import EVERY, STEP_M, ReferenceSample, load_sample


class _Engine:
    """Says the offsets of the points."""

    description, outputs = "offsets", ("displacement",)

    def infer(self, inputs: object) -> dict[str, np.ndarray]:
        assert isinstance(inputs, dict)
        return {"displacement": inputs["point_offset"] * 2}


def made(seed: int = 0, far: float = 40.0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    counts = (EVERY * 50, EVERY * 30, 0)
    low, high = [-far, -far, -1], [far, far, 3]
    return tuple(rng.uniform(low, high, (count, 3)).astype(np.float32) for count in counts)


def test_it_comes_back_exactly() -> None:
    pillars = load_card(find_model("zeroflow-rt")).pillars
    sample = ReferenceSample.of(made(), pillars, _Engine())
    back = ReferenceSample.decode(sample.encode(), "here")
    assert [len(points) for points in back.sweeps] == [50, 30, 0]
    for was, is_now in zip(sample.sweeps, back.sweeps, strict=True):
        np.testing.assert_array_equal(was, is_now)
    np.testing.assert_array_equal(back.answers["displacement"], sample.answers["displacement"])
    inputs = back.inputs(pillars)
    np.testing.assert_array_equal(inputs["point_offset"] * 2, back.answers["displacement"])
    assert sample.encode() == sample.encode()  # models are made again bit by bit


def test_points_are_moved_by_half_a_step_at_most_and_far_ones_left_out() -> None:
    pillars = load_card(find_model("zeroflow-rt")).pillars
    points = made(1, far=80.0)
    sample = ReferenceSample.of(points, pillars, _Engine())
    near = points[0][::EVERY]
    near = near[(np.abs(near) < 63.99).all(1)]
    assert len(near) < 50
    assert np.abs(sample.sweeps[0] - near).max() <= STEP_M / 2


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
