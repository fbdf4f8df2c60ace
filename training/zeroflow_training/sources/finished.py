# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether an earlier call has finished a sequence, so that this one may go on behind it."""

from __future__ import annotations

from pathlib import Path

from zeroflow_ros.errors import DataError
from zeroflow_training.sequences import Sequence


def is_finished(folder: Path, provenance: str) -> bool:
    """Whether `folder` holds the sequence that is made of `provenance`.

    Raises DataError where it holds one that was made of something else or lacks sweeps, or
    something else.
    """
    if not folder.exists():
        return False
    found = Sequence(folder).manifest.provenance
    if found != provenance:
        raise DataError(
            f"'{folder}' exists already and was made of {found}, not of {provenance}: "
            "remove it, or import into another folder"
        )
    return True
