# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Registry: teachers by name, with what may be wrapped around them.

Other packages add teachers through the entry-point group `zeroflow.teachers`; each value is
`module:Class`, a class as those of TEACHERS are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.add_ons import added
from zeroflow_training.teachers import Progress, Teacher

ENTRY_POINTS = "zeroflow.teachers"


def _rigid() -> type:
    from zeroflow_training.teachers.rigid import RigidTeacher

    return RigidTeacher


def _nsfp() -> type:
    from zeroflow_training.teachers.nsfp import NeuralPrior

    return NeuralPrior


def _fast_nsf() -> type:
    from zeroflow_training.teachers.fast_nsf import FastNeuralPrior

    return FastNeuralPrior


def _post() -> type:
    from zeroflow_training.teachers.post import RigidSmoothing

    return RigidSmoothing


def _two_way() -> type:
    from zeroflow_training.teachers.post import TwoWayConsistency

    return TwoWayConsistency


TEACHERS: Mapping[str, Callable[[], type]] = {
    "rigid": _rigid,
    "nsfp": _nsfp,
    "fast_nsf": _fast_nsf,
}
"""Dataclasses whose fields are their settings; imported when they are asked for, as torch is slow
to import. `device`, `seed` and `progress` are given to those that have such a field."""

WRAPPERS: Mapping[str, Callable[[], type]] = {"post": _post, "two-way": _two_way}
"""The same, with a teacher as first field."""


def teachers() -> dict[str, Callable[[], type]]:
    """Ours, and those that installed packages add under other names."""
    return {**added(ENTRY_POINTS), **TEACHERS}


_GIVEN = ("teacher", "device", "seed", "progress")


def make_teacher(
    name: str,
    *,
    device: str = "cpu",
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Teacher:
    """A teacher by name, `nsfp`, or with wrappers around it, from the inside out: `nsfp+post`.

    `settings` by name, those of a wrapper with its own before: `patience`, `post.eps_m`. `progress`
    gets (steps done, steps at most). Raises ZeroflowError for a name, a setting or a device that
    there is not.
    """
    inner, *outer = name.split("+")
    known = teachers()
    _check(inner, known, "teacher", name)
    for wrapper in outer:
        _check(wrapper, WRAPPERS, "wrapper", name)
    own, rest = dict[str, Any](), dict[str, dict[str, Any]]()
    for key, value in (settings or {}).items():
        place, dot, setting = key.rpartition(".")
        if dot and place not in outer:
            raise ZeroflowError(f"setting '{key}': '{name}' has no '+{place}'")
        (rest.setdefault(place, {}) if dot else own)[setting] = value
    given = {"device": device, "seed": seed, "progress": progress}
    teacher: Teacher = _make(inner, known[inner](), own, given)
    for wrapper in outer:
        given["teacher"] = teacher
        teacher = _make(wrapper, WRAPPERS[wrapper](), rest.get(wrapper, {}), given)
    return teacher


def read_settings(given: Iterable[str]) -> dict[str, Any]:
    """Values by name of NAME=VALUE; numbers are read as such. Raises ZeroflowError."""
    import yaml  # type: ignore[import-untyped]

    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign:
            raise ZeroflowError(f"setting '{text}' is not NAME=VALUE")
        found[name] = yaml.safe_load(value)
    return found


def _check(part: str, known: Mapping[str, Any], kind: str, name: str) -> None:
    if part not in known:
        raise ZeroflowError(f"no {kind} '{part}' in '{name}': there is {', '.join(known)}")


def _make(name: str, kind: type, settings: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """An instance of a dataclass with these settings, and those of `given` that it has."""
    if not is_dataclass(kind):
        raise ZeroflowError(f"'{name}' is no teacher: {kind!r} is no dataclass")
    defaults = {field.name: field.default for field in fields(kind)}
    own = {key: default for key, default in defaults.items() if key not in _GIVEN}
    for key, value in settings.items():
        if key not in own:
            raise ZeroflowError(f"'{name}' has no setting '{key}': there is {', '.join(own)}")
        _check_type(name, key, value, own[key])
    return kind(**{key: given[key] for key in defaults if key in given}, **settings)


def _check_type(name: str, key: str, value: Any, default: Any) -> None:
    wanted = (int, float) if isinstance(default, float) else type(default)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        kind = type(default).__name__
        raise ZeroflowError(f"'{name}': {key} is {value!r}, not {kind} such as {default}")
