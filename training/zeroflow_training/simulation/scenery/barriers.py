# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Long things along a way: walls, fences, rails, kerbs, banks.

All are laid in pieces that follow the ground.
"""

import math
from collections.abc import Iterator

from ..classes import ActorClass
from ..dice import Dice
from ..place import Place
from ..world import Openings, WorldBuilder

_LONGEST = 24.0  # m that a piece spans before the ground bends away from it


def _lay(
    world: WorldBuilder, place: Place, length: float, half_range: float, reflectivity: float
) -> Iterator[tuple[int, float]]:
    """Bodies in a line of ``length`` m about ``place``, each with the length that it spans."""
    count = max(1, math.ceil(length / _LONGEST))
    for k in range(count):
        at = place.shifted(length * ((k + 0.5) / count - 0.5))
        body = world.body(at, ActorClass.BARRIER, half_range=half_range, reflectivity=reflectivity)
        yield body, length / count


def add_wall(world: WorldBuilder, dice: Dice, place: Place, length: float, height: float) -> None:
    """Add a wall, retaining wall or parapet."""
    half_range, reflectivity = dice.between(60.0, 140.0), dice.between(10.0, 80.0)
    thickness, pillars = dice.pick((0.1, 0.3, 0.6)), dice.chance(0.3)
    spacing = dice.between(2.0, 6.0)
    for body, piece in _lay(world, place, length, half_range, reflectivity):
        world.box(body, (0.0, 0.0, -1.0), (piece, thickness, height + 1.0))
        for post in range(int(piece / spacing) if pillars else 0):
            at = (-piece / 2 + post * spacing, 0.0, -0.5)
            world.box(body, at, (0.25, thickness + 0.2, height + 0.6))


def add_fence(world: WorldBuilder, dice: Dice, place: Place, length: float) -> None:
    """Add a fence that lets light through: wire mesh, pickets, or rails between posts."""
    half_range, reflectivity = dice.between(40.0, 100.0), dice.between(10.0, 90.0)
    style = dice.pick(("mesh", "pickets", "rails", "wire"), (0.3, 0.35, 0.2, 0.15))
    height = dice.between(0.9, 2.4)
    spacing = dice.between(1.8, 3.2)
    openings, opacity = Openings(), 1.0
    if style == "pickets":
        openings = Openings(dice.between(0.12, 0.3), dice.between(0.3, 0.65))
    elif style == "rails":
        openings = Openings(tier=dice.between(0.3, 0.6), open_tier=dice.between(0.6, 0.85))
    elif style == "mesh":
        openings = Openings(0.05, dice.between(0.6, 0.9), 0.2, 0.9)
    else:
        opacity = dice.between(0.05, 0.4)
    for body, piece in _lay(world, place, length, half_range, reflectivity):
        size = (piece, 0.04, height)
        world.box(body, (0.0, 0.0, 0.05), size, opacity=opacity, openings=openings)
        # All posts of a piece are one box that is open between them.
        posts = Openings(spacing, 1.0 - 0.08 / spacing)
        world.box(body, (0.0, 0.0, -0.5), (piece, 0.08, height + 0.6), openings=posts)


def add_guard_rail(world: WorldBuilder, dice: Dice, place: Place, length: float) -> None:
    """Add a crash barrier: a rail on posts, or a concrete profile."""
    half_range, reflectivity = dice.between(60.0, 120.0), dice.between(20.0, 110.0)
    concrete, spacing = dice.chance(0.3), dice.pick((1.33, 2.0, 4.0))
    height = dice.between(0.7, 1.1)
    for body, piece in _lay(world, place, length, half_range, reflectivity):
        if concrete:
            world.box(body, (0.0, 0.0, -0.3), (piece, 0.6, height + 0.3), side_rake=0.2)
            continue
        world.box(body, (0.0, 0.0, height - 0.31), (piece, 0.1, 0.31))
        posts = Openings(spacing, 1.0 - 0.12 / spacing)
        world.box(body, (0.0, 0.0, -0.5), (piece, 0.12, height + 0.45), openings=posts)


def add_noise_barrier(world: WorldBuilder, dice: Dice, place: Place, length: float) -> None:
    """Add a high wall of panels between regular pillars."""
    height, spacing = dice.between(2.5, 5.5), dice.pick((3.0, 4.0, 5.0))
    opacity = 1.0 if dice.chance(0.8) else dice.between(0.3, 0.8)  # glass
    reflectivity = dice.between(10.0, 60.0)
    pillars = Openings(spacing, 1.0 - 0.2 / spacing)
    for body, piece in _lay(world, place, length, 120.0, reflectivity):
        world.box(body, (0.0, 0.0, -1.0), (piece, 0.12, height + 1.0), opacity=opacity)
        world.box(body, (0.0, 0.0, -1.0), (piece, 0.3, height + 1.1), openings=pillars)


def add_kerb(world: WorldBuilder, place: Place, size: tuple[float, float, float]) -> None:
    """Add one slab of raised pavement (length, width, height in m)."""
    body = world.body(place, ActorClass.BARRIER, half_range=80.0, reflectivity=25.0)
    length, width, height = size
    world.box(body, (0.0, 0.0, -0.5), (length, width, height + 0.5))


def add_embankment(
    world: WorldBuilder, place: Place, size: tuple[float, float, float], slope: float
) -> None:
    """Add a grassy bank (length, width, height in m), its sides ``slope`` m in from foot to top."""
    length, width, height = size
    for body, piece in _lay(world, place, length, 90.0, 30.0):
        box = (piece + 0.3, width, height + 1.0)
        world.box(body, (0.0, 0.0, -1.0), box, side_rake=min(slope, 0.45 * width))
