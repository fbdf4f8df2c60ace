# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compiled loops start on any machine: cached, without a place for it, and with a damaged one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import numpy as np
from zeroflow_ros.pillar_loops import ranked
print(ranked(np.int32([5, 2, 5]), 9), *ranked.stats.cache_hits.values())
"""
ANSWER = "(array([2, 5], dtype=int32), array([1, 0, 1], dtype=int32))"


def run(cache: Path) -> str:
    """What a fresh process says; its last word is 1 where it found compiled code on disk."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_the_second_start_finds_compiled_code(tmp_path: Path) -> None:
    assert run(tmp_path) == ANSWER
    assert run(tmp_path) == f"{ANSWER} 1"


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_truncated_cache_is_made_anew(tmp_path: Path, ending: str) -> None:
    run(tmp_path)
    files = list(tmp_path.rglob(f"*.{ending}"))
    assert len(files) > 2
    for file in files:
        file.write_bytes(file.read_bytes()[:40])
    assert run(tmp_path).startswith(ANSWER)
    run(tmp_path)
    assert run(tmp_path) == f"{ANSWER} 1"


def test_a_cache_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run(tmp_path / "file").startswith(ANSWER)
