# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How fast things go, and how that changes: cruising, braking, starting, manoeuvring."""

from dataclasses import replace

from .dice import Dice
from .motion import Motion

STAND, CREEP = 0.0, (0.3, 2.0)  # m/s; creeping is what networks miss


def change_pace(dice: Dice, motion: Motion, duration_s: float) -> Motion:
    """``motion`` with its speed changed at some time that a scene of this length shows."""
    speed = motion.speed
    begin = dice.between(-1.5, max(0.4, 0.8 * duration_s))
    if speed < 0.3:
        return motion.reaching(dice.between(0.3, 8.0), dice.between(0.5, 3.0), begin)
    kind = dice.pick(("stop", "slow", "faster"), (0.5, 0.25, 0.25))
    if kind == "faster":
        return motion.reaching(speed * dice.between(1.1, 1.6) + 0.5, dice.between(0.4, 2.5), begin)
    final = STAND if kind == "stop" else speed * dice.between(0.2, 0.8)
    return motion.reaching(final, dice.between(0.6, 6.0), begin)


def stop_after(motion: Motion, distance: float) -> Motion | None:
    """``motion`` braking from time 0 to stand ``distance`` m further on, None if too hard."""
    needed = motion.speed**2 / (2.0 * max(distance, 0.1))
    return motion.reaching(STAND, needed) if 0.05 < needed < 6.0 else None


def walking_speed(dice: Dice) -> float:
    """Speed of a person, m/s: standing, strolling, walking, running."""
    if dice.chance(0.25):
        return STAND
    if dice.chance(0.06):
        return dice.between(2.0, 4.5)
    if dice.chance(0.3):
        return dice.between(0.3, 1.0)
    return max(0.3, dice.normal(1.35, 0.3))


def leaving(dice: Dice, duration_s: float, path: Motion, direction: float) -> Motion:
    """Out of a parking place along ``path``, ahead (1) or back (-1), from standing."""
    begin = dice.between(-3.0, max(0.4, 0.5 * duration_s))
    speed = direction * dice.between(0.5, 2.5)
    return replace(path, speed=STAND).reaching(speed, dice.between(0.4, 1.2), begin)


def arriving(dice: Dice, duration_s: float, path: Motion, direction: float) -> Motion:
    """Into a parking place, the path's pose, ahead (1) or back (-1), and standing there."""
    speed, braking = dice.between(0.5, 2.5), dice.between(0.3, 1.0)
    begin = dice.between(-0.8 * speed / braking, max(0.4, 0.5 * duration_s))
    way = speed * begin + 0.5 * speed**2 / braking
    if begin < 0.0:
        way = 0.5 * (speed + braking * begin) ** 2 / braking
    entering = replace(path, speed=direction * speed, lag=direction * way)
    return entering.reaching(STAND, braking, begin)
