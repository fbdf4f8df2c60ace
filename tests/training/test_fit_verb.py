# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow fit`: what its options make of a configuration, and who reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("lightning", reason="pip install 'zeroflow_ros[training]'")

from lightning.pytorch.utilities import rank_zero_only

from zeroflow_ros.cli.main import build_app
from zeroflow_training.cli import fit as verb
from zeroflow_training.fit_config import FitConfig

Call = Callable[..., tuple[FitConfig, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """The configuration that the verb would train by, and what it printed."""
    plans: list[FitConfig] = []

    def not_trained(plan: FitConfig, folder: Path, *_: Any) -> Path:
        plans.append(plan)
        return folder / "last.ckpt"

    monkeypatch.setattr("zeroflow_training.fit.fit", not_trained)
    app = typer.Typer()
    verb.register(app)

    def call(*options: str) -> tuple[FitConfig, str]:
        result = CliRunner().invoke(app, [str(tmp_path / "run"), *options])
        assert result.exit_code == 0, result.output
        return plans[-1], result.stdout

    return call


@pytest.mark.parametrize(
    ("text", "options", "start_m"),
    [
        ("{steps: 5}", [], 0.6),
        ("{steps: 5}", ["--init", "zeroflow-rt"], 0.08),
        ("{steps: 5, huber_start_m: 0.3}", ["--init", "zeroflow-rt"], 0.3),
    ],
)
def test_fine_tuning_looks_at_small_errors_where_the_configuration_does_not_say(
    call: Call, tmp_path: Path, text: str, options: list[str], start_m: float
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"schedule: {text}\nstudent: {{lags: [0, 1, 2, 4]}}\n")
    plan, _ = call("--config", str(path), *options)
    assert plan.schedule.huber_start_m == start_m
    assert (plan.student.size, plan.student.lags) == (128, (0, 1, 2, 4))


@pytest.mark.parametrize(
    ("options", "rehearsal", "steps"),
    [
        ([], 0.0, 20_000),
        (["--init", "zeroflow-rt"], 0.0, 20_000),
        (["--data", "."], 0.0, 20_000),
        (["--data", ".", "--init", "zeroflow-rt"], 0.5, 3000),
        (["--data", ".", "--init", "zeroflow-rt", "--config", "zeroflow-rt"], 0.0, 20_000),
    ],
)
def test_trained_weights_on_recorded_drives_are_fine_tuned(
    call: Call, options: list[str], rehearsal: float, steps: int
) -> None:
    plan, _ = call(*options)
    assert (plan.rehearsal, plan.schedule.steps) == (rehearsal, steps)


def test_fine_tuning_wants_weights(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        build_app(), ["fit", str(tmp_path / "run"), "--config", "fine-tune", "--data", "."]
    )
    assert result.exit_code == 1
    assert result.stderr.endswith("weights that are trained already: add --init zeroflow-rt\n")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("rank", [0, 1])
def test_one_process_of_several_reports(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: int
) -> None:
    monkeypatch.setattr(rank_zero_only, "rank", rank)
    _, said = call("--steps", "3")
    assert said.endswith(f"{tmp_path}/run/last.ckpt\n") == (rank == 0)
    assert bool(said) == (rank == 0)


def test_a_lidar_and_a_height_replace_what_the_configuration_says(
    call: Call, tmp_path: Path
) -> None:
    lidar = tmp_path / "mine.yaml"
    lidar.write_text("{name: three, elevations_deg: [-20, -10, 5], columns: 90}")
    height = ["--sensor-height", "2.1"]
    for options, said in [
        (["--sensor", str(lidar), *height], "50% seen by lidar three at 2.1 m"),
        (height, "50% seen by any lidar at 2.1 m"),
        ([], ""),
    ]:
        plan, _ = call(*options)
        assert plan.simulation.described == said
