# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ground of sequences that come without a map, by Patchwork++ as on the vehicle."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from zeroflow_ros.errors import MissingPackageError
from zeroflow_ros.geometry import Transform
from zeroflow_ros.ground import PatchworkGround
from zeroflow_ros.pillars import PillarGrid
from zeroflow_training.sequences import SequenceWriter

# As far as Patchwork++ looks, and as far below the road as a slope leads there.
GRID = PillarGrid(range_m=80.0, cell_m=0.4, z_min_m=-8.0, z_max_m=20.0)


def require_patchwork() -> None:
    """Raise MissingPackageError without it: before a folder is made, because ground comes last."""
    if find_spec("pypatchworkpp") is None:
        raise MissingPackageError("pypatchworkpp", "finding the ground", "training")


def mark_ground(writer: SequenceWriter, level: Transform) -> None:
    """Say of all sweeps that were added which points are ground, seen from the levelled frame.

    `level` [4, 4], levelled <- sensor. Patchwork++ adapts to what it saw before, so each sequence
    has its own. `require_patchwork` comes before.
    """
    segmenter = PatchworkGround()
    for number in range(len(writer)):
        points = writer.sweep(number).posed.sweep.points
        is_ground = np.zeros(len(points), bool)
        is_ground[segmenter.split(GRID, GRID.locate(points, level)).ground_rows] = True
        writer.replace_ground(number, is_ground)
