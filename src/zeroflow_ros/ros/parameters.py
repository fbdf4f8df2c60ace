# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""NodeParameters: the settings of a running node, and which of them may change when."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import SetParametersResult

from zeroflow_ros.ros.parameter import When
from zeroflow_ros.ros.settings import Settings, definitions

if TYPE_CHECKING:
    from rclpy.node import Node

_KNOWN = {parameter.name: parameter for parameter in definitions()}
_FIELDS = {
    parameter.name: field.name
    for parameter, field in zip(definitions(), dataclasses.fields(Settings), strict=True)
}


class NodeParameters:
    """Declares all parameters on a node; `settings` are their values now.

    Illegal values are refused with the reason, and so are changes that would have no effect before
    the next configure. `configured` tells whether what that reads is in use.
    """

    def __init__(self, node: Node, configured: Callable[[], bool]) -> None:
        """Raises rclpy's ParameterException, with the parameter's name, for an illegal value."""
        self.settings = Settings()
        self._node, self._configured = node, configured
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._take)
        for parameter in _KNOWN.values():
            default = parameter.default
            start = list(default) if isinstance(default, tuple) else default
            self._take([node.declare_parameter(parameter.name, start, parameter.descriptor())])
        self._warn_of_unknown()

    def _check(self, changes: Sequence[Any]) -> SetParametersResult:
        refusals = (self._refusal(change) for change in changes if change.name in _KNOWN)
        reason = next((refusal for refusal in refusals if refusal), "")
        return SetParametersResult(successful=not reason, reason=reason)

    def _refusal(self, change: Any) -> str | None:
        parameter = _KNOWN[change.name]
        if parameter.when is not When.CONFIGURE or not self._configured():
            return parameter.refusal(change.value)
        return (
            f"parameter '{parameter.name}' is read {parameter.when.value}: deactivate and clean up "
            f"first (ros2 lifecycle set {self._node.get_fully_qualified_name()} deactivate; ... "
            "cleanup), then configure and activate again"
        )

    def _take(self, changes: Sequence[Any]) -> None:
        values: dict[str, Any] = {
            _FIELDS[change.name]: change.value
            if isinstance(change.value, str | bool | int | float)
            else tuple(change.value)
            for change in changes
            if change.name in _KNOWN
        }
        self.settings = dataclasses.replace(self.settings, **values)

    def _warn_of_unknown(self) -> None:
        """A misspelt name in a YAML file would otherwise pass in silence."""
        given = set(getattr(self._node, "_parameter_overrides", ()))  # rclpy shows them nowhere
        for name in sorted(given - set(self._node.get_parameters_by_prefix(""))):
            if not name.startswith("qos_overrides."):
                self._node.get_logger().warning(f"parameter '{name}' is not known to this node")
