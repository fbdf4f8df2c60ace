# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Configurations of `fit`: the bundled ones load, a wrong one is told by its setting."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.fit_config import bundled_configs, load_config


def test_bundled_configurations_load() -> None:
    lags = {name: load_config(name).student.lags for name in bundled_configs()}
    half_a_second = (0, 1, 2, 4)
    assert lags == {
        "fastflow3d": (0, 1),
        "fastflow3d-xl": (0, 1),
        "fine-tune": half_a_second,
        "zeroflow-rt": half_a_second,
        "zeroflow-rt-2": (0, 1),
    }
    assert load_config("zeroflow-rt").student.size == 128


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("schedule: {steps: 5}\nstudent: {lag: [0, 1]}", "student.lag: Unexpected"),
        ("schedule: {steps: many}", "schedule.steps: Input should be a valid integer"),
        ("schedule: {steps: 0}", "schedule.steps: Input should be greater than 0"),
        ("schedule: {steps: 1, learning_rate: .nan}", "schedule.learning_rate: .* greater than"),
        ("{batch_size: 0, schedule: {steps: 1}}", "batch_size: .* greater than or equal to 1"),
        ("{seed: 200, schedule: {steps: 1}}", "seed: Input should be less than 99"),
        ("seed: 3", "schedule: .* required"),
        ("just words", "configuration .*odd.yaml"),
        ("a: [", "neither a readable YAML file nor one of fastflow3d, .*zeroflow-rt-2"),
    ],
)
def test_a_wrong_configuration_names_the_setting(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(ZeroflowError, match=reason):
        load_config(str(path))
    with pytest.raises(ZeroflowError, match="neither a readable YAML file"):
        load_config(str(tmp_path / "missing.yaml"))
