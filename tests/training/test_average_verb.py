# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow average`: checkpoints by path or bundled name; errors in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.cli.main import build_app
from zeroflow_training.starting_weights import bundled_checkpoints


def command(*arguments: object) -> Any:
    return CliRunner().invoke(build_app(), ["average", *map(str, arguments)])


def test_a_bundled_checkpoint_goes_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    averaged: list[tuple[Path, ...]] = []

    def not_averaged(first: Path, second: Path, out: Path, _: int, **__: Any) -> Path:
        averaged.append((first, second, out))
        return out

    monkeypatch.setattr("zeroflow_training.average.average", not_averaged)
    mine, out = tmp_path / "mine.ckpt", tmp_path / "both.ckpt"
    mine.touch()
    for first in ("zeroflow-rt", mine):
        result = command(first, mine, "-o", out)
        assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    assert averaged == [(bundled_checkpoints()["zeroflow-rt"], mine, out), (mine, mine, out)]


def test_a_name_of_none_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    mine = tmp_path / "mine.ckpt"
    mine.touch()
    result = command("zeroflow-xl", mine, "-o", tmp_path / "both.ckpt")
    assert result.exit_code == 1
    assert "'zeroflow-xl': no such checkpoint, and no bundled one (there are: zeroflow-rt)" in (
        result.stderr
    )
