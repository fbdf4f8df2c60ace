# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engines: one file per inference engine, one contract for all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Tensors = Mapping[str, npt.NDArray[np.generic]]
Say = Callable[[str], None]  # is told, in lines, what people should know while they wait


def to_stderr(text: str) -> None:
    """A Say for whoever has nobody else to tell."""
    print(text, file=sys.stderr, flush=True)


class Engine(Protocol):
    """A loaded network."""

    @property
    def description(self) -> str:
        """Engine, version and device in a few words, for logs."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what the network says."""

    def infer(self, inputs: Tensors) -> dict[str, npt.NDArray[np.generic]]:
        """Run the network on named arrays; returns its named outputs."""


class GpuMemory(NamedTuple):
    """Of a whole GPU, by all programs, MB."""

    used_mb: float
    total_mb: float


@runtime_checkable
class GpuEngine(Engine, Protocol):
    """An engine that can say what its GPU holds, and give its part back."""

    def gpu_memory(self) -> GpuMemory:
        """As of now; any thread may ask. Raises EngineError once it is closed."""

    def close(self) -> None:
        """Give back all that is on the GPU."""
