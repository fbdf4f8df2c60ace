# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated test set stays what it was, and apart from every training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zeroflow_training.data.seeds import TEST_SEEDS
from zeroflow_training.evaluation.frozen_worlds import (
    DEVELOPMENT_SEED,
    FIRST_SEED,
    LEFT_OUT,
    SCENES,
    SENSORS,
    fingerprints,
    frozen_worlds,
)
from zeroflow_training.simulation.sensors import TRAINING_SHARES

RECORDED = Path(__file__).with_name("frozen_worlds.json")
RENEW = (
    "the frozen worlds have changed, and with them every number in docs/benchmarks.md. If that was "
    f"meant: python -m zeroflow_training.evaluation.frozen_worlds > {RECORDED.name} (in this "
    "folder), and measure anew by benchmarks/accuracy.py"
)


@pytest.mark.parametrize("sensor", SENSORS)
def test_the_worlds_are_those_that_were_recorded(sensor: str) -> None:
    found, recorded = fingerprints([sensor])[sensor], json.loads(RECORDED.read_text())[sensor]
    assert found == pytest.approx(recorded, rel=1e-3, abs=1e-3), RENEW


def test_no_street_is_used_twice_or_trained_on() -> None:
    seeds = [world.seed for sensor in SENSORS for world in frozen_worlds(sensor)]
    assert len(seeds) == len(set(seeds)) == SCENES * len(SENSORS)
    assert min(seeds) == FIRST_SEED
    chosen_by = [w.seed for s in SENSORS for w in frozen_worlds(s, first_seed=DEVELOPMENT_SEED)]
    assert len(set(chosen_by)) == len(seeds)
    assert min(chosen_by) > max(seeds)
    assert set(LEFT_OUT) <= set(SENSORS) - set(TRAINING_SHARES)


def test_training_keeps_clear_of_them() -> None:
    assert TEST_SEEDS == FIRST_SEED


def test_fewer_worlds_are_the_first_ones() -> None:
    assert frozen_worlds("OS1-128", 2) == frozen_worlds("OS1-128")[:2]


def test_newest_sweep_does_not_depend_on_the_history() -> None:
    world = frozen_worlds("VLP-16", 1)[0]
    short, long = world.sweeps(0.1), world.sweeps(0.4)
    assert (len(short), len(long)) == (4, 7)
    assert short[-1].stamp_ns == long[-1].stamp_ns == 800_000_000
    assert short[-1].points.tobytes() == long[-1].points.tobytes()


def test_a_history_longer_than_the_street_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        frozen_worlds("VLP-16", 1)[0].sweeps(0.7)
