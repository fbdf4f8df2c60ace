# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a resumed run stands, before anything is written; refused where it is another run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zeroflow_ros.errors import ModelError
from zeroflow_training.checkpoint import opened
from zeroflow_training.fit_config import FitConfig
from zeroflow_training.optimizers import require_optimizer
from zeroflow_training.schedule import ScheduleConfig
from zeroflow_training.students.kinds import AnyStudentConfig, student_config
from zeroflow_training.training_data import learned_from, then

IN_OPTIMIZER = ("learning_rate", "weight_decay")  # which a checkpoint brings back as they were


def so_far(resume: Path, config: FitConfig, source: str) -> tuple[int, str]:
    """Steps that a checkpoint has made, and what it has learned from when it goes on with `source`.

    Raises ModelError where `config` has another student, or other settings of the optimiser.
    """
    with opened(resume) as state:
        said = state["hyper_parameters"]
        require_optimizer(state, config.schedule)
        was, now = _settings(student_config(said["student"])), _settings(config.student)
        _require_same(resume, was, now, *now)
        was, now = asdict(ScheduleConfig(**said["schedule"])), asdict(config.schedule)
        _require_same(resume, was, now, *IN_OPTIMIZER)
        return state["global_step"], then(learned_from(state, resume), source)


def _settings(student: AnyStudentConfig) -> Mapping[str, Any]:
    """Of a student, its kind first: where that is another one, the others mean nothing."""
    return {"kind": student.kind, **asdict(student)}


def _require_same(
    resume: Path, was: Mapping[str, Any], now: Mapping[str, Any], *names: str
) -> None:
    for name in names:
        if was.get(name) != now[name]:
            raise ModelError(
                f"'{resume}' was trained with {name} {was.get(name)}, not {now[name]}, and can go "
                "on with no other: leave that setting as it was, or start from its weights by "
                "--init in another folder"
            )
