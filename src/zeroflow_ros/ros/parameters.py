# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node: one typed definition, from which everything else is generated."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from zeroflow_ros.engines.backends import BACKENDS
from zeroflow_ros.geometry import Transform, from_roll_pitch_yaw

if TYPE_CHECKING:
    from rcl_interfaces.msg import ParameterDescriptor
    from rclpy.node import Node

Value = str | bool | int | float | tuple[float, ...]


@dataclass(frozen=True)
class Parameter:
    """What users and tools are told of one parameter, and what makes a value of it legal."""

    name: str
    default: Value
    help: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

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


def _parameter(name: str, default: Value, help_: str, **more: Any) -> Any:
    """Dataclass field that carries its Parameter."""
    definition = Parameter(name, default, help_, **more)
    return dataclasses.field(default=default, metadata={"parameter": definition})


@dataclass(frozen=True)
class Settings:
    """Values of all parameters. All are read at the start: a change needs a restart."""

    model: str = _parameter(
        "model", "", "Path of an exported model, or name of a bundled one. Empty: the default."
    )
    backend: str = _parameter(
        "backend",
        "auto",
        "What runs the network. auto: TensorRT where it runs, else ONNX Runtime on a GPU, else on"
        " the CPU; the log says which and why. Any other is taken or the node ends.",
        choices=BACKENDS,
    )
    gpu: int = _parameter("gpu", 0, "Which GPU, as CUDA counts.", minimum=0, maximum=63)
    engine_cache: str = _parameter(
        "engine_cache",
        "",
        "Folder of TensorRT engines, which take minutes to build. Empty: $ZEROFLOW_CACHE, else"
        " zeroflow in the user's cache folder.",
    )
    build_only: bool = _parameter(
        "build_only",
        False,
        "Load the model, build its engine where there is none yet, and end.",
    )
    ego_motion_source: str = _parameter(
        "ego_motion.source",
        "odometry",
        "Where the sensor's own motion comes from: nav_msgs/Odometry on ~/input/odometry; KISS-ICP"
        " on the sweeps (needs kiss-icp and much of a core); static: it stands still.",
        choices=("odometry", "kiss_icp", "static"),
    )
    sensor_in_base: tuple[float, ...] = _parameter(
        "sensor_in_base",
        (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "Mounting of the lidar in the odometry's child frame: x, y, z, roll, pitch, yaw."
        " Used with ego_motion.source = odometry.",
        unit="m, rad",
    )
    sensor_height: float = _parameter(
        "sensor_height",
        0.0,
        "Height of an upright lidar above the ground. 0: height and tilt are estimated.",
        unit="m",
        minimum=0.0,
        maximum=20.0,
    )
    deskew: str = _parameter(
        "deskew",
        "auto",
        "auto: clouds that carry the time of each point are deskewed by the ego motion, unless they"
        " look as if they were before. off: all are taken as they come.",
        choices=("auto", "off"),
    )
    input_reliability: str = _parameter(
        "input.reliability",
        "best_effort",
        "QoS of ~/input/pointcloud. best_effort fits every driver; reliable loses no sweep of a"
        " driver or bag that offers it.",
        choices=("best_effort", "reliable"),
    )
    input_depth: int = _parameter(
        "input.depth",
        1,
        "QoS history of ~/input/pointcloud. The latest sweep wins; more only adds latency.",
        minimum=1,
        maximum=100,
    )
    threads: int = _parameter(
        "threads", 0, "CPU threads. 0: one for each usable core.", minimum=0, maximum=256
    )

    @property
    def mounting(self) -> Transform:
        """Base frame <- sensor frame, [4, 4]."""
        x, y, z, roll, pitch, yaw = self.sensor_in_base
        return from_roll_pitch_yaw((x, y, z), roll, pitch, yaw)


def definitions() -> list[Parameter]:
    """All parameters, in the order in which they are shown."""
    return [cast(Parameter, field.metadata["parameter"]) for field in dataclasses.fields(Settings)]


def declare_parameters(node: Node) -> Settings:
    """Declare all parameters on a node and return their values.

    Raises rclpy's ParameterException, with the parameter's name in it, for an illegal value.
    """
    from rcl_interfaces.msg import SetParametersResult

    known = {parameter.name: parameter for parameter in definitions()}

    def check(changes: Sequence[Any]) -> SetParametersResult:
        for change in changes:
            refusal = known[change.name].refusal(change.value) if change.name in known else None
            if refusal:
                return SetParametersResult(successful=False, reason=refusal)
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(check)
    values: list[Any] = []
    for parameter in known.values():
        default = parameter.default
        start = list(default) if isinstance(default, tuple) else default
        value = node.declare_parameter(parameter.name, start, _descriptor(parameter)).value
        values.append(tuple(value) if isinstance(default, tuple) else value)
    return Settings(*values)


def _descriptor(parameter: Parameter) -> ParameterDescriptor:
    from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

    descriptor = ParameterDescriptor(
        description=parameter.help + (f" [{parameter.unit}]" if parameter.unit else ""),
        additional_constraints=parameter.constraint,
        read_only=True,
    )
    if parameter.minimum is not None and parameter.maximum is not None:
        low, high = parameter.minimum, parameter.maximum
        if isinstance(parameter.default, int):
            descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
        else:
            descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
    return descriptor
