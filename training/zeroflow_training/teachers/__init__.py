# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Teachers: slow methods that say how each point of a sweep moves, without any labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PseudoLabel:
    """What a teacher says of a pair of sweeps; row i belongs to row i of the source.

    `displacement` float32 [N, 3]: metres towards the target, 0 where not `valid` bool [N].
    `cluster` int32 [N]: number of the thing that a point belongs to, from 1, and 0 for none; None
    where a teacher does not tell things apart. `diagnostics`, plain values: `iterations`, `loss`,
    `seconds`, `valid_share`, and what else there is to tell.
    """

    displacement: Points
    valid: npt.NDArray[np.bool_]
    cluster: npt.NDArray[np.int32] | None = None
    diagnostics: Mapping[str, Any] = field(default_factory=dict)


class Teacher(Protocol):
    """One interface for all; the same answer for the same pair, whatever was asked before."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that its answers depend on, plain values; see `settings.py`."""

    def label(self, source: Points, target: Points) -> PseudoLabel:
        """Flow of `source` float32 [N, 3] towards `target` float32 [M, 3].

        Both in one frame, metres, z up, ego motion and ground removed, every row finite.
        """
