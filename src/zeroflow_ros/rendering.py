# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bird's-eye pictures of sweeps and their flow, with NumPy and Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zeroflow_ros.coloring import MAX_SPEED_MPS, Colors, flow_colors
from zeroflow_ros.errors import MissingPackageError
from zeroflow_ros.files import written_atomically
from zeroflow_ros.flow import MOVING_MPS
from zeroflow_ros.geometry import Points

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["EXTENT_M", "bare_birdseye", "birdseye", "flow_colors", "require_pillow", "save_png"]

EXTENT_M = 51.2
"""How far the models look to each side, and so do pictures."""
_POINT_PIXELS = 700
"""A point is one pixel wide in a picture of that many, if it shows the whole range."""


def birdseye(
    points: Points,
    velocity: Points,
    *,
    valid: npt.NDArray[np.bool_] | None = None,
    title: str = "",
    extent_m: float = EXTENT_M,
    pixels: int = 1200,
    max_speed: float = MAX_SPEED_MPS,
) -> Image:
    """Picture [pixels, pixels] of a sweep from above: sensor in the middle, x forward is up.

    `points` [N, 3] in metres and `velocity` [N, 3] in m/s in the sensor's frame; `extent_m` from
    the middle to each edge. Points that are not `valid` (bool [N]) are dim, NaN points left out.
    Raises MissingPackageError without Pillow.
    """
    image = bare_birdseye(
        points, velocity, valid=valid, extent_m=extent_m, pixels=pixels, max_speed=max_speed
    )
    from zeroflow_ros.legend import Annotator

    annotator = Annotator(image)
    annotator.vehicle(extent_m)
    annotator.scale_bar(extent_m)
    annotator.wheel(max_speed)
    annotator.title(title)
    return image


def bare_birdseye(
    points: Points,
    velocity: Points,
    *,
    valid: npt.NDArray[np.bool_] | None = None,
    extent_m: float = EXTENT_M,
    pixels: int = 1200,
    max_speed: float = MAX_SPEED_MPS,
) -> Image:
    """The same with the points alone, for those who write onto it themselves."""
    require_pillow()
    from PIL.Image import fromarray

    from zeroflow_ros.legend import BACKGROUND

    canvas = np.full((pixels, pixels, 3), BACKGROUND, np.uint8)
    colors = flow_colors(velocity, max_speed, valid)
    _plot(canvas, points, colors, np.hypot(velocity[:, 0], velocity[:, 1]), extent_m)
    return fromarray(canvas)


def save_png(image: Image, path: str | Path) -> Path:
    """Write a picture as PNG, complete or not at all. Raises ZeroflowError."""
    path = Path(path)
    with written_atomically(path) as scratch:
        image.save(scratch, format="PNG", optimize=True)
    return path


def require_pillow() -> None:
    """Raise MissingPackageError without Pillow: before long work, not after it."""
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("pillow", "drawing pictures", "viz") from error


def _plot(
    canvas: Colors,
    points: Points,
    colors: Colors,
    speed: npt.NDArray[np.float32],
    extent_m: float,
) -> None:
    """Paint the points as small squares; moving ones larger and on top."""
    pixels = len(canvas)
    inside = (np.abs(points[:, :2]) < extent_m).all(axis=1)  # False for NaN
    order = np.flatnonzero(inside)
    order = order[np.argsort(speed[order], kind="stable")]
    scale = pixels / (2 * extent_m)
    rows = ((extent_m - points[order, 0]) * scale).astype(np.intp)
    columns = ((extent_m - points[order, 1]) * scale).astype(np.intp)
    first_moving = int(np.searchsorted(speed[order], MOVING_MPS))
    # Points lie further apart in a picture of less: there they are larger, too.
    thin = max(1, round(pixels / _POINT_PIXELS * (EXTENT_M / extent_m) ** 0.5))
    for part, side in ((slice(0, first_moving), thin), (slice(first_moving, None), 2 * thin)):
        for down in range(side):
            for right in range(side):
                y = np.minimum(rows[part] + down - side // 2, pixels - 1)
                x = np.minimum(columns[part] + right - side // 2, pixels - 1)
                canvas[np.maximum(y, 0), np.maximum(x, 0)] = colors[order[part]]
