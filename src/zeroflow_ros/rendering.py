# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bird's-eye pictures of sweeps and their flow, with NumPy and Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zeroflow_ros.coloring import MAX_SPEED_MPS, Colors, flow_colors
from zeroflow_ros.errors import MissingPackageError
from zeroflow_ros.files import written_atomically
from zeroflow_ros.flow import MOVING_MPS
from zeroflow_ros.geometry import Points

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

__all__ = ["birdseye", "flow_colors", "save_png"]

_BACKGROUND, _TEXT = (16, 17, 21), (236, 238, 242)


def birdseye(
    points: Points,
    velocity: Points,
    *,
    valid: npt.NDArray[np.bool_] | None = None,
    title: str = "",
    extent_m: float = 51.2,
    pixels: int = 1200,
    max_speed: float = MAX_SPEED_MPS,
    text_size: float = 1.0,
) -> Image:
    """Picture [pixels, pixels] of a sweep from above: sensor in the middle, x forward is up.

    `points` [N, 3] in metres and `velocity` [N, 3] in m/s in the sensor's frame; `extent_m` from
    the middle to each edge. Points that are not `valid` (bool [N]) are dim, NaN points left out.
    Above a `text_size` of 1 texts stay readable in a picture that is a part of a larger one.
    Raises MissingPackageError without Pillow.
    """
    image_module, draw_module = _pillow()
    canvas = np.full((pixels, pixels, 3), _BACKGROUND, np.uint8)
    colors = flow_colors(velocity, max_speed, valid)
    _plot(canvas, points, colors, np.hypot(velocity[:, 0], velocity[:, 1]), extent_m)
    _wheel(canvas, max_speed)
    image: Image = image_module.fromarray(canvas)
    draw = draw_module.Draw(image)
    _draw_ego(draw, pixels, extent_m)
    _draw_scale_bar(draw, pixels, extent_m, text_size)
    _draw_texts(draw, pixels, title, max_speed, text_size)
    return image


def save_png(image: Image, path: str | Path) -> Path:
    """Write a picture as PNG, complete or not at all. Raises ZeroflowError."""
    path = Path(path)
    with written_atomically(path) as scratch:
        image.save(scratch, format="PNG", optimize=True)
    return path


def _pillow() -> tuple[Any, Any]:
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise MissingPackageError("pillow", "drawing pictures", "viz") from error
    return Image, ImageDraw


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
    thin = max(1, round(pixels / 800))
    for part, side in ((slice(0, first_moving), thin), (slice(first_moving, None), 2 * thin)):
        for down in range(side):
            for right in range(side):
                y = np.minimum(rows[part] + down - side // 2, pixels - 1)
                x = np.minimum(columns[part] + right - side // 2, pixels - 1)
                canvas[np.maximum(y, 0), np.maximum(x, 0)] = colors[order[part]]


def _wheel_box(pixels: int) -> tuple[int, int, int]:
    """Centre (x, y) and radius of the legend, bottom right."""
    radius = pixels // 14
    return pixels - radius - pixels // 22, pixels - radius - pixels // 11, radius


def _wheel(canvas: Colors, max_speed: float) -> None:
    """Paint the legend: the colour of each velocity, forward is up as in the picture."""
    x, y, radius = _wheel_box(len(canvas))
    steps = np.arange(-radius, radius + 1) / radius
    vx, vy = np.meshgrid(-steps, -steps, indexing="ij")
    velocity = np.stack([vx, vy, np.zeros_like(vx)], axis=-1).reshape(-1, 3) * max_speed
    colors = flow_colors(velocity.astype(np.float32), max_speed).reshape(*vx.shape, 3)
    box = canvas[y - radius : y + radius + 1, x - radius : x + radius + 1]
    disc = np.hypot(vx, vy) <= 1
    box[disc] = colors[disc]


def _draw_ego(draw: ImageDraw, pixels: int, extent_m: float) -> None:
    """An arrow where the sensor is, about as long as a car."""
    middle = pixels / 2
    length = max(2.4 * pixels / (2 * extent_m), pixels / 80)
    tip, tail = middle - length, middle + length
    side = 0.55 * length
    shape = [(middle, tip), (middle + side, tail), (middle, tail - side), (middle - side, tail)]
    draw.polygon(shape, fill=_TEXT, outline=_BACKGROUND)


def _draw_scale_bar(draw: ImageDraw, pixels: int, extent_m: float, text_size: float) -> None:
    """A bar of a round length, bottom left."""
    metres = next((m for m in (100, 50, 20, 10, 5, 2) if m <= extent_m / 2), 1)
    length = metres * pixels / (2 * extent_m)
    left, bottom, tick = pixels // 30, pixels - pixels // 30, pixels // 120
    draw.line([(left, bottom), (left + length, bottom)], fill=_TEXT, width=max(2, pixels // 400))
    for x in (left, left + length):
        draw.line([(x, bottom - tick), (x, bottom + tick)], fill=_TEXT, width=max(2, pixels // 400))
    _write(draw, (left, bottom - pixels // 60), f"{metres} m", pixels, "lb", text_size)


def _draw_texts(
    draw: ImageDraw, pixels: int, title: str, max_speed: float, text_size: float
) -> None:
    x, y, radius = _wheel_box(pixels)
    gap = pixels // 100
    _write(draw, (x, y - radius - gap), "forward", pixels, "mb", 0.8 * text_size)
    label = f"grey: below {MOVING_MPS:g} m/s, rim: {max_speed:g} m/s or more"
    _write(
        draw, (pixels - pixels // 30, pixels - pixels // 30), label, pixels, "rb", 0.8 * text_size
    )
    if title:
        _write(draw, (pixels // 30, pixels // 30), title, pixels, "lt", 1.15 * text_size)


def _write(
    draw: ImageDraw,
    at: tuple[float, float],
    text: str,
    pixels: int,
    anchor: str,
    size: float,
) -> None:
    """Text with a dark rim, readable on top of points."""
    from PIL import ImageFont

    font = ImageFont.load_default(max(10.0, size * pixels / 44))
    rim = max(1, pixels // 400)
    draw.text(at, text, _TEXT, font, anchor, stroke_width=rim, stroke_fill=_BACKGROUND)
