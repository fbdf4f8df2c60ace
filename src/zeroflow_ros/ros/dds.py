# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The Fast DDS profile that large clouds need, unless the user has chosen otherwise."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

PROFILE = Path(__file__).with_name("fastdds_large_clouds.xml")

# Jazzy reads the first name only, Kilted both.
_PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


def prepare_dds(environment: MutableMapping[str, str] = os.environ) -> str:
    """Set the profile in `environment` and say in a few words which one is in force.

    Call before `rclpy.init()`. A profile of the user and a middleware other than Fast DDS are left
    alone.
    """
    middleware = environment.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp")
    if not middleware.startswith("rmw_fastrtps"):
        return f"{middleware}, as set by RMW_IMPLEMENTATION"
    for variable in _PROFILE_VARIABLES:
        if environment.get(variable):
            return f"Fast DDS, profile {environment[variable]} (from {variable})"
    environment[_PROFILE_VARIABLES[0]] = str(PROFILE)
    return f"Fast DDS, profile {PROFILE.name} (shared memory for large clouds)"
