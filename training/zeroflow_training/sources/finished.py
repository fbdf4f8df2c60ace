# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether an earlier call has finished a sequence, so that this one may go on behind it."""

from __future__ import annotations

from pathlib import Path

from zeroflow_ros.errors import DataError
from zeroflow_training.sequences import Sequence


def is_finished(folder: Path, provenance: str, **told: str) -> bool:
    """Whether `folder` holds the sequence that is made of `provenance`.

    `told`: other fields of its manifest, as they would be written now. Raises DataError where it
    holds one that was made otherwise or lacks sweeps, or something else.
    """
    if not folder.exists():
        return False
    manifest = Sequence(folder).manifest
    for name, wanted in {"provenance": provenance, **told}.items():
        if (found := getattr(manifest, name)) != wanted:
            how = "of" if name == "provenance" else f"with {name.replace('_', ' ')}"
            raise DataError(
                f"'{folder}' exists already and was made {how} {found}, not {how} {wanted}: "
                "remove it, or import into another folder"
            )
    return True
