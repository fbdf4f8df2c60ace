# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one way loops over points are compiled: by numba, once on a machine."""

from __future__ import annotations

import hashlib
import inspect
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar, cast

from numba import config, njit, types

Function = TypeVar("Function", bound=Callable[..., object])

# Read-only and of any memory order: takes every array of the element type.
FLOATS = types.Array(types.float32, 1, "A", readonly=True)
FLOAT_ROWS = types.Array(types.float32, 2, "A", readonly=True)
FLOAT_CUBE = types.Array(types.float32, 3, "A", readonly=True)
DOUBLES = types.Array(types.float64, 1, "A", readonly=True)
DOUBLE_ROWS = types.Array(types.float64, 2, "A", readonly=True)
BOOLS = types.Array(types.boolean, 1, "A", readonly=True)
INTS = types.Array(types.int32, 1, "A", readonly=True)
LONGS = types.Array(types.int64, 1, "A", readonly=True)
INT_ROWS = types.Array(types.int32, 2, "A", readonly=True)

# What numba raises where no folder can be written, on a full disk, and for a damaged cache.
_NO_CACHE = (EOFError, OSError, RuntimeError, UnpicklingError)


def compiled(*arguments: Any) -> Callable[[Function], Function]:
    """Compile a function for these argument types at import, so that no sweep waits for it.

    It releases the interpreter while it runs. IEEE rules hold (no fastmath): points may be NaN.
    Bounds are not checked.
    """

    def compile_now(function: Function) -> Function:
        return cached_njit(function, arguments, nogil=True, error_model="numpy")

    return compile_now


def cached_njit(function: Function, *signature: tuple[Any, ...], **options: Any) -> Function:
    """`numba.njit` with machine code kept on disk; without where that is not possible."""
    folder = _cache_folder(Path(inspect.getfile(function)).parent, repr(sorted(options.items())))
    others = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        return cast(Function, njit(*signature, cache=True, **options)(function))
    except _NO_CACHE:  # slower to start, not broken; the next start writes it anew
        shutil.rmtree(folder, ignore_errors=True)
        return cast(Function, njit(*signature, **options)(function))
    finally:
        config.CACHE_DIR = others


@cache
def _cache_folder(sources: Path, options: str) -> Path:
    """A folder of its own for each version of the compiled sources.

    numba renews a cached function when its own file changes, but not when a function it calls
    does, in another file: after an update, old and new code would be mixed silently.
    """
    digest = hashlib.sha256(options.encode())
    for source in sorted(sources.glob("*.py")):
        text = source.read_bytes()
        if b"@compiled" in text:
            digest.update(text)
    return cache_base() / f"{sources.name}-{digest.hexdigest()[:16]}"


def cache_base() -> Path:
    """Where machine code is kept: $NUMBA_CACHE_DIR, else the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(config.CACHE_DIR or Path(home).expanduser() / "zeroflow_ros")
