# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where engines are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zeroflow_ros.engines.engine_cache import cache_folder
from zeroflow_ros.errors import EngineError


def test_the_folder_is_chosen_or_named_or_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", "/home/driver")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("ZEROFLOW_CACHE", "")
    assert cache_folder() == Path("/home/driver/.cache/zeroflow")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative, which XDG says to ignore")
    assert cache_folder() == Path("/home/driver/.cache/zeroflow")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/driver")
    assert cache_folder() == Path("/var/cache/driver/zeroflow")
    monkeypatch.setenv("ZEROFLOW_CACHE", "~/engines")
    assert cache_folder() == Path("/home/driver/engines")
    monkeypatch.chdir(tmp_path)
    assert cache_folder(Path("mine")) == tmp_path / "mine"


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs as a number, or a service without environment."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("ZEROFLOW_CACHE", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    with pytest.raises(EngineError, match="no home folder: set ZEROFLOW_CACHE to a folder"):
        cache_folder()
