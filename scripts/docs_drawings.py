#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Draw the explanations of docs/flow.md anew, as SVG: the same files each time, to the byte.

    python scripts/docs_drawings.py              # into docs/images

A metre is 16 px. Streets are seen from above and driven upwards, as x of a lidar (REP-103).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

IMAGES = Path(__file__).parents[1] / "docs/images"
FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
INK, QUIET, ROAD, BACK = "#1f2933", "#66717d", "#eceff2", "#ffffff"
BEFORE, NOW, FLOW = "#c77700", "#1b62b5", "#c0175d"
LONG, WIDE = 72.0, 30.0  # a car
TITLE_PX, TEXT_PX = 15, 12.5


class Place(NamedTuple):
    """On the paper, px: x to the right, y down."""

    x: float
    y: float

    def moved(self, dx: float = 0.0, dy: float = 0.0) -> Place:
        """From here."""
        return Place(self.x + dx, self.y + dy)


def tag(name: str, content: str = "", **attributes: object) -> str:
    """One element; underscores in names stand for hyphens, floats are rounded."""
    said = "".join(
        f' {key.replace("_", "-")}="{_plain(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{said}>{content}</{name}>" if content else f"<{name}{said}/>"


def _plain(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def text(at: Place, words: str, **more: object) -> str:
    """Centred words."""
    style = {"text_anchor": "middle", "font_size": TEXT_PX, "fill": INK, **more}
    return tag("text", words, x=at.x, y=at.y, **style)


def arrow(start: Place, end: Place, colour: str, width: float = 2.5) -> str:
    """A line with a head that ends right at `end`."""
    angle = math.atan2(end.y - start.y, end.x - start.x)
    head = 3.4 * width
    neck = end.moved(-0.8 * head * math.cos(angle), -0.8 * head * math.sin(angle))
    wings = [
        end.moved(-head * math.cos(angle + side), -head * math.sin(angle + side))
        for side in (0.42, -0.42)
    ]
    corners = " ".join(f"{_plain(p.x)},{_plain(p.y)}" for p in (end, *wings))
    line = tag(
        "line", x1=start.x, y1=start.y, x2=neck.x, y2=neck.y, stroke=colour, stroke_width=width
    )
    return line + tag("polygon", points=corners, fill=colour)


def car(centre: Place, colour: str, ghost: bool = False, degrees: float = 0.0) -> str:
    """Seen from above, its front upwards; a ghost is where it was."""
    look: Mapping[str, object] = (
        {"fill": "none", "stroke": colour, "stroke_width": 1.4, "stroke_dasharray": "4 3"}
        if ghost
        else {"fill": colour, "fill_opacity": 0.16, "stroke": colour, "stroke_width": 1.6}
    )
    corner = centre.moved(-WIDE / 2, -LONG / 2)
    body = tag("rect", x=corner.x, y=corner.y, width=WIDE, height=LONG, rx=7, **look)
    window = tag(
        "rect",
        x=corner.x + 5,
        y=corner.y + 18,
        width=WIDE - 10,
        height=9,
        rx=3,
        fill="none",
        stroke=colour,
        stroke_width=1,
    )
    turned = f"rotate({_plain(degrees)} {_plain(centre.x)} {_plain(centre.y)})"
    return tag("g", body + ("" if ghost else window), transform=turned)


def ego(centre: Place, ghost: bool = False) -> str:
    """The vehicle that carries the lidar."""
    lidar = tag("circle", cx=centre.x, cy=centre.y, r=5, fill="none" if ghost else INK, stroke=INK)
    return car(centre, INK, ghost) + lidar


def axes(origin: Place) -> str:
    """Of the sensor: x forwards, y to the left."""
    ahead, left = origin.moved(dy=-62), origin.moved(-42)
    return (
        arrow(origin, ahead, INK, 1.4)
        + text(ahead.moved(9, 8), "x", font_style="italic")
        + arrow(origin, left, INK, 1.4)
        + text(left.moved(0, -7), "y", font_style="italic")
    )


def surface(centre: Place, side: int) -> list[Place]:
    """What the lidar sees of a car ahead: its rear, and the side (-1 left, 1 right) towards it."""
    flank = [centre.moved(side * WIDE / 2, y) for y in (26.0, 13.0, 0.0, -13.0, -26.0)]
    return rear(centre) + flank


def rear(centre: Place) -> list[Place]:
    """The near end of it."""
    return [centre.moved(x, LONG / 2) for x in (-12.0, 0.0, 12.0)]


def dots(places: Iterable[Place], colour: str, hollow: bool = False) -> str:
    """Points of a sweep; hollow ones go around filled ones at the same place."""
    look: Mapping[str, object] = (
        {"r": 4.4, "fill": BACK, "stroke": colour, "stroke_width": 1.5}
        if hollow
        else {"r": 2.7, "fill": colour}
    )
    return "".join(tag("circle", cx=p.x, cy=p.y, **look) for p in places)


def panel(left: float, width: float, height: float, title: str, below: str = "") -> str:
    """A frame with its title, and a line below it."""
    frame = tag(
        "rect", x=left, y=44, width=width, height=height, rx=8, fill="none", stroke="#c8ced4"
    )
    middle = left + width / 2
    said = text(Place(middle, 30), title, font_size=TITLE_PX, font_weight="bold")
    return frame + said + (text(Place(middle, 64 + height), below, fill=QUIET) if below else "")


def picture(width: int, height: int, title: str, content: str) -> str:
    """A whole file, on white so that a dark page does not swallow it."""
    back = tag("rect", width=width, height=height, rx=10, fill=BACK)
    box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="{FONT}" role="img">'
    lines = f"<title>{title}</title>{back}{content}".replace("><", ">\n<")
    return f"{head}\n{lines}\n</svg>\n"


# Both move four times as far as in 0.1 s, or nobody would see it.
EGO_STEP, CAR_STEP = 64.0, 32.0  # 10 m/s, 5 m/s


class Street(NamedTuple):
    """Where things are now, in a panel that begins at `left`."""

    left: float

    @property
    def ego(self) -> Place:
        """The vehicle with the lidar."""
        return Place(self.left + 150, 308)

    @property
    def mover(self) -> Place:
        """A car in the other lane."""
        return Place(self.left + 78, 172)

    @property
    def parked(self) -> Place:
        """A car at the kerb."""
        return Place(self.left + 226, 190)

    def road(self) -> str:
        """Two lanes and a kerb."""
        ground = tag("rect", x=self.left + 42, y=45, width=210, height=373, fill=ROAD)
        dashes = {"stroke": BACK, "stroke_width": 3, "stroke_dasharray": "16 14"}
        x = self.left + 114
        return ground + tag("line", x1=x, y1=45, x2=x, y2=418, **dashes)


def ego_motion() -> str:
    """What happens, what both clouds look like, and what flow is."""
    streets = [Street(left) for left in (20.0, 340.0, 660.0)]
    titles = ("What happens", "Both sweeps as measured", "Ego motion removed")
    below = (
        "drawn four times as far as in 0.1 s",
        "seen by the lidar, both seem to move",
        "what is left is flow",
    )
    frames = "".join(
        street.road() + panel(street.left, 300, 374, title, note)
        for street, title, note in zip(streets, titles, below, strict=True)
    )
    legend = (
        dots([Place(312, 470)], BEFORE, hollow=True)
        + text(Place(322, 474), "the sweep before", text_anchor="start")
        + dots([Place(452, 470)], NOW)
        + text(Place(462, 474), "the newest sweep", text_anchor="start")
        + arrow(Place(588, 470), Place(614, 470), FLOW)
        + text(Place(622, 474), "flow", text_anchor="start")
    )
    content = frames + _happens(streets[0]) + _measured(streets[1]) + _flow(streets[2]) + legend
    return picture(980, 492, "Scene flow: motion that is left without the sensor's own", content)


def _happens(street: Street) -> str:
    own, mover, parked = street.ego, street.mover, street.parked
    return (
        ego(own.moved(dy=EGO_STEP), ghost=True)
        + ego(own)
        + arrow(own.moved(27, EGO_STEP), own.moved(27), INK)
        + text(own.moved(38, 28), "10 m/s", text_anchor="start")
        + text(own.moved(38, 44), "the lidar", text_anchor="start", fill=QUIET)
        + car(mover.moved(dy=CAR_STEP), BEFORE, ghost=True)
        + car(mover, NOW)
        + arrow(mover.moved(25, CAR_STEP), mover.moved(25), INK)
        + text(mover.moved(52, 14), "5 m/s")
        + car(parked, NOW)
        + text(parked.moved(dy=56), "parked", fill=QUIET)
    )


def _measured(street: Street) -> str:
    mover, parked = street.mover, street.parked
    relative = {"fill": QUIET, "font_size": 12}
    return (
        ego(street.ego)
        + axes(street.ego)
        + _both(mover.moved(dy=CAR_STEP - EGO_STEP), mover, 1)
        + _both(parked.moved(dy=-EGO_STEP), parked, -1)
        + arrow(mover.moved(-24, CAR_STEP - EGO_STEP), mover.moved(-24), QUIET, 2.0)
        + text(mover.moved(2, 58), "5 m/s nearer", **relative)
        + arrow(parked.moved(24, -EGO_STEP), parked.moved(24), QUIET, 2.0)
        + text(parked.moved(-2, 58), "10 m/s nearer", **relative)
    )


def _flow(street: Street) -> str:
    mover, parked = street.mover, street.parked
    return (
        ego(street.ego)
        + axes(street.ego)
        + _both(mover.moved(dy=CAR_STEP), mover, 1)
        + "".join(arrow(p.moved(dy=CAR_STEP - 5), p.moved(dy=3), FLOW, 1.6) for p in rear(mover))
        + text(mover.moved(0, 90), "5 m/s", fill=FLOW, font_weight="bold")
        + _both(parked, parked, -1)
        + text(parked.moved(0, 58), "0 m/s", fill=FLOW, font_weight="bold")
    )


def _both(before: Place, now: Place, side: int) -> str:
    """A car's points in two sweeps, and its outline now, which nobody measured."""
    corner = now.moved(-WIDE / 2, -LONG / 2)
    size = {"x": corner.x, "y": corner.y, "width": WIDE, "height": LONG, "rx": 7}
    outline = tag("rect", fill=NOW, fill_opacity=0.08, **size)
    return (
        outline + dots(surface(before, side), BEFORE, hollow=True) + dots(surface(now, side), NOW)
    )


def conventions() -> str:
    """Whose points carry an arrow, and how a turning body looks."""
    titles = ("Here: the newest points", "Published: the earlier points", "A car that turns")
    below = (
        "where have they come from?",
        "where will they go?",
        "its front is faster than its rear",
    )
    lefts = (20.0, 340.0, 660.0)
    frames = "".join(
        panel(left, 300, 170, title, note)
        for left, title, note in zip(lefts, titles, below, strict=True)
    )
    content = frames + _pair(lefts[0], 1) + _pair(lefts[1], 0) + _turning(lefts[2])
    return picture(980, 254, "Flow of the newest sweep, and of the one before", content)


def _pair(left: float, answered: int) -> str:
    """Points in two sweeps; those that get an answer are filled."""
    before = [Place(left + 70, y) for y in (98.0, 121.0, 144.0, 167.0)]
    sweeps = before, [p.moved(160) for p in before]
    arrows = "".join(
        arrow(p.moved(7), q.moved(-7), FLOW, 1.8) for p, q in zip(*sweeps, strict=True)
    )
    said = "".join(
        dots(points, colour, hollow=True) + (dots(points, colour) if number == answered else "")
        for number, (points, colour) in enumerate(zip(sweeps, (BEFORE, NOW), strict=True))
    )
    names = text(Place(left + 70, 76), "t - 0.1 s") + text(Place(left + 230, 76), "t")
    rows = text(Place(left + 70 + 160 * answered, 198), "one row each", fill=QUIET)
    return arrows + said + names + rows


def _turning(left: float) -> str:
    """A car to the right that turns left: its rear axle goes straight on, all else swings."""
    centre, zoom = Place(left + 128, 142), 1.6
    axle, turn, drive = centre.moved(-0.28 * zoom * LONG), 0.42, 46.0
    half, side = zoom * LONG / 2, zoom * WIDE / 2
    where = f"translate({_plain(centre.x)} {_plain(centre.y)}) rotate(90) scale({zoom})"
    body = tag("g", car(Place(0, 0), NOW), transform=where)
    around = [centre.moved(x, y) for x in (-half, 0.0, half) for y in (-side, side)]

    def tip(p: Place) -> Place:
        """Turn times arm; up is negative on paper."""
        return p.moved(drive + turn * (p.y - axle.y), -turn * (p.x - axle.x))

    return body + "".join(arrow(p, tip(p), FLOW, 1.8) for p in around) + dots(around, NOW)


DRAWINGS: Mapping[str, Callable[[], str]] = {"flow": ego_motion, "flow_conventions": conventions}


def main() -> None:
    """Draw everything; prints the path of each drawing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder; default: docs/images")
    out: Path = parser.parse_args().out
    for name, draw in DRAWINGS.items():
        path = out / f"{name}.svg"
        path.write_text(draw())
        print(path)


if __name__ == "__main__":
    main()
