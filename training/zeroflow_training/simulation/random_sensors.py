# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lidars nobody sells, so that no beam table is learnt by heart."""

from dataclasses import replace

import numpy as np

from .dice import Dice
from .scan_heads import ScanHead, SensorModel

STAMPS = (0.0, 0.5, 1.0)
BIASES_M = (0.0, 0.006, 0.012, 0.025)


def random_sensor(dice: Dice) -> SensorModel:
    """Random beam count and spacing, field of view, columns, heads, noise and stamp."""
    heads: tuple[ScanHead, ...] = (_random_head(dice),)
    if dice.chance(0.12):
        second = replace(_random_head(dice), turret=1, offset_m=(0.0, 0.0, -0.2))
        heads += (second,)
    elif dice.chance(0.3):
        # Lasers in two columns a fraction of a firing apart.
        step_deg = 360.0 / heads[0].columns
        heads = heads[0].staggered((0.0, dice.between(0.2, 0.8) * step_deg))
    return SensorModel(
        "random",
        heads,
        max_range_m=dice.between(40.0, 220.0),
        range_noise_m=dice.between(0.003, 0.04),
        range_bias_m=dice.pick(BIASES_M),
        stamp_fraction=dice.pick(STAMPS),
    )


def _random_head(dice: Dice) -> ScanHead:
    beams = dice.pick((16, 20, 24, 32, 40, 48, 64, 80, 100, 128))
    low, high = dice.between(-32.0, -12.0), dice.between(2.0, 22.0)
    if dice.chance(0.1):
        low, high = dice.between(-52.0, -32.0), dice.between(22.0, 52.0)
    # Beams crowded around the horizon, as most automotive lidars have them.
    crowding = dice.between(0.0, 0.8) if dice.chance(0.6) else 0.0
    spread = np.linspace(-1.0, 1.0, beams)
    spread = (1.0 - crowding) * spread + crowding * spread**3
    elevations = np.where(spread < 0.0, -low * spread, high * spread)
    if dice.chance(0.3):  # lasers placed by hand
        uneven = dice.between(0.1, 0.5) * np.diff(elevations).min()
        elevations += np.array([uneven * dice.between(-0.9, 0.9) for _ in range(beams)])
    if beams >= 32 and dice.chance(0.15):  # a gap where two blocks meet
        first = dice.integer(beams // 5, 3 * beams // 5)
        elevations = np.delete(elevations, slice(first, first + dice.integer(2, beams // 6)))
    # Many beams at many columns exist, but cost a training run more than they teach.
    columns = dice.integer(600, 2400 if beams <= 64 else 1800)
    sector = dice.between(60.0, 200.0) if dice.chance(0.12) else 360.0
    return ScanHead(
        tuple(float(e) for e in elevations),
        max(round(columns * sector / 360.0), 300),
        dice.chance(0.7),
        sector_deg=sector,
    )
