# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a student has learned from, in words for its model's card: one source after another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

SIMULATED = "zeroflow_ros simulated streets, exact flow, no recorded data, no labels"
THEN = "; then "


def streets(view: str) -> str:
    """Simulated streets alone; `view`: how many are seen by which lidar, "" where none is given."""
    return f"{SIMULATED} ({view})" if view else SIMULATED


def rehearsed(share: float, view: str) -> str:
    """What follows the words for labelled sequences where streets are mixed in."""
    if not share:
        return ""
    seen = f" ({view})" if view else ""
    return f", {share:.0%} of the samples simulated streets with exact flow{seen}"


def learned_from(state: Mapping[str, Any], path: Path) -> str:
    """What a checkpoint says of itself; that it is unknown, where it does not."""
    said = state.get("hyper_parameters", {}).get("training_data")
    return said or f"unknown ({path.name} does not say)"


def then(before: str, source: str) -> str:
    """What was learned from `before`, and `source` from now on, where that is another one."""
    return before if before.split(THEN)[-1] == source else f"{before}{THEN}{source}"


def together(one: str, two: str) -> str:
    """Of the mean of two students. Where a run began with the other, its own words say it all."""
    return two if f"{two}{THEN}".startswith(f"{one}{THEN}") else f"{one}; and {two}"
