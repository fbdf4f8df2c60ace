# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Freed memory stays with the process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource
import sys

import numpy as np

from zeroflow_ros.memory import keep_memory

if sys.argv[1] == "keep":
    assert keep_memory()


def sweep() -> None:
    held = [np.ones(1_500_000, np.float32) for _ in range(8)]  # 48 MB
    held.clear()


sweep()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    sweep()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    command = [sys.executable, "-c", SCRIPT, how]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(result.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt belongs to glibc")
def test_kept_memory_is_not_cleared_by_the_kernel_again() -> None:
    kept, given_back = page_faults("keep"), page_faults("give back")
    assert kept < 200
    assert given_back > 5 * max(kept, 1)


RELEASING = """
from pathlib import Path

import numpy as np

from zeroflow_ros.memory import keep_memory, release_memory


def held_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


assert keep_memory()
sweeps = [np.ones(1_000_000, np.float32) for _ in range(50)]  # 200 MB
del sweeps
kept = held_mb()
assert release_memory()
print(kept - held_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no glibc to ask")
def test_kept_memory_can_be_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RELEASING], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) > 150
