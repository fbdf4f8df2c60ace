# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A lock between processes, so that work is not done twice."""

from __future__ import annotations

import fcntl
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from zeroflow_ros.errors import ZeroflowError


@contextmanager
def file_lock(path: Path, purpose: str, say: Callable[[str], None]) -> Iterator[bool]:
    """Hold the lock of a file; yields whether it is held: False where the file system has no locks.

    Waits while another process (or thread) holds it, and says once for whom, and for what
    `purpose`. The kernel frees it when its holder ends, however that ends. The file stays: were it
    removed, those who wait for the old one and those who make a new one would not see each other.
    Raises ZeroflowError where the file cannot be written.
    """
    handle = _open(path)
    try:
        held = _acquire(handle, path, purpose, say)
        if held:
            _sign(handle, path)
        yield held
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    """Open for writing, without which there is no exclusive lock over NFS."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise ZeroflowError(f"cannot write '{path}': {error.strerror}") from error


def _acquire(handle: int, path: Path, purpose: str, say: Callable[[str], None]) -> bool:
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{purpose}: waiting for {_holder(handle)}, which holds '{path}'")
            fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:  # as on NFS without its lock service
        say(f"{purpose}: '{path.parent}' has no file locks ({error.strerror}), goes on without")
        return False
    return True


def _sign(handle: int, path: Path) -> None:
    """Say in the file who holds it: for people, and so that a full disk is found before work."""
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {platform.node()}".encode(), 0)
    except OSError as error:
        raise ZeroflowError(f"cannot write '{path}': {error.strerror}") from error


def _holder(handle: int) -> str:
    try:
        return os.pread(handle, 200, 0).decode(errors="replace") or "another process"
    except OSError:  # SMB lets nobody read a file that another holds
        return "another process"
