# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PointClass: what a judged point belongs to, as the boards of Argoverse 2 group it.

BACKGROUND to WHEELED_VRU are the five classes of BucketedSceneFlowEval 2.0.25 (Khatri et al.
2024). Signs, cones, signal trailers and animals are labelled too, but in none.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from zeroflow_training.simulation.classes import ActorClass

Classes = npt.NDArray[np.uint8]
"""A PointClass for each point."""


class PointClass(IntEnum):
    """Class of a point; uint8 in arrays."""

    BACKGROUND = 0
    CAR = 1
    OTHER_VEHICLES = 2
    PEDESTRIAN = 3
    WHEELED_VRU = 4
    OTHER = 5  # labelled, of none of the four above, or of a class that nobody knows
    UNKNOWN = 6  # nobody knows whether it is labelled
    GROUND = 7  # kept apart: counts in no other group


MOVERS = (
    *(PointClass.CAR, PointClass.OTHER_VEHICLES),
    *(PointClass.PEDESTRIAN, PointClass.WHEELED_VRU),
)
"""Foreground of BucketedSceneFlowEval."""
FOREGROUND = (*MOVERS, PointClass.OTHER)
"""Foreground of av2-api: whatever carries a label."""
BOARD = (PointClass.BACKGROUND, *MOVERS)
JUDGED = tuple(member for member in PointClass if member is not PointClass.GROUND)

_SIMULATED_MEMBERS = {
    PointClass.CAR: {ActorClass.CAR, ActorClass.VAN},
    PointClass.OTHER_VEHICLES: {
        *(ActorClass.TRUCK, ActorClass.BUS, ActorClass.TRAILER),
        *(ActorClass.TRAM, ActorClass.MACHINE),
    },
    PointClass.PEDESTRIAN: {ActorClass.PEDESTRIAN},
    PointClass.WHEELED_VRU: {ActorClass.CYCLIST, ActorClass.MOTORCYCLE, ActorClass.SCOOTER},
    PointClass.OTHER: {ActorClass.ANIMAL},
    PointClass.GROUND: {ActorClass.GROUND},
    PointClass.BACKGROUND: {
        *(ActorClass.BUILDING, ActorClass.BARRIER, ActorClass.POLE),
        *(ActorClass.VEGETATION, ActorClass.CLUTTER, ActorClass.NOISE),
    },
}


def of_simulated(class_id: npt.NDArray[np.uint8]) -> Classes:
    """Classes uint8 [N] of `class_id` uint8 [N] (ActorClass); UNKNOWN for what is mixed."""
    return _SIMULATED_TABLE[class_id]


def of_foreground(foreground: npt.NDArray[np.bool_]) -> Classes:
    """Classes uint8 [N] where only the labelled points are known (bool [N])."""
    return np.where(foreground, PointClass.OTHER, PointClass.BACKGROUND).astype(np.uint8)


_SIMULATED_TABLE = np.full(256, PointClass.UNKNOWN, np.uint8)
for _group, _members in _SIMULATED_MEMBERS.items():
    _SIMULATED_TABLE[list(_members)] = _group
