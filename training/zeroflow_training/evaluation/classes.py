# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""PointClass: what a judged point belongs to, as the boards of Argoverse 2 group it.

BACKGROUND to WHEELED_VRU are the five classes of BucketedSceneFlowEval 2.0.25 (Khatri et al.
2024), with its members. Signs, cones, signal trailers and animals are labelled too, but in none.
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

ARGOVERSE2 = (
    *("NONE", "ANIMAL", "ARTICULATED_BUS", "BICYCLE", "BICYCLIST", "BOLLARD", "BOX_TRUCK", "BUS"),
    *("CONSTRUCTION_BARREL", "CONSTRUCTION_CONE", "DOG", "LARGE_VEHICLE"),
    *("MESSAGE_BOARD_TRAILER", "MOBILE_PEDESTRIAN_CROSSING_SIGN", "MOTORCYCLE", "MOTORCYCLIST"),
    *("OFFICIAL_SIGNALER", "PEDESTRIAN", "RAILED_VEHICLE", "REGULAR_VEHICLE", "SCHOOL_BUS"),
    *("SIGN", "STOP_SIGN", "STROLLER", "TRAFFIC_LIGHT_TRAILER", "TRUCK", "TRUCK_CAB"),
    *("VEHICULAR_TRAILER", "WHEELCHAIR", "WHEELED_DEVICE", "WHEELED_RIDER"),
)
"""Categories of Argoverse 2 by their index in av2-api."""
_ARGOVERSE2_MEMBERS = {
    PointClass.BACKGROUND: {"NONE"},
    PointClass.CAR: {"REGULAR_VEHICLE"},
    PointClass.OTHER_VEHICLES: {
        *("ARTICULATED_BUS", "BOX_TRUCK", "BUS", "LARGE_VEHICLE", "RAILED_VEHICLE"),
        *("SCHOOL_BUS", "TRUCK", "TRUCK_CAB", "VEHICULAR_TRAILER"),
    },
    PointClass.PEDESTRIAN: {"OFFICIAL_SIGNALER", "PEDESTRIAN", "STROLLER", "WHEELCHAIR"},
    PointClass.WHEELED_VRU: {
        *("BICYCLE", "BICYCLIST", "MOTORCYCLE", "MOTORCYCLIST"),
        *("WHEELED_DEVICE", "WHEELED_RIDER"),
    },
}
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


def of_argoverse2(category: npt.NDArray[np.uint8]) -> Classes:
    """Classes uint8 [N] of category indices [N] as av2-api counts them: 0 is no label.

    BucketedSceneFlowEval and its label files count one less: -1 is no label. An index above 30 is
    labelled, of a category that came later.
    """
    return _ARGOVERSE2_TABLE[category]


def of_simulated(class_id: npt.NDArray[np.uint8]) -> Classes:
    """Classes uint8 [N] of `class_id` uint8 [N] (ActorClass); UNKNOWN for what is mixed."""
    return _SIMULATED_TABLE[class_id]


def of_foreground(foreground: npt.NDArray[np.bool_]) -> Classes:
    """Classes uint8 [N] where only the labelled points are known (bool [N])."""
    return np.where(foreground, PointClass.OTHER, PointClass.BACKGROUND).astype(np.uint8)


def _table(default: PointClass, members: dict[int, PointClass]) -> Classes:
    table = np.full(256, default, np.uint8)
    table[list(members)] = list(members.values())
    return table


_ARGOVERSE2_TABLE = _table(
    PointClass.OTHER,
    {ARGOVERSE2.index(n): group for group, names in _ARGOVERSE2_MEMBERS.items() for n in names},
)
_SIMULATED_TABLE = _table(
    PointClass.UNKNOWN,
    {member: group for group, members in _SIMULATED_MEMBERS.items() for member in members},
)
