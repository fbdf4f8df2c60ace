# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Imports of bags as several tests make them."""

from __future__ import annotations

from pathlib import Path

from zeroflow_training.sources.rosbag import BagOptions, import_bag
from zeroflow_training.sources.summary import ImportSummary

STATIC = BagOptions(ego_motion="static")


def imported(bag: Path, data: Path, options: BagOptions = STATIC) -> ImportSummary:
    """What became of a bag's sweeps."""
    summary = ImportSummary()
    import_bag(bag, data, summary, options)
    return summary
