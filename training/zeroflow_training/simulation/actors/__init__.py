# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What moves by itself: vehicles, people, riders, animals, machines."""

from .animals import add_deer, add_dog
from .machines import FORKLIFT_SIZE, add_carrier, add_forklift
from .people import add_pedestrian
from .riders import add_cyclist, add_motorcycle, add_scooter
from .trailers import TRAM_SECTION, TRAM_WIDTH, add_trailer, add_tram, draw_trailer
from .vehicles import VEHICLE_SHARES, VEHICLES, Vehicle, add_vehicle

__all__ = [
    "FORKLIFT_SIZE",
    "TRAM_SECTION",
    "TRAM_WIDTH",
    "VEHICLES",
    "VEHICLE_SHARES",
    "Vehicle",
    "add_carrier",
    "add_cyclist",
    "add_deer",
    "add_dog",
    "add_forklift",
    "add_motorcycle",
    "add_pedestrian",
    "add_scooter",
    "add_trailer",
    "add_tram",
    "add_vehicle",
    "draw_trailer",
]
