# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What changes over a run: learning rate, the loss's knee, batch statistics."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("lightning", reason="pip install 'zeroflow_ros[training]'")

import torch

from zeroflow_training.schedule import ScheduleConfig
from zeroflow_training.student_module import StudentModule
from zeroflow_training.students.real_time import RealTimeStudentConfig


def test_schedule_at_its_corners(tiny_config: RealTimeStudentConfig) -> None:
    module = StudentModule(tiny_config, ScheduleConfig(steps=1000, warmup_steps=100))
    factor = module.schedule.learning_rate_factor
    assert factor(0) == pytest.approx(0.01)
    assert factor(49) == pytest.approx(0.5, abs=0.01)
    assert factor(500) == pytest.approx(0.505, abs=1e-3)
    assert factor(1000) == pytest.approx(0.01)
    assert factor(2000) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("progress", "beta", "frozen"),
    [
        (0.0, 0.6, False),
        (0.5, 0.21, False),
        (0.69, 0.0618, False),
        (0.75, 0.04, True),
        (1, 0.04, True),
    ],
)
def test_annealing(
    tiny_config: RealTimeStudentConfig,
    monkeypatch: pytest.MonkeyPatch,
    progress: float,
    beta: float,
    frozen: bool,
) -> None:
    module = StudentModule(tiny_config, ScheduleConfig(steps=1000)).train()
    monkeypatch.setattr(StudentModule, "progress", progress)
    assert module._huber_beta() == pytest.approx(beta)
    module.on_train_batch_start(None, 0)  # type: ignore[arg-type]
    norms = [
        m for m in module.modules() if isinstance(m, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d)
    ]
    assert len(norms) > 5
    assert all(norm.training is not frozen for norm in norms)
