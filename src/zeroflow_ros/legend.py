# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is written onto a bird's-eye picture: title, colour wheel, scale bar and the vehicle.

All sizes are multiples of the height of the text, and the text is a share of the picture: at half
its size everything can still be read. Needs Pillow.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from zeroflow_ros.coloring import flow_colors
from zeroflow_ros.flow import MOVING_MPS

TEXT, BACKGROUND = (236, 238, 242), (16, 17, 21)
_BOX, _RIM = (26, 28, 34), (84, 87, 96)
_LINES_IN_PICTURE = 42
_SMALL, _LINE, _PADDING, _RADIUS = 0.85, 1.15, 0.5, 2.8  # of the text's height
_SMOOTH = 4  # shapes are drawn that much larger and scaled down


class Annotator:
    """Writes onto a square picture, each item on a box of its own.

    Nothing shines through a box: a darkened point would look like one without an estimate.
    """

    def __init__(self, image: Image.Image, text_size: float = 1.0) -> None:
        """`text_size` above 1: for a picture that is a part of a larger one."""
        self._image = image
        self._draw = ImageDraw.Draw(image)
        self.pixels = image.width
        self.unit = max(10.0, text_size * self.pixels / _LINES_IN_PICTURE)
        self._margin = self.pixels / 60

    def title(self, title: str) -> None:
        """Top left; lines that are too long are written smaller, then cut."""
        lines = title.splitlines()
        if not lines:
            return
        room = self.pixels - 2 * (self._margin + _PADDING * self.unit)
        widest = max(self._width(line, 1.0) for line in lines)
        size = min(1.0, max(_SMALL, room / widest))
        lines = [self._cut(line, size, room) for line in lines]
        width = max(self._width(line, size) for line in lines)
        x, y = self._box(self._margin, self._margin, width, len(lines) * _LINE * self.unit)
        for line in lines:
            self._write((x, y + _LINE * self.unit / 2), line, "lm", size)
            y += _LINE * self.unit

    def scale_bar(self, extent_m: float) -> None:
        """A bar of a round length, bottom left."""
        metres = next((m for m in (50, 20, 10, 5, 2) if m <= extent_m / 2.5), 1)
        length = metres * self.pixels / (2 * extent_m)
        text = f"{metres} m"
        width, height = max(length, self._width(text, 1.0)), 1.6 * self.unit
        top = self.pixels - self._margin - height - 2 * _PADDING * self.unit
        x, y = self._box(self._margin, top, width, height)
        self._write((x + length / 2, y), text, "mt" if width == length else "lt", 1.0)
        y, tick, line = y + 1.4 * self.unit, 0.22 * self.unit, max(2, round(0.1 * self.unit))
        self._draw.line([(x, y), (x + length, y)], fill=TEXT, width=line)
        for end in (x, x + length):
            self._draw.line([(end, y - tick), (end, y + tick)], fill=TEXT, width=line)

    def wheel_place(self) -> tuple[float, float, float]:
        """Centre (x, y) and radius of the colour wheel, in pixels."""
        left, top, width, _ = self._legend()
        radius = _RADIUS * self.unit
        return left + width / 2, top + (_LINE + 0.1) * self.unit + radius, radius

    def wheel(self, max_speed: float) -> None:
        """Bottom right: the colour of each velocity, with its speeds; forward is up."""
        left, top, width, height = self._legend()
        pad = _PADDING * self.unit
        self._box(left - pad, top - pad, width, height)
        x, y, radius = self.wheel_place()
        disc, mask = _wheel(round(radius), max_speed)
        self._image.paste(disc, (round(x - radius), round(y - radius)), mask)
        self._write((x, top), "forward", "mt", _SMALL)
        self._speeds(x, y + radius + 0.25 * self.unit, radius, max_speed)
        for k, line in enumerate(reversed(_notes())):
            bottom = top + height - k * _LINE * _SMALL * self.unit
            self._write((left, bottom), line, "ls", _SMALL)

    def vehicle(self, extent_m: float) -> None:
        """An arrow in the middle that points forward, as long as a car; close up, it hides less."""
        middle = self.pixels / 2
        length = min(max(2.4 * self.pixels / (2 * extent_m), self.unit / 2), 0.9 * self.unit)
        side = 0.55 * length
        shape = [(0, -length), (side, length), (0, length - side), (-side, length)]
        corners = [(middle + x, middle + y) for x, y in shape]
        rim = max(1, round(self.unit / 15))
        self._draw.polygon(corners, fill=TEXT, outline=BACKGROUND, width=rim)

    def _legend(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of what the legend's box holds."""
        width = max(self._width(note, _SMALL) for note in _notes())
        height = (2 * _RADIUS + 3.0 + _LINE * _SMALL * len(_notes())) * self.unit
        end = self.pixels - self._margin - _PADDING * self.unit
        return end - width, end - height, width, height

    def _speeds(self, x: float, y: float, radius: float, max_speed: float) -> None:
        """An axis of speed below the wheel, from its centre to its rim."""
        line, tick, baseline = max(2, round(0.07 * self.unit)), 0.25 * self.unit, y + self.unit
        self._draw.line([(x, y), (x + radius, y)], fill=TEXT, width=line)
        for share in (0.0, 0.5, 1.0):
            at = x + share * radius
            self._draw.line([(at, y), (at, y + tick)], fill=TEXT, width=line)
            self._write((at, baseline), f"{share * max_speed:g}", "ms", _SMALL)
        self._write((x - 0.5 * self.unit, baseline), "m/s", "rs", _SMALL)

    def _box(self, left: float, top: float, width: float, height: float) -> tuple[float, float]:
        """Cover the picture below what is to be written; where its inside begins."""
        pad = _PADDING * self.unit
        corner = (left + width + 2 * pad, top + height + 2 * pad)
        rim = max(1, round(self.unit / 20))
        place = [(left, top), corner]
        self._draw.rounded_rectangle(place, radius=pad, fill=_BOX, outline=_RIM, width=rim)
        return left + pad, top + pad

    def _cut(self, line: str, size: float, room: float) -> str:
        while len(line) > 1 and self._width(line, size) > room:
            line = line[:-2] + "…"
        return line

    def _font(self, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return ImageFont.load_default(max(10.0, size * self.unit))

    def _width(self, text: str, size: float) -> float:
        return float(self._font(size).getlength(text))

    def _write(self, at: tuple[float, float], text: str, anchor: str, size: float) -> None:
        self._draw.text(at, text, TEXT, self._font(size), anchor)


def _notes() -> list[str]:
    return [f"grey: below {MOVING_MPS:g} m/s", "dim: no estimate"]


def _wheel(radius: int, max_speed: float) -> tuple[Image.Image, Image.Image]:
    """The colours of all velocities up to `max_speed`, and the disc that they fill."""
    steps = (np.arange(2 * radius) + 0.5) / radius - 1
    vx, vy = np.meshgrid(-steps, -steps, indexing="ij")
    velocity = np.stack([vx, vy, np.zeros_like(vx)], axis=-1).reshape(-1, 3) * max_speed
    colors = flow_colors(velocity.astype(np.float32), max_speed).reshape(*vx.shape, 3)
    side = 2 * radius * _SMOOTH
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse([(0, 0), (side - 1, side - 1)], fill=255)
    return Image.fromarray(colors), mask.resize((2 * radius, 2 * radius))
