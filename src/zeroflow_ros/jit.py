# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one way this package compiles its loops over points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit, types

Function = TypeVar("Function", bound=Callable[..., object])

Signature = tuple[Any, ...]
# Read-only and of any memory order: takes every array of the element type.
FLOATS = types.Array(types.float32, 1, "A", readonly=True)
FLOAT_ROWS = types.Array(types.float32, 2, "A", readonly=True)
DOUBLE_ROWS = types.Array(types.float64, 2, "A", readonly=True)
INTS = types.Array(types.int32, 1, "A", readonly=True)


def compiled(*arguments: Any) -> Callable[[Function], Function]:
    """Compile a function for these argument types, once on a machine: the result is kept on disk.

    It compiles at import, so that no sweep waits for it, and releases the interpreter while it
    runs. IEEE rules hold (no fastmath): points may be NaN.
    """

    def compile_now(function: Function) -> Function:
        return cached_njit(function, arguments, nogil=True, error_model="numpy")

    return compile_now


def cached_njit(function: Function, *signature: Signature, **options: Any) -> Function:
    """`numba.njit` with its cache on disk, or without where no folder can be written."""
    try:
        return cast(Function, njit(*signature, cache=True, **options)(function))
    except RuntimeError:  # slower to start, not broken
        return cast(Function, njit(*signature, **options)(function))
