# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Surfaces: which way each point faces, and how far apart a lidar's points lie on it.

A lidar's rings travel with it. Point by point, what stands then seems to move along its own
surface, with the vehicle; across the surface it does not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import Points
from zeroflow_training.teachers.clusters import FLATTENED

NEIGHBOURS = 10
SPACING = 6  # the distance to which neighbour is the spacing
LINE = 0.05  # of the largest spread, and neighbours lie on one ring
UPRIGHT = 0.1  # a ring with less of it in the plane says nothing of the surface

F32 = npt.NDArray[np.float32]


class Surfaces(NamedTuple):
    """Of N points with flattened heights: unit `normal` float32 [N, 3] and `spacing` float32 [N],
    metres.
    """

    normal: F32
    spacing: F32


def surfaces(points: Points) -> Surfaces:
    """Normals of the neighbours' least spread; of points [N, 3] m.

    Neighbours on one ring leave that open: then the surface is taken to be upright.
    """
    from scipy.spatial import cKDTree

    if len(points) < 2:
        return Surfaces(np.zeros((len(points), 3), np.float32), np.ones(len(points), np.float32))
    flat = points * np.array([1, 1, FLATTENED], np.float32)
    count = min(NEIGHBOURS, len(flat))
    distance, neighbour = cKDTree(flat).query(flat, k=count)
    around = flat[neighbour]
    around -= around.mean(1, keepdims=True)
    spread, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", around, around))
    normal, along = axes[:, :, 0], axes[:, :, 2]
    level = np.stack([-along[:, 1], along[:, 0], np.zeros(len(along))], 1)
    length = np.linalg.norm(level, axis=1)
    on_a_ring = (spread[:, 1] < LINE * spread[:, 2]) & (length > UPRIGHT)
    normal[on_a_ring] = level[on_a_ring] / length[on_a_ring, None]
    spacing = distance[:, min(SPACING, count - 1)]
    return Surfaces(normal.astype(np.float32), spacing.astype(np.float32))
