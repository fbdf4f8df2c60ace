# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bags and simulated drives without Patchwork++: it is told before a folder is made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")

from tests.conftest import RecordingFactory
from tests.training.importing import imported

from zeroflow_ros.errors import MissingPackageError
from zeroflow_training.sources.simulated import SimulationOptions, import_simulated
from zeroflow_training.sources.summary import ImportSummary

CURE = r"finding the ground needs .* 'pypatchworkpp': pip install 'zeroflow_ros\[training\]'"


def test_of_a_bag(
    factory: RecordingFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pypatchworkpp", None)
    with pytest.raises(MissingPackageError, match=CURE):
        imported(factory.write(factory.sweeps(3)), tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_what_is_finished_needs_none(
    factory: RecordingFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    bag, data = factory.write(factory.sweeps(3)), tmp_path / "data"
    imported(bag, data)
    monkeypatch.setitem(sys.modules, "pypatchworkpp", None)
    assert imported(bag, data).finished_before == [str(data / "recording")]


def test_of_simulated_drives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypatchworkpp", None)
    options = SimulationOptions(1, 2, sensor="VLP-16")
    with pytest.raises(MissingPackageError, match=CURE):
        import_simulated(tmp_path / "data", ImportSummary(), options)
    assert not (tmp_path / "data").exists()
