# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How the simulation compiles its inner loops: for speed, in a world without NaN."""

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from zeroflow_ros.jit import cached_njit

Function = TypeVar("Function", bound=Callable[..., object])
# One row of a structured array: numba knows its fields, the type checker does not.
Record: TypeAlias = Any


def compiled(function: Function) -> Function:
    """Compile ``function`` at its first call, keeping its type for reader and type checker."""
    return cached_njit(function, fastmath=True)
