# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The Fast DDS profile: when it is applied, and what it must say."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from zeroflow_ros.ros.dds import PROFILE, prepare_dds


@pytest.mark.parametrize("rmw", [{}, {"RMW_IMPLEMENTATION": "rmw_fastrtps_cpp"}])
def test_profile_is_set_for_fast_dds(rmw: dict[str, str]) -> None:
    environment = dict(rmw)
    assert "fastdds_large_clouds.xml" in prepare_dds(environment)
    assert environment["FASTRTPS_DEFAULT_PROFILES_FILE"] == str(PROFILE)


@pytest.mark.parametrize(
    "given",
    [
        {"FASTRTPS_DEFAULT_PROFILES_FILE": "/mine.xml"},
        {"FASTDDS_DEFAULT_PROFILES_FILE": "/mine.xml"},
        {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"},
    ],
)
def test_choice_of_the_user_is_left_alone_and_said(given: dict[str, str]) -> None:
    environment = dict(given)
    said = prepare_dds(environment)
    assert environment == given
    assert next(iter(given)) in said


def test_profile_fits_large_clouds() -> None:
    text = PROFILE.read_text()
    names = {"dds": "http://www.eprosima.com"}
    shm = ET.fromstring(text).find(".//dds:transport_descriptor[dds:type='SHM']", names)
    assert shm is not None
    segment = int(shm.findtext("dds:segment_size", namespaces=names) or 0)
    message = int(shm.findtext("dds:maxMessageSize", namespaces=names) or 0)
    assert segment >= 2 * message >= 2 * 210_000 * 32  # the largest recording's flow cloud
    shipped = Path(__file__).parents[2] / "config" / PROFILE.name
    assert shipped.read_text() == text
