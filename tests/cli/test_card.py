# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow card`: what a model says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from zeroflow_ros.cli import card
from zeroflow_ros.cli.main import build_app
from zeroflow_ros.model import DEFAULT_MODEL, find_model, load_card


def show(*arguments: str, width: int = 120) -> Result:
    return CliRunner().invoke(build_app(), ["card", *arguments], env={"COLUMNS": str(width)})


def test_the_default_models_card_in_words() -> None:
    result = show()
    assert result.exit_code == 0
    rows = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    said = {name: value.strip() for name, value in rows.items()}
    told = load_card(find_model(None))
    assert said["model"] == f"{DEFAULT_MODEL} {told.version}"
    assert said["sweeps"] == "4, of 0, 0.1, 0.2, 0.4 s before the newest"
    assert said["looks at"].startswith("|x|, |y| < 51.2 m, -1.5 to 4.5 m above the ground")
    assert said["learned from"] == told.training_data
    assert said["made of the graph"] == load_card(find_model("zeroflow-rt")).graph_sha256


@pytest.mark.parametrize("width", [40, 80])
def test_path_and_checksums_can_be_copied(tmp_path: Path, width: int) -> None:
    path = tmp_path / ("a folder of " + "my " * 20) / "mine.onnx"
    path.parent.mkdir()
    path.write_bytes(find_model(None).read_bytes())
    lines = show(str(path), width=width).stdout.splitlines()
    told = load_card(path)
    for whole in (str(path), told.graph_sha256, told.float_graph_sha256):
        assert sum(whole in line for line in lines) == 1
    others = [line for line in lines if str(path) not in line and "SHA-256" not in line]
    assert max(len(line) for line in others if str(told.float_graph_sha256) not in line) <= width


def test_what_a_card_leaves_empty_is_an_empty_row(capsys: pytest.CaptureFixture[str]) -> None:
    card._show(Path("mine.onnx"), {"learned from": "", "precision": "int8"})
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["file          mine.onnx", "learned from", "precision     int8"]


def test_all_of_it_for_scripts() -> None:
    told = json.loads(show("zeroflow-rt_fp16", "--json").stdout)
    assert Path(told["path"]) == find_model("zeroflow-rt_fp16")
    assert told["precision"] == "fp16"
    assert told["lags"] == [0, 1, 2, 4]
    assert told["tolerance_mm"] == pytest.approx(10.83, abs=0.01)


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"no model")
    result = show(str(path))
    assert result.exit_code == 1
    assert str(path) in result.stderr
