# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files that appear under their name only when they are complete, and go when they do not hold."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zeroflow_ros.errors import ZeroflowError


@contextmanager
def written_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which is renamed to `path` at the end.

    After any exception nothing is left. Raises ZeroflowError where the file system refuses.
    """
    scratch: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        scratch = Path(name)
        yield scratch
        scratch.chmod(0o666 & ~_umask())  # mkstemp makes files that only the owner may read
        scratch.replace(path)
    except OSError as error:
        raise ZeroflowError(f"cannot write '{path}': {error.strerror or error}") from error
    finally:
        if scratch is not None:
            scratch.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file, if there is one. Raises ZeroflowError where the file system refuses."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ZeroflowError(f"cannot remove '{path}': {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
