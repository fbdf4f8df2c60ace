# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Kinds of students: which network a configuration or a checkpoint names.

Other packages add kinds through the entry-point group `zeroflow.students`; each value is
`module:Config`, a StudentConfig that is a dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import PlainValidator, TypeAdapter

from zeroflow_ros.errors import ModelError
from zeroflow_training.add_ons import added
from zeroflow_training.students.fastflow3d import FastFlow3DConfig
from zeroflow_training.students.real_time import RealTimeStudentConfig
from zeroflow_training.students.student import StudentConfig

ENTRY_POINTS = "zeroflow.students"
KINDS: Mapping[str, type] = {"real-time": RealTimeStudentConfig, "fastflow3d": FastFlow3DConfig}
DEFAULT_KIND = "real-time"


def kind_of(student: object) -> str:
    """Of a config or its plain values; the real-time student's, where they do not say."""
    if isinstance(student, Mapping):
        return str(student.get("kind", DEFAULT_KIND))
    return str(getattr(student, "kind", DEFAULT_KIND))


def config_type(kind: str) -> Any:
    """The class of its configs. Raises ModelError for a kind that there is not."""
    if kind in KINDS:
        return KINDS[kind]
    others = added(ENTRY_POINTS)
    if kind not in others:
        there_is = ", ".join([*KINDS, *others])
        raise ModelError(
            f"no student of kind '{kind}': there is {there_is}; others come with packages of theirs"
        )
    return others[kind]()


def student_config(plain: Mapping[str, Any]) -> StudentConfig:
    """Of the plain values that a checkpoint keeps. Raises what a foreign one is good for."""
    config: StudentConfig = config_type(kind_of(plain))(**plain)
    return config


def _validated(raw: object) -> StudentConfig:
    try:
        kind = config_type(kind_of(raw))
    except ModelError as error:  # of a configuration's field, which pydantic names
        raise ValueError(str(error)) from error
    config: StudentConfig = TypeAdapter(kind).validate_python(raw)
    return config


AnyStudentConfig = Annotated[StudentConfig, PlainValidator(_validated)]
"""What a configuration file's `student` may be, told apart by its `kind`."""
