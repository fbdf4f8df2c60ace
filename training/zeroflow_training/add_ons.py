# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Add-ons: teachers and students of other packages, found by their entry points."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import metadata

from zeroflow_ros.errors import ZeroflowError


def added(group: str) -> dict[str, Callable[[], type]]:
    """Classes by name that installed packages add to a group; each is imported when it is called.

    That raises ZeroflowError for one that cannot be: the others are there all the same.
    """
    return {entry.name: partial(_loaded, entry) for entry in metadata.entry_points(group=group)}


def _loaded(entry: metadata.EntryPoint) -> type:
    try:
        kind: type = entry.load()
    except Exception as error:  # whatever another package may raise when it is imported
        raise ZeroflowError(
            f"'{entry.name}' cannot be loaded from {entry.value} ({error}): mend or uninstall the "
            "package that brings it"
        ) from error
    return kind
