# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one definition of the parameters, and what is generated from it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml

from zeroflow_ros.ros.interface_files import interface_page, parameter_yaml
from zeroflow_ros.ros.parameter import Parameter
from zeroflow_ros.ros.settings import Settings, definitions

ROOT = Path(__file__).parents[2]


def test_shipped_files_are_those_of_the_definition() -> None:
    cure = "run: python -m zeroflow_ros.ros.interface_files"
    assert (ROOT / "config/flow.param.yaml").read_text() == parameter_yaml(), cure
    assert (ROOT / "docs/parameters.md").read_text() == interface_page(), cure


def test_yaml_holds_the_defaults() -> None:
    values = yaml.safe_load(parameter_yaml())["/**"]["ros__parameters"]
    expected = {p.name: list(p.default) if isinstance(p.default, tuple) else p.default
                for p in definitions()}  # fmt: skip
    assert values == expected


def test_defaults_are_legal_and_the_settings_defaults() -> None:
    for parameter, field in zip(definitions(), dataclasses.fields(Settings), strict=True):
        assert parameter.refusal(parameter.default) is None
        assert parameter.default == field.default
        assert parameter.help


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ego_motion.source", "odom"),
        ("backend", "cuda"),
        ("gpu", -1),
        ("sensor_height", -0.1),
        ("sensor_height", float("nan")),
        ("input.depth", 0),
        ("threads", 257),
        ("sensor_in_base", [0.0] * 5),
        ("sensor_in_base", [0.0] * 5 + [float("nan")]),
    ],
)
def test_refusals_name_the_parameter(name: str, value: object) -> None:
    parameter: Parameter = next(p for p in definitions() if p.name == name)
    refusal = parameter.refusal(value)
    assert refusal is not None
    assert f"parameter '{name}' is" in refusal


def test_mounting_is_a_pose_of_the_sensor_in_the_base() -> None:
    settings = Settings(sensor_in_base=(1.0, 2.0, 3.0, 0.0, 0.0, np.pi / 2))
    expected = [[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]]
    np.testing.assert_allclose(settings.mounting, expected, atol=1e-12)
