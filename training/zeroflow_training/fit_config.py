# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FitConfig: everything a training run depends on, and the YAML files it is read from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml  # type: ignore[import-untyped]
from pydantic import Field, TypeAdapter, ValidationError

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.data.seeds import RUNS
from zeroflow_training.data.sequences import ALL_AUGMENTATIONS, Augmentation
from zeroflow_training.data.simulation_config import EVERYBODYS, SimulationConfig
from zeroflow_training.losses.terms import DEFAULT_LOSS, check_terms
from zeroflow_training.schedule import FINE_TUNING_HUBER_M, AtLeastZero, Count, ScheduleConfig
from zeroflow_training.students.kinds import DEFAULT_KIND, AnyStudentConfig, kind_of
from zeroflow_training.students.real_time import RealTimeStudentConfig
from zeroflow_training.wrong_fields import wrong_fields

CONFIGS = Path(__file__).parent / "configs"
CROP_PILLARS = 128  # training looks at windows of 51.2 m

AtLeastOne = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class FitConfig:
    """Everything a run depends on; written beside its results as `fit.json`.

    `loss`: weights of terms by name (see losses/terms.py). `data`: folder of sequences, labelled by
    `teacher`; None: simulated streets. `augmentation` is that of sequences; `rehearsal`: share of
    simulated streets among them. `simulation`: which lidar sees simulated streets. `batch_size`:
    samples that a device sees at once; a step counts `accumulation` of these on each device.
    `devices`, `nodes`, `strategy` and `precision` are Lightning's. Raises ValueError for a loss
    that is none.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    schedule: ScheduleConfig
    student: AnyStudentConfig = field(
        default_factory=lambda: RealTimeStudentConfig(size=CROP_PILLARS)
    )
    loss: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_LOSS))
    data: str | None = None
    teacher: str = "rigid"
    augmentation: tuple[Augmentation, ...] = ALL_AUGMENTATIONS
    rehearsal: Annotated[float, Field(ge=0, lt=1)] = 0.0
    simulation: SimulationConfig = EVERYBODYS
    seed: Annotated[int, Field(ge=0, lt=RUNS)] = 0
    batch_size: AtLeastOne = 4
    accumulation: AtLeastOne = 1
    workers: Count = 1
    threads: AtLeastOne = 1
    precision: str = "bf16-mixed"
    devices: int | Literal["auto"] = 1
    nodes: AtLeastOne = 1
    strategy: str = "auto"
    checkpoint_minutes: AtLeastZero = 5.0

    def __post_init__(self) -> None:
        check_terms(self.loss, self.student.says_moving)


def bundled_configs() -> list[str]:
    """Names of the configurations that came with this package."""
    return sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def load_config(name: str, fine_tuning: bool = False) -> FitConfig:
    """A bundled configuration by its name, or a YAML file with the fields of FitConfig.

    `fine_tuning`: for weights that are trained already, where it does not say itself.
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
    if fine_tuning:
        raw = _with_default(raw, "schedule", "huber_start_m", FINE_TUNING_HUBER_M)
    # The student learns on windows, whatever the size of the grid it is exported for.
    if isinstance(raw, dict) and kind_of(raw.get("student")) == DEFAULT_KIND:
        raw = _with_default(raw, "student", "size", CROP_PILLARS)
    return _validated(raw, path)


def load_run(folder: Path) -> FitConfig | None:
    """What a run was started with, of the fit.json in its folder; None without one."""
    path = folder / "fit.json"
    try:
        return _validated(json.loads(path.read_text()), path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ZeroflowError(f"'{path}' cannot be read: name a --config ({error})") from error


def _validated(raw: object, path: Path) -> FitConfig:
    try:
        return TypeAdapter(FitConfig).validate_python(raw)
    except ValidationError as error:
        wrong = wrong_fields(error, whole="loss")
        raise ZeroflowError(f"configuration '{path}': {wrong}") from error


def _with_default(raw: object, part: str, name: str, value: object) -> object:
    """A setting in a part of what a file says, where that does not say it, and is well formed."""
    if not isinstance(raw, dict) or not isinstance(raw.get(part, {}), dict):
        return raw
    settings: dict[str, Any] = raw.get(part, {})
    return {**raw, part: {name: value, **settings}}
