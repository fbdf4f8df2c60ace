# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one way this package compiles its inner loops."""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from numba import config

from zeroflow_ros.jit import cached_njit

Function = TypeVar("Function", bound=Callable[..., object])
# One row of a structured array: numba knows its fields, the type checker does not.
Record: TypeAlias = Any


def compiled(function: Function) -> Function:
    """Compile ``function`` with numba, keeping its type for the reader and the type checker.

    Compiled code is cached on disk, so only the first run on a machine pays for it.
    """
    others = config.CACHE_DIR
    config.CACHE_DIR = str(_cache_folder())
    try:
        return cached_njit(function, fastmath=True)
    finally:
        config.CACHE_DIR = others


@cache
def _cache_folder() -> Path:
    """A folder of its own for each version of the compiled sources.

    numba renews a cached function when its own file changes, but not when a function it calls
    does, in another file: after an update, old and new code would be mixed silently.
    """
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        text = source.read_bytes()
        if b"@compiled" in text:
            digest.update(text)
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    base = config.CACHE_DIR or Path(home).expanduser() / "zeroflow_ros"
    return Path(base) / f"simulation-{digest.hexdigest()[:16]}"
