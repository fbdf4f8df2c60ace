# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FlowClass: what kind of thing a labelled point is on, as scene flow is judged."""

from enum import IntEnum


class FlowClass(IntEnum):
    """The five classes of BucketedSceneFlowEval (`class_id` of true flow, uint8).

    UNJUDGED is none of them: annotated, but left out there (signs, cones, animals).
    """

    BACKGROUND = 0
    CAR = 1
    OTHER_VEHICLES = 2
    PEDESTRIAN = 3
    WHEELED_VRU = 4  # bicycles, motorcycles, scooters, and who rides them
    UNJUDGED = 255
