# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What stands still, each thing a function that adds it to the world."""

from .barriers import (
    add_embankment,
    add_fence,
    add_guard_rail,
    add_kerb,
    add_noise_barrier,
    add_wall,
)
from .buildings import (
    CONTAINER,
    add_building,
    add_containers,
    add_deck,
    add_hall,
)
from .furniture import (
    add_clutter,
    add_pole,
    add_pole_row,
    add_racks,
    add_shelter,
)
from .overhead import (
    BRIDGE_FOOT,
    add_arcade,
    add_bridge,
    add_cables,
    add_gantry,
    add_signal,
)
from .plants import (
    add_branches,
    add_bush,
    add_grass,
    add_hedge,
    add_tree,
)

__all__ = [
    "BRIDGE_FOOT",
    "CONTAINER",
    "add_arcade",
    "add_branches",
    "add_bridge",
    "add_building",
    "add_bush",
    "add_cables",
    "add_clutter",
    "add_containers",
    "add_deck",
    "add_embankment",
    "add_fence",
    "add_gantry",
    "add_grass",
    "add_guard_rail",
    "add_hall",
    "add_hedge",
    "add_kerb",
    "add_noise_barrier",
    "add_pole",
    "add_pole_row",
    "add_racks",
    "add_shelter",
    "add_signal",
    "add_tree",
    "add_wall",
]
