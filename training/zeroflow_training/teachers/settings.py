# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings of teachers: those without sense are refused, the others are written beside labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any, ClassVar, Protocol

from zeroflow_ros.errors import ZeroflowError

_NO_SETTINGS = ("teacher", "progress")


class Configured(Protocol):
    """A dataclass whose fields are settings.

    `name`: what people call it by. `revision`: raised when its answers change, so that an upgrade
    does not mix labels of two kinds.
    """

    name: ClassVar[str]
    revision: ClassVar[int]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def own_settings(of: Configured) -> dict[str, Any]:
    """Its revision and its fields, without what is wrapped."""
    own = {f.name: getattr(of, f.name) for f in fields(of) if f.name not in _NO_SETTINGS}
    return {"revision": of.revision, **own}


def check_least(of: Configured, least: Mapping[str, float]) -> None:
    """Raise ZeroflowError where a setting is below its `least` value, or not finite."""
    for name, lowest in least.items():
        value = getattr(of, name)
        if not lowest <= value < math.inf:
            raise ZeroflowError(
                f"{of.name}: {name} is {value}: it has to be {lowest} or more, and finite"
            )
