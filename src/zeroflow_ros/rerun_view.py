# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bag's flow in rerun: what `zeroflow view` shows, in a window or as a file for later.

`world/vehicle` carries points and arrows along `world/path`; `moving/*` are numbers over time. The
timeline `stamp` has the stamps of the sweeps.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from zeroflow_ros.arrows import flow_arrows
from zeroflow_ros.bags import BagReader
from zeroflow_ros.coloring import MAX_SPEED_MPS, flow_colors
from zeroflow_ros.errors import MissingPackageError, ZeroflowError
from zeroflow_ros.files import written_atomically
from zeroflow_ros.flow import MOVING_MPS
from zeroflow_ros.flow_frames import FlowChoice, FlowFrame, FlowFrames
from zeroflow_ros.offline import Progress
from zeroflow_ros.pointcloud2 import FlowColumns

_POINT_M, _ARROW_SECONDS, _ARROWS = 0.04, 0.5, 2000
_PATH_COLOR = (120, 160, 255)


def view_bag(
    bag: str | Path,
    choice: FlowChoice,
    *,
    save: Path | None = None,
    start_s: float = 0.0,
    seconds: float = 30.0,
    max_speed: float = MAX_SPEED_MPS,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Show the sweeps of a span of a bag in a window, or `save` them as .rrd; a summary.

    The window is a process of its own and stays. Raises ZeroflowError without rerun, without a
    display (unless saving), and for a bag that cannot be shown.
    """
    rerun = _require_rerun()
    if save is None:
        require_display(os.environ)
    with BagReader(bag) as reader:
        frames = FlowFrames(reader, choice)
        chosen = frames.within(start_s, seconds)
        with written_atomically(save) if save else nullcontext() as scratch:
            stream = rerun.RecordingStream("zeroflow")
            if scratch is None:
                stream.spawn(default_blueprint=_blueprint())
            else:
                stream.save(scratch, default_blueprint=_blueprint())
            recorder = _Recorder(rerun, stream, frames, max_speed)
            for done, frame in enumerate(frames.frames(chosen.first, chosen.end), 1):
                recorder.add(frame)
                if progress is not None:
                    progress(done, chosen.end - chosen.first)
            recorder.finish()
    return {
        "recording": str(save) if save else None,
        "bag": str(bag),
        "topic": frames.topic,
        "estimated": frames.estimated,
        "sweeps": recorder.sweeps,
        "poses": len(recorder.path),
        "skipped": frames.skipped,
    }


class _Recorder:
    """Logs frames to a rerun stream."""

    def __init__(self, rerun: Any, stream: Any, frames: FlowFrames, max_speed: float) -> None:
        self._rerun, self._stream = rerun, stream
        self._frames, self._max_speed = frames, max_speed
        self.path: list[tuple[float, ...]] = []
        self.sweeps = 0
        stream.log("world", rerun.ViewCoordinates.FLU, static=True)

    def add(self, frame: FlowFrame) -> None:
        """Log one sweep at its stamp."""
        self._stream.set_time("stamp", timestamp=np.datetime64(frame.stamp_ns, "ns"))
        self._log_place(frame)
        self._log_flow(frame.columns)
        for name, number in _numbers(frame).items():
            self._stream.log(f"moving/{name}", self._rerun.Scalars(number))
        self.sweeps += 1

    def _log_place(self, frame: FlowFrame) -> None:
        """Where the vehicle was; without a known pose it stays where it is."""
        pose = self._frames.pose(frame.stamp_ns)
        if pose is not None and np.isfinite(pose).all():
            self.path.append(tuple(pose[:3, 3].tolist()))
            place = self._rerun.Transform3D(translation=pose[:3, 3], mat3x3=pose[:3, :3])
            self._stream.log("world/vehicle", place)

    def _log_flow(self, columns: FlowColumns) -> None:
        """All points in their colours, and arrows of those that move."""
        there = np.isfinite(columns.points).all(1)
        colors = flow_colors(columns.velocity, self._max_speed, columns.valid)[there]
        points = self._rerun.Points3D(columns.points[there], colors=colors, radii=_POINT_M)
        self._stream.log("world/vehicle/points", points)
        start, end, colors = flow_arrows(
            columns,
            min_speed=MOVING_MPS,
            seconds=_ARROW_SECONDS,
            max_speed=self._max_speed,
            max_count=_ARROWS,
        )
        arrows = self._rerun.Arrows3D(origins=start, vectors=end - start, colors=colors)
        self._stream.log("world/vehicle/arrows", arrows)

    def finish(self) -> None:
        """Log the path as a whole, and wait until everything is written."""
        if not self.sweeps:
            raise ZeroflowError(f"no sweep can be shown: {'; '.join(self._frames.skipped)}")
        if len(self.path) > 1:
            line = self._rerun.LineStrips3D([self.path], colors=[_PATH_COLOR], radii=_POINT_M)
            self._stream.log("world/path", line, static=True)
        self._stream.flush()
        self._stream.disconnect()


def _numbers(frame: FlowFrame) -> dict[str, float]:
    """What is plotted: percent of the points with flow that move, and their median speed."""
    speed = frame.columns.speed[frame.columns.valid]
    movers = speed[speed > MOVING_MPS]
    return {
        "percent_of_points": 100 * len(movers) / max(1, len(speed)),
        "median_mps": float(np.median(movers)) if len(movers) else 0.0,
    }


def require_display(environment: Mapping[str, str], platform: str = sys.platform) -> None:
    """Raise ZeroflowError on Linux without a display: the window would die without a word."""
    has_display = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    if platform.startswith("linux") and not has_display:
        raise ZeroflowError(
            "there is no display here for a window (neither DISPLAY nor WAYLAND_DISPLAY is set); "
            "save a file with --save flow.rrd, and open it elsewhere with `rerun flow.rrd`"
        )


def _require_rerun() -> Any:
    try:
        import rerun
    except ImportError as error:
        raise MissingPackageError("rerun-sdk", "zeroflow view", "viz") from error
    return rerun


def _blueprint() -> Any:
    """The scene above the numbers over time, and nothing else."""
    import rerun.blueprint as rrb

    scene = rrb.Spatial3DView(origin="world", name="flow")
    numbers = rrb.TimeSeriesView(origin="moving", name="what moves: % of points, median m/s")
    return rrb.Blueprint(
        rrb.Vertical(scene, numbers, row_shares=[4, 1]),
        rrb.BlueprintPanel(state="collapsed"),
        rrb.SelectionPanel(state="collapsed"),
    )
