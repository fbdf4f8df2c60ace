# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Regions around the sensor that a board judges on its own, and the places they consist of.

A place is the part of one ring of range that is inside, or outside, the box |x|, |y| <= 35 m, so
that sums over places give every region.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points

BOX_M = 35.0
"""av2-api: what is close. BucketedSceneFlowEval: below 35 m, in the frame of the sequence."""
RING_EDGES_M = (20.0, 35.0, 50.0)
RINGS = ("0-20 m", "20-35 m", "35-50 m", "over 50 m")
PLACES = 2 * len(RINGS)

CLOSE, EVERYWHERE = "70 x 70 m", "everywhere"
REGIONS: dict[str, tuple[int, ...]] = {
    CLOSE: tuple(range(0, PLACES, 2)),
    EVERYWHERE: tuple(range(PLACES)),
    **{name: (2 * ring, 2 * ring + 1) for ring, name in enumerate(RINGS)},
}
"""The places of each region, by its name."""


def place_of(points: Points) -> npt.NDArray[np.intp]:
    """The place [N] of each point [N, 3] (metres, sensor frame); rings by horizontal distance."""
    ring = np.searchsorted(RING_EDGES_M, np.hypot(points[:, 0], points[:, 1]), side="right")
    return 2 * ring + (np.abs(points[:, :2]) > BOX_M).any(axis=1)
