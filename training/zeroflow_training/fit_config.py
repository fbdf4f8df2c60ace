# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FitConfig: everything a training run depends on, and the YAML files it is read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import yaml  # type: ignore[import-untyped]
from pydantic import TypeAdapter, ValidationError

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.student_module import ScheduleConfig
from zeroflow_training.students.real_time import RealTimeStudentConfig

CONFIGS = Path(__file__).parent / "configs"
CROP_PILLARS = 128  # training looks at windows of 51.2 m


@dataclass(frozen=True)
class FitConfig:
    """Everything a run depends on; written beside its results as `fit.json`."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    schedule: ScheduleConfig
    student: RealTimeStudentConfig = field(
        default_factory=lambda: RealTimeStudentConfig(size=CROP_PILLARS)
    )
    seed: int = 0
    batch_size: int = 4
    workers: int = 1
    threads: int = 1
    precision: str = "bf16-mixed"


def bundled_configs() -> list[str]:
    """Names of the configurations that came with this package."""
    return sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def load_config(name: str) -> FitConfig:
    """A bundled configuration by its name, or a YAML file with the fields of FitConfig.

    Raises ZeroflowError with the file and the field that is wrong.
    """
    bundled = CONFIGS / f"{name}.yaml"
    path = bundled if name in bundled_configs() else Path(name)
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ZeroflowError(
            f"configuration '{name}': neither a readable YAML file nor one of "
            f"{', '.join(bundled_configs())} ({error})"
        ) from error
    try:
        return TypeAdapter(FitConfig).validate_python(_with_crop_size(raw))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors()
        )
        raise ZeroflowError(f"configuration '{path}': {wrong}") from error


def _with_crop_size(raw: object) -> object:
    """The student learns on windows, whatever the size of the grid it is exported for."""
    if not isinstance(raw, dict) or not isinstance(raw.get("student", {}), dict):
        return raw
    return {**raw, "student": {"size": CROP_PILLARS, **raw.get("student", {})}}
