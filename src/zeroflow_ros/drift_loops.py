# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The loop behind drift, compiled: closest-point steps of the whole still world."""

from __future__ import annotations

from typing import Any

import numpy as np

from zeroflow_ros.earlier_loops import INDEX, REACH_M, SOFT_M, moved_back, nearest
from zeroflow_ros.jit import FLOAT_ROWS, compiled
from zeroflow_ros.pillar_loops import F32, F64, I32

STEPS = 16
SETTLED_M = 0.001
MIN_FOUND = 50  # points; fewer do not speak for the world
RADIUS_M = 20.0  # where a turn has settled when its arc has
# A turn is as sure as its lever is long: one thing alone, a car or a tree, must not turn the world.
TURN_PRIOR_M2 = 25.0


@compiled(FLOAT_ROWS, *INDEX)
def drifted(rows: F32, start: I32, offsets: F32, size: Any, cell_m: Any) -> F64:
    """Shift in x and y (m) and turn (rad) about the grid's middle, [3], since a sweep of `INDEX`.

    `rows` [n, 3]: points of the still world, from the grid's corner. Weighted closest points, as in
    `pull`; a step's turn is about the middle of what was found, where it leaves the shift alone.
    Zeros where little is found.
    """
    middle, drift = 0.5 * size * cell_m, np.zeros(3)
    way, weight = np.empty((len(rows), 2)), np.empty(len(rows))
    for _ in range(STEPS):
        there = moved_back(rows, middle, middle, drift[2], drift[:2])
        found, total, x, y, shift_x, shift_y = 0, 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(len(there)):
            distance, way[k, 0], way[k, 1] = nearest(
                there[k, 0], there[k, 1], there[k, 2], start, offsets, size, cell_m
            )
            near = distance < REACH_M
            weight[k] = 1 / (distance + SOFT_M) if near else 0.0
            found += int(near)
            total += weight[k]
            x += weight[k] * there[k, 0]
            y += weight[k] * there[k, 1]
            shift_x += weight[k] * way[k, 0]
            shift_y += weight[k] * way[k, 1]
        if found < MIN_FOUND:
            return np.zeros(3)
        x, y, shift_x, shift_y = x / total, y / total, shift_x / total, shift_y / total
        moment, square = 0.0, 0.0
        for k in range(len(there)):
            u, v = there[k, 0] - x, there[k, 1] - y
            moment += weight[k] * (u * way[k, 1] - v * way[k, 0])
            square += weight[k] * (u * u + v * v)
        # Of the whole turn: against each step, the steps would add up.
        prior = total * TURN_PRIOR_M2
        turn = (moment - prior * drift[2]) / (square + prior)
        # Of the grid's middle, as it is now, about the middle of what was found.
        u, v = middle - drift[0] - x, middle - drift[1] - y
        cos, sin = np.cos(turn), np.sin(turn)
        drift[0] = middle - (x + cos * u + sin * v - shift_x)
        drift[1] = middle - (y - sin * u + cos * v - shift_y)
        drift[2] += turn
        if max(abs(shift_x), abs(shift_y), RADIUS_M * abs(turn)) < SETTLED_M:
            break
    return drift
