# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What verbs of the training package say to scripts: JSON on stdout, and nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from zeroflow_ros.cli.main import build_app
from zeroflow_ros.engines.engine_check import Difference

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("lightning", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_training.demo import DemoReport
from zeroflow_training.evaluation.residual import ResidualMetrics
from zeroflow_training.export import ExportReport, GraphReport
from zeroflow_training.quantization import QuantizationReport

GRAPH = GraphReport(Path("mine.onnx"), {"simulated": Difference(0.1, 0.01, None)}, 2_000_000)
HALF = GraphReport(Path("mine_fp16.onnx"), {"simulated": Difference(3.0, 0.2, 0.1)}, 1_000_000)
EXPORT = ExportReport(GRAPH, HALF)
METRICS = ResidualMetrics(math.nan, math.nan, math.nan, 0.01, 0.0, 0.0, math.nan, 0, 900)
DEMO = DemoReport("VLP-16", 20, 20, 9000, 50.0, 80.0, 90.0, METRICS, Path("p.png"), Path("b.mcap"))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What a verb says with --json, where the work itself answers `report`."""

    def told(work: str, report: Any, *arguments: str) -> Any:
        monkeypatch.setattr(f"zeroflow_training.{work}", lambda *_, **__: report)
        result = CliRunner().invoke(build_app(), [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return told


@pytest.mark.parametrize(
    ("work", "verb"),
    [
        ("checkpoint_export.export_checkpoint", "export"),
        ("published_model.import_checkpoint", "import-checkpoint"),
    ],
)
def test_exports(told: Callable[..., Any], work: str, verb: str) -> None:
    said = told(work, EXPORT, verb, "last.ckpt", "-o", "mine.onnx")
    assert said["output"] == "mine.onnx"
    single, half = said["files"]
    assert (single["precision"], single["bytes"]) == ("fp32", 2_000_000)
    assert half["path"] == "mine_fp16.onnx"
    assert half["difference_from_pytorch"]["simulated"] == {
        "max_mm": 3.0, "mean_mm": 0.2, "max_log_odds": 0.1
    }  # fmt: skip


def test_quantize(told: Callable[..., Any], tmp_path: Path) -> None:
    model = tmp_path / "mine.onnx"
    model.touch()
    report = QuantizationReport(Path("mine_int8.onnx"), 21, 0.02, 0.5, 0.001, 700_000)
    said = told("quantization.quantize", report, "quantize", str(model), "-o", "mine_int8.onnx")
    assert said == {
        "output": "mine_int8.onnx", "convolutions": 21, "difference": 0.02, "still_mm": 0.5,
        "flipped": 0.001, "bytes": 700_000,
    }  # fmt: skip


def test_demo_without_motion_has_null_for_its_error(told: Callable[..., Any]) -> None:
    said = told("demo.run_demo", DEMO, "demo")
    assert (said["output"], said["picture"], said["bag"]) == ("demo", "p.png", "b.mcap")
    assert said["metrics"]["dynamic_epe_m"] is None
    assert said["metrics"]["static_epe_m"] == 0.01


def test_fit(told: Callable[..., Any], tmp_path: Path) -> None:
    last = tmp_path / "run/last.ckpt"
    said = told("fit.fit", last, "fit", str(last.parent), "--steps", "7")
    assert (said["output"], said["steps"]) == (str(last), 7)
    assert said["seconds"] >= 0
