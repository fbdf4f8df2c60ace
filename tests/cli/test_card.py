# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow card`: what a model says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from zeroflow_ros.cli.main import build_app
from zeroflow_ros.model import DEFAULT_MODEL, find_model, load_card


def show(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), ["card", *arguments], env={"COLUMNS": "120"})


def test_the_default_models_card_in_words() -> None:
    result = show()
    assert result.exit_code == 0
    rows = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    said = {name: value.strip() for name, value in rows.items()}
    card = load_card(find_model(None))
    assert said["model"] == f"{DEFAULT_MODEL} {card.version}"
    assert said["sweeps"] == "4, of 0, 0.1, 0.2, 0.4 s before the newest"
    assert said["looks at"].startswith("|x|, |y| < 51.2 m, -1.5 to 4.5 m above the ground")
    assert said["learned from"] == card.training_data
    assert said["made of the graph"] == load_card(find_model("zeroflow-rt")).graph_sha256


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
