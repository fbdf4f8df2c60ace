# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a folder is made that gets its name when it is complete: by one process at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zeroflow_ros.errors import DataError, ZeroflowError


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """Yield `.NAME.partial` beside `folder`, empty, to be renamed to it; removed where it was not.

    `.NAME.lock` is held meanwhile; what a killed process left of both is taken over. Raises
    DataError where `folder` exists or another process makes it, and ZeroflowError where the file
    system refuses.
    """
    scratch = folder.with_name(f".{folder.name}.partial")
    with _refusals_named(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        if folder.exists():
            raise DataError(f"'{folder}' exists already: remove it, or name another folder")
        try:
            with _refusals_named(folder):
                shutil.rmtree(scratch, ignore_errors=True)
                scratch.mkdir()
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = folder.with_name(f".{folder.name}.lock")
    with _refusals_named(folder):
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with _refusals_named(folder):
            held = _is_held(handle, lock)
        if not held:
            raise DataError(
                f"another import writes '{folder}' at this moment: wait until it has ended, then "
                "call again"
            )
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)  # before the lock goes, for then it may be another's
    finally:
        os.close(handle)


def _is_held(handle: int, lock: Path) -> bool:
    """Whether nobody else holds it now, or has held and removed it since it was opened."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), lock.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


@contextmanager
def _refusals_named(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ZeroflowError(f"cannot write '{folder}': {error.strerror or error}") from error
