# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameter: what users and tools are told of one parameter, and what makes a value legal."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rcl_interfaces.msg import ParameterDescriptor

Value = str | bool | int | float | tuple[float, ...]


class When(Enum):
    """When a value is read, from which follows when it can be changed."""

    START = "at the start"
    CONFIGURE = "by configure"
    ALWAYS = "for every sweep"


@dataclass(frozen=True)
class Parameter:
    """Definition of one parameter; `constraint` and `refusal` follow from it."""

    name: str
    default: Value
    help: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    when: When = When.CONFIGURE

    def refusal(self, value: Any) -> str | None:
        """Why `value` is refused, with the parameter's name; None for a legal value."""
        if self.choices and value not in self.choices:
            return f"parameter '{self.name}' is '{value}', but must be one of {self.constraint}"
        if isinstance(self.default, tuple):
            if len(value) != len(self.default) or not all(map(math.isfinite, value)):
                return f"parameter '{self.name}' is {list(value)}, but needs {self.constraint}"
        elif not self._within(value):
            return f"parameter '{self.name}' is {value}, but must be within {self.constraint}"
        return None

    def _within(self, value: Any) -> bool:
        if self.minimum is None or self.maximum is None:
            return True
        return bool(self.minimum <= value <= self.maximum)

    @property
    def constraint(self) -> str:
        """The legal values in words, empty when any will do."""
        if self.choices:
            return ", ".join(self.choices)
        if self.minimum is not None:
            return f"{self.minimum} to {self.maximum}{' ' + self.unit if self.unit else ''}"
        return f"{len(self.default)} finite numbers" if isinstance(self.default, tuple) else ""

    def descriptor(self) -> ParameterDescriptor:
        """What ROS is told of it."""
        from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

        descriptor = ParameterDescriptor(
            description=self.help + (f" [{self.unit}]" if self.unit else ""),
            additional_constraints=self.constraint,
            read_only=self.when is When.START,
        )
        if self.minimum is not None and self.maximum is not None:
            low, high = self.minimum, self.maximum
            if isinstance(self.default, int):
                descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
            else:
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=low, to_value=high)
                ]
        return descriptor


def parameter(name: str, default: Value, help_: str, **more: Any) -> Any:
    """Dataclass field that carries its Parameter."""
    definition = Parameter(name, default, help_, **more)
    return dataclasses.field(default=default, metadata={"parameter": definition})
