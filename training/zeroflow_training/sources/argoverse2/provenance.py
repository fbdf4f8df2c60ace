# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Provenance: what the manifest of a sequence says of the log that it was made of."""

from __future__ import annotations

import re

from zeroflow_ros.errors import DataError

_WHOLE = re.compile(r"Argoverse 2 log (?P<log>[^,/]+), ground by [^,]+")


def provenance_of(log: str, ground: str, selection: str = "") -> str:
    """Of a log by its id; `ground`: what told of it; `selection`: which sweeps, if not all."""
    return f"Argoverse 2 log {log}, ground by {ground}" + (f", {selection}" if selection else "")


def whole_log(sequence: str, provenance: str) -> str:
    """The id of the log that a `sequence` has all sweeps of. Raises DataError for another one."""
    if found := _WHOLE.fullmatch(provenance):
        return found["log"]
    raise DataError(
        f"sequence '{sequence}' is no whole log of Argoverse 2, but was made of {provenance}: a "
        "submission needs logs that `zeroflow import-argoverse2` took all sweeps of"
    )
