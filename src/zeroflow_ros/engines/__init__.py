# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engines: one file per inference engine, one contract for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

Tensors = Mapping[str, npt.NDArray[np.generic]]


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
