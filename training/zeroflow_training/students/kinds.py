# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Kinds of students: which network a configuration or a checkpoint names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from zeroflow_training.students.fastflow3d import FastFlow3DConfig
from zeroflow_training.students.real_time import RealTimeStudentConfig

KINDS: Mapping[str, Any] = {"real-time": RealTimeStudentConfig, "fastflow3d": FastFlow3DConfig}
DEFAULT_KIND = "real-time"


def kind_of(student: object) -> str:
    """Of a config or its plain values; the real-time student's, where they do not say."""
    if isinstance(student, Mapping):
        return str(student.get("kind", DEFAULT_KIND))
    return str(getattr(student, "kind", DEFAULT_KIND))


AnyStudentConfig = Annotated[
    Annotated[RealTimeStudentConfig, Tag("real-time")]
    | Annotated[FastFlow3DConfig, Tag("fastflow3d")],
    Discriminator(kind_of),
]
"""What a configuration file's `student` may be, told apart by its `kind`."""


def student_config(plain: Mapping[str, Any]) -> RealTimeStudentConfig | FastFlow3DConfig:
    """Of the plain values that a checkpoint keeps. Raises what a foreign one is good for."""
    config: RealTimeStudentConfig | FastFlow3DConfig = KINDS[kind_of(plain)](**plain)
    return config
