# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and films of a bag's flow: what `zeroflow picture` and `animate` do, callable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeroflow_ros.bags import BagReader
from zeroflow_ros.coloring import MAX_SPEED_MPS
from zeroflow_ros.errors import BagError
from zeroflow_ros.films import Shot, film_maker
from zeroflow_ros.flow_frames import FlowChoice, FlowFrame, FlowFrames, Selection
from zeroflow_ros.offline import Progress
from zeroflow_ros.rendering import EXTENT_M, birdseye, require_pillow, save_png

if TYPE_CHECKING:
    from PIL.Image import Image

_PLAUSIBLE_NS = 946_684_800 * 1_000_000_000
"""Stamps before the year 2000 count from the start of something, and are no date."""


@dataclass(frozen=True)
class Look:
    """How pictures look: metres from the middle to each edge, pixels, m/s of full colour."""

    extent_m: float = EXTENT_M
    pixels: int = 1200
    max_speed: float = MAX_SPEED_MPS


def draw_sweep(
    bag: str | Path, number: int, out: str | Path, choice: FlowChoice, look: Look
) -> dict[str, Any]:
    """Draw sweep `number` (negative: from the end) of a bag as PNG; a summary of plain types.

    Raises ZeroflowError, and then leaves no picture.
    """
    require_pillow()
    with BagReader(bag) as reader:
        frames = FlowFrames(reader, choice)
        number = frames.number(number)
        frame = next(frames.frames(number, number + 1), None)
        if frame is None:
            reasons = frames.skipped or [reader.damage or "the bag ends before it"]
            raise BagError(
                f"sweep {number} of {frames.topic} in '{bag}' cannot be read: {reasons[0]}"
            )
        path = save_png(_draw(frame, frames.name, look), out)
    return {
        "picture": str(path),
        "bag": str(bag),
        "topic": frames.topic,
        "estimated": frames.estimated,
        "sweep": number,
        "stamp_ns": frame.stamp_ns,
        "points": len(frame.columns.valid),
        "valid_points": int(frame.columns.valid.sum()),
        "moving_points": frame.moving,
        "note": f"no flow: {frame.no_flow}" if frame.no_flow else None,
    }


def draw_film(
    bag: str | Path,
    out: str | Path,
    choice: FlowChoice,
    look: Look,
    *,
    start_s: float = 0.0,
    seconds: float = 10.0,
    rate: float = 1.0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Film the sweeps of a span of a bag as .mp4 or .gif, `rate` times as fast; a summary.

    Raises ZeroflowError, and then leaves no film.
    """
    require_pillow()
    make = film_maker(Path(out))
    with BagReader(bag) as reader:
        frames = FlowFrames(reader, choice)
        chosen = frames.within(start_s, seconds)
        shots = _shots(frames, chosen, look, rate, progress)
        make(shots, rate / chosen.interval_s)
        damage = reader.damage
    return {
        "film": str(out),
        "bag": str(bag),
        "topic": frames.topic,
        "estimated": frames.estimated,
        "first_sweep": chosen.first,
        "sweeps": chosen.end - chosen.first - len(frames.skipped),
        "skipped": frames.skipped,
        "note": damage or (f"left out: {frames.skipped[0]}" if frames.skipped else None),
    }


def _shots(
    frames: FlowFrames, chosen: Selection, look: Look, rate: float, progress: Progress | None
) -> Iterator[Shot]:
    """Each sweep's picture, shown until the next one comes. Raises BagError without any."""
    pending: tuple[FlowFrame, Image] | None = None
    for done, frame in enumerate(frames.frames(chosen.first, chosen.end), 1):
        if pending is not None:
            gap_s = (frame.stamp_ns - pending[0].stamp_ns) * 1e-9
            yield Shot(pending[1], (gap_s if gap_s > 0 else chosen.interval_s) / rate)
        pending = frame, _draw(frame, frames.name, look)
        if progress is not None:
            progress(done, chosen.end - chosen.first)
    if pending is None:
        raise BagError(f"no sweep of {frames.topic} can be read: {'; '.join(frames.skipped)}")
    yield Shot(pending[1], chosen.interval_s / rate)


def _draw(frame: FlowFrame, name: str, look: Look) -> Image:
    columns = frame.columns
    return birdseye(
        columns.points,
        columns.velocity,
        valid=columns.valid,
        title=_title(frame, name),
        extent_m=look.extent_m,
        pixels=look.pixels,
        max_speed=look.max_speed,
    )


def _title(frame: FlowFrame, name: str) -> str:
    """Bag and sweep; its time; why it has no flow."""
    lines = [f"{name}, sweep {frame.number}", f"{frame.seconds:.2f} s"]
    if frame.stamp_ns >= _PLAUSIBLE_NS:
        taken = datetime.fromtimestamp(frame.stamp_ns // 10**9, timezone.utc)
        tenths = frame.stamp_ns // 10**8 % 10
        lines[1] += f", {taken:%Y-%m-%d %H:%M:%S}.{tenths} UTC"
    if frame.no_flow:
        lines.append(f"no flow: {frame.no_flow}")
    return "\n".join(lines)
