# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Drift: how the still world seems to have moved, which is what the ego motion is wrong by.

Odometry is good to centimetres, and a centimetre between two sweeps is 0.1 m/s of everything. What
the network finds still is laid onto each earlier sweep, as one body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from zeroflow_ros.drift_loops import drifted
from zeroflow_ros.earlier import EarlierIndex
from zeroflow_ros.pillar_loops import I32
from zeroflow_ros.samples import Samples


def with_drift(
    earlier: EarlierIndex, still: Samples, each: Callable[..., Iterable[Any]] = map
) -> EarlierIndex:
    """The earlier sweeps, and how the still world drifted since each of them.

    `still`: points of all that does not move, as of one body. Each sweep by itself: errors of
    odometry do not grow evenly. `each` maps a function over the sweeps.
    """

    def since(start: I32) -> Any:
        return drifted(still.rows, start, earlier.offsets, earlier.size, earlier.cell_m)

    return earlier._replace(drift=np.stack(list(each(since, earlier.start))))
