# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the doctor looks at on the machine itself."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from zeroflow_ros.doctor.finding import Finding, Level

OLDEST_PYTHON = (3, 10)
RECEIVE_BUFFER = Path("/proc/sys/net/core/rmem_max")
WANTED_BUFFER_BYTES = 4 * 2**20  # what the Fast DDS profile asks for


def python() -> Iterator[Finding]:
    """The version, and where it is."""
    found = f"{platform.python_version()}, {sys.executable}"
    if sys.version_info >= OLDEST_PYTHON:
        yield Finding(Level.ok, found)
    else:
        yield Finding(Level.broken, found, "install Python 3.10 or newer")


def cores() -> Iterator[Finding]:
    """How many there are to compute with."""
    from zeroflow_ros.cores import usable_cores

    count, there = usable_cores(), os.cpu_count() or 1
    found = f"{count} of {there} usable"
    if count >= 2:
        yield Finding(Level.ok, found)
        return
    cure = "a sweep of 120,000 points takes about 70 ms on one core, too long beside other work"
    yield Finding(Level.note, found, f"{cure}: give it two (taskset, docker --cpus)")


def compiled_loops() -> Iterator[Finding]:
    """Whether machine code is kept, or compiled anew at each start."""
    from zeroflow_ros.jit import cache_base

    folder = cache_base()
    if writable(folder):
        yield Finding(Level.ok, f"kept in {folder}")
        return
    cure = "each start takes half a minute longer: export NUMBA_CACHE_DIR=FOLDER, of this user"
    yield Finding(Level.note, f"cannot be kept: {folder} is not writable", cure)


def socket_buffers() -> Iterator[Finding]:
    """Whether the kernel lets Fast DDS have what large clouds from other machines need."""
    if not RECEIVE_BUFFER.is_file():
        yield Finding(Level.note, f"not known: this system has no {RECEIVE_BUFFER}")
        return
    most = int(RECEIVE_BUFFER.read_text())
    found = f"net.core.rmem_max is {most:,} bytes"
    if most >= WANTED_BUFFER_BYTES:
        yield Finding(Level.ok, found)
        return
    cure = f"clouds from other machines get lost: sudo sysctl -w net.core.rmem_max={8 * 2**20}"
    yield Finding(Level.note, found, f"{cure} (to keep it: into /etc/sysctl.d/10-lidar.conf)")


def writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which need not exist yet."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
