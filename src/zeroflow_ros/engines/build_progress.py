# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BuildProgress: how far TensorRT is with an engine, and a way to stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Progress = Callable[[str, float], None]  # what is being done, and which part of all is, 0 to 1


@dataclass
class _Phase:
    parent: str | None
    steps: int
    done: int = 0


class BuildProgress:
    """Phases within phases, as TensorRT announces them from any of its threads.

    `stopped_by`: what `report` raised, or what came from outside: TensorRT passes no exception on,
    so the build is told to stop, and whoever called it raises this.
    """

    def __init__(self, report: Progress) -> None:
        self._report = report
        self._phases: dict[str, _Phase] = {}
        self._told = 0.0
        self._lock = threading.Lock()
        self.stopped_by: BaseException | None = None

    def start(self, name: str, parent: str | None, steps: int) -> None:
        """A phase of `steps` begins, within another or on its own."""
        with self._lock:
            self._phases[name] = _Phase(parent, steps)

    def step(self, name: str, step: int) -> bool:
        """Step `step`, counted from 0, is done. False: stop."""
        try:
            with self._lock:
                self._phases[name].done = step + 1
                self._tell(name)
        except BaseException as error:
            self.stopped_by = error
        return self.stopped_by is None

    def finish(self, name: str) -> None:
        """A phase is over, perhaps before its last step."""
        with self._lock:
            self._phases.pop(name, None)

    def _tell(self, name: str) -> None:
        fraction, at = 0.0, self._phases.get(name)
        while at is not None:
            fraction = min((at.done + fraction) / at.steps, 1.0)
            at = self._phases.get(at.parent) if at.parent else None
        # Phases that run side by side take turns, which would look like steps back.
        self._told = max(self._told, fraction)
        self._report(name, self._told)


def progress_monitor(trt: Any, progress: BuildProgress) -> Any:
    """An IProgressMonitor that passes on to `progress`."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)  # pybind11 wants it called by name

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            progress.start(phase_name, parent_phase, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            return progress.step(phase_name, step)

        def phase_finish(self, phase_name: str) -> None:
            progress.finish(phase_name)

    return Monitor()
