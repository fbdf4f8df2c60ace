# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The colour wheel of flow: direction -> hue, speed -> strength, standing still -> grey.

Colours are chosen in OKLab (Ottosson 2020), where all hues look equally bright: on a dark
background a car that drives away is as easy to see as one that comes.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from zeroflow_ros.flow import MOVING_MPS
from zeroflow_ros.geometry import Points

MAX_SPEED_MPS = 10.0
"""Speed of full colour; fixed, so that pictures and sweeps can be compared."""

UNKNOWN = (62, 64, 72)
"""Of points without an estimate: darker than whatever stands."""

Colors = npt.NDArray[np.uint8]

_HUES, _SHADES = 256, 64
_STATIC_LIGHTNESS, _FULL_LIGHTNESS, _FULL_CHROMA = 0.6, 0.8, 0.16
_LMS_FROM_OKLAB = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_RGB_FROM_LMS = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def flow_colors(
    velocity: Points,
    max_speed: float = MAX_SPEED_MPS,
    valid: npt.NDArray[np.bool_] | None = None,
) -> Colors:
    """Colours uint8 [N, 3] (r, g, b) of velocities float32 [N, 3] in m/s.

    Hue is the direction in the x-y plane; strength grows with the square root of the speed, so
    that a pedestrian differs from a wall, and is full from `max_speed` on. Below MOVING_MPS, where
    motion is not told from noise, all is grey. What is not `valid` (bool [N]) is UNKNOWN.
    """
    vx, vy = velocity[:, 0], velocity[:, 1]
    speed = np.hypot(vx, vy)
    strength = np.sqrt(np.clip(speed / max_speed, 0, 1)) * (speed >= MOVING_MPS)
    shade = (strength * (_SHADES - 1) + 0.5).astype(np.intp)
    turn = np.arctan2(vy, vx) / (2 * np.pi)
    hue = np.floor(turn * _HUES + 0.5).astype(np.intp) % _HUES
    colors = _wheel()[shade, hue]
    if valid is not None:
        colors[~valid] = UNKNOWN
    return colors


@cache
def _wheel() -> Colors:
    """All colours, uint8 [shades, hues, 3]; a table, because the node colours 100k points."""
    strength = np.linspace(0, 1, _SHADES)[:, None]
    angle = np.arange(_HUES)[None, :] * (2 * np.pi / _HUES)
    lightness = _STATIC_LIGHTNESS + (_FULL_LIGHTNESS - _STATIC_LIGHTNESS) * strength
    chroma = _FULL_CHROMA * strength
    oklab = np.stack(
        np.broadcast_arrays(lightness, chroma * np.cos(angle), chroma * np.sin(angle)), axis=-1
    )
    linear = np.clip((oklab @ _LMS_FROM_OKLAB.T) ** 3 @ _RGB_FROM_LMS.T, 0, 1)
    curved = 1.055 * linear ** (1 / 2.4) - 0.055
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, curved)
    return np.round(255 * srgb).astype(np.uint8)
