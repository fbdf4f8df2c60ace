# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Categories that Argoverse 2 annotates, and which of the judged classes each belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zeroflow_training.sequences import FlowClass

# In the order of their numbers in flow labels, which is that of the alphabet.
CATEGORIES = {
    "ANIMAL": FlowClass.UNJUDGED,
    "ARTICULATED_BUS": FlowClass.OTHER_VEHICLES,
    "BICYCLE": FlowClass.WHEELED_VRU,
    "BICYCLIST": FlowClass.WHEELED_VRU,
    "BOLLARD": FlowClass.UNJUDGED,
    "BOX_TRUCK": FlowClass.OTHER_VEHICLES,
    "BUS": FlowClass.OTHER_VEHICLES,
    "CONSTRUCTION_BARREL": FlowClass.UNJUDGED,
    "CONSTRUCTION_CONE": FlowClass.UNJUDGED,
    "DOG": FlowClass.UNJUDGED,
    "LARGE_VEHICLE": FlowClass.OTHER_VEHICLES,
    "MESSAGE_BOARD_TRAILER": FlowClass.UNJUDGED,
    "MOBILE_PEDESTRIAN_CROSSING_SIGN": FlowClass.UNJUDGED,
    "MOTORCYCLE": FlowClass.WHEELED_VRU,
    "MOTORCYCLIST": FlowClass.WHEELED_VRU,
    "OFFICIAL_SIGNALER": FlowClass.PEDESTRIAN,
    "PEDESTRIAN": FlowClass.PEDESTRIAN,
    "RAILED_VEHICLE": FlowClass.OTHER_VEHICLES,
    "REGULAR_VEHICLE": FlowClass.CAR,
    "SCHOOL_BUS": FlowClass.OTHER_VEHICLES,
    "SIGN": FlowClass.UNJUDGED,
    "STOP_SIGN": FlowClass.UNJUDGED,
    "STROLLER": FlowClass.PEDESTRIAN,
    "TRAFFIC_LIGHT_TRAILER": FlowClass.UNJUDGED,
    "TRUCK": FlowClass.OTHER_VEHICLES,
    "TRUCK_CAB": FlowClass.OTHER_VEHICLES,
    "VEHICULAR_TRAILER": FlowClass.OTHER_VEHICLES,
    "WHEELCHAIR": FlowClass.PEDESTRIAN,
    "WHEELED_DEVICE": FlowClass.WHEELED_VRU,
    "WHEELED_RIDER": FlowClass.WHEELED_VRU,
}
_CLASS_OF_NUMBER = np.array([FlowClass.BACKGROUND, *CATEGORIES.values()], np.uint8)


def flow_classes(
    numbers: npt.NDArray[np.integer[Any]], background: int
) -> npt.NDArray[np.uint8] | None:
    """FlowClass of each point, uint8 [N]; None where a number is of no category.

    `numbers` int [N]: `background`, and from the next one on the categories.
    """
    from_zero = numbers.astype(np.int64) - background
    if len(from_zero) and not 0 <= from_zero.min() <= from_zero.max() < len(_CLASS_OF_NUMBER):
        return None
    return _CLASS_OF_NUMBER[from_zero]
