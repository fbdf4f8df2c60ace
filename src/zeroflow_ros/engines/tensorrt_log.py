# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""TensorRTLog: what TensorRT says goes to Python's logging, and its errors into our messages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

_logger = logging.getLogger(__name__)
# What matters of it is in the EngineError; whoever wants to read the rest sets logging up.
_logger.addHandler(logging.NullHandler())

_LEVELS = (logging.ERROR, logging.ERROR, logging.WARNING, logging.INFO)  # and no VERBOSE
_LAST_ERROR = 1  # ILogger.Severity: INTERNAL_ERROR 0, ERROR 1, WARNING 2, INFO 3, VERBOSE 4


class TensorRTLog:
    """`sink` is the ILogger that TensorRT's objects are made with."""

    def __init__(self, trt: Any) -> None:
        self._errors: list[str] = []
        self.sink = _sink(trt, self._take)

    def forget(self) -> None:
        """Before an operation: what went wrong earlier is not its reason."""
        self._errors.clear()

    @property
    def reason(self) -> str:
        """The first error since `forget`, in one line: those after it are its consequences."""
        return " ".join(self._errors[0].split()) if self._errors else "it gave no reason"

    def _take(self, severity: int, message: str) -> None:
        if severity < len(_LEVELS):
            _logger.log(_LEVELS[severity], "%s", message)
        if severity <= _LAST_ERROR:
            self._errors.append(message)


@cache
def library_log(trt: Any) -> TensorRTLog:
    """The one log of a TensorRT module: it takes the first logger of a process and no other."""
    return TensorRTLog(trt)


def _sink(trt: Any, take: Callable[[int, str], None]) -> Any:
    class Sink(trt.ILogger):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)  # pybind11 wants it called by name

        def log(self, severity: Any, message: str) -> None:
            take(int(severity), message)

    return Sink()
