# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a simulated return was reflected by."""

from enum import IntEnum


class ActorClass(IntEnum):
    """Semantic class of a simulated point (``class_id`` of a sweep, uint8)."""

    GROUND = 0
    BUILDING = 1
    BARRIER = 2  # walls, fences, kerbs, embankments
    POLE = 3  # poles, trunks of signs and lamps
    VEGETATION = 4
    CLUTTER = 5
    NOISE = 6  # dust and specks that belong to nothing
    MIXED = 254  # half of what moves, or its mirror image: no motion of its own
    OWN_VEHICLE = 255  # the body of the vehicle that carries the sensor
    CAR = 7
    VAN = 8
    TRUCK = 9
    BUS = 10
    PEDESTRIAN = 11
    CYCLIST = 12
    TRAILER = 13
    TRAM = 14
    MOTORCYCLE = 15
    SCOOTER = 16
    ANIMAL = 17
    MACHINE = 18

    @property
    def is_actor(self) -> bool:
        """Whether objects of this class can move by themselves (they carry an instance id)."""
        return ActorClass.CAR <= self < ActorClass.MIXED


NO_MOTION = (ActorClass.OWN_VEHICLE, ActorClass.MIXED)
"""Whose flow nobody asks for: it moves as the sensor does, or has no motion of its own."""
