# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a lidar is made of: scan heads, each a fan of beams that sweeps over the azimuth."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

_GOLDEN = 0.6180339887498949  # the phase that comes back last


@dataclass(frozen=True)
class Nod:
    """A fan that swings up and down while it turns, never twice the same way.

    The middle of the fan runs between ``lowest_deg`` and ``highest_deg``, ``periods`` times a
    pass: a stand-in for the rosettes of non-repeating lidars.
    """

    lowest_deg: float
    highest_deg: float
    periods: float

    def tangents(self, columns: int, sweep: int) -> F64:
        """Tangent of the elevation of the fan's middle at each column, float64 [columns]."""
        low, high = (
            math.tan(math.radians(self.lowest_deg)),
            math.tan(math.radians(self.highest_deg)),
        )
        turns = self.periods * np.arange(columns) / columns + _GOLDEN * sweep
        middle: F64 = 0.5 * (low + high) + 0.5 * (high - low) * np.sin(2.0 * math.pi * turns)
        return middle


@dataclass(frozen=True)
class ScanHead:
    """One block of lasers that fires together.

    ``elevations_deg`` in ascending order, degrees above the sensor's xy plane (with a ``nod``:
    above the fan's middle); ``columns`` firings over ``sector_deg``, which is centred on the
    sensor's x axis unless it is the full circle; ``offset_m`` of the block's centre in the
    sensor frame. ``azimuth_deg`` turns the block on its ``turret``: heads with the same turret
    number turn together. ``window`` is the part of the sweep's period in which it scans.
    """

    elevations_deg: tuple[float, ...]
    columns: int
    clockwise: bool = True
    offset_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    sector_deg: float = 360.0
    azimuth_deg: float = 0.0
    turret: int = 0
    window: tuple[float, float] = (0.0, 1.0)
    nod: Nod | None = None

    @property
    def beams(self) -> int:
        """Number of lasers."""
        return len(self.elevations_deg)

    @property
    def all_round(self) -> bool:
        """Whether the head sees the full circle."""
        return self.sector_deg >= 360.0

    @property
    def azimuth_step(self) -> float:
        """Signed angle (rad) from one column to the next."""
        return (-1.0 if self.clockwise else 1.0) * math.radians(self.sector_deg) / self.columns

    def firing_times(self) -> F64:
        """When each column fires, as part of the sweep's period, float64 [columns]."""
        begin, end = self.window
        times: F64 = begin + (end - begin) * np.arange(self.columns) / self.columns
        return times

    def directions(self, sweep: int) -> tuple[F64, F64]:
        """Tangents of the fan [B] and of the middle it is shifted by at each column [A]."""
        tangents = np.tan(np.radians(np.array(self.elevations_deg)))
        shift = self.nod.tangents(self.columns, sweep) if self.nod else np.zeros(self.columns)
        return tangents, shift

    def flipped(self, offset_m: tuple[float, float, float]) -> "ScanHead":
        """The same block mounted upside down, on a turret of its own."""
        upside_down = tuple(sorted(-e for e in self.elevations_deg))
        return replace(
            self,
            elevations_deg=upside_down,
            clockwise=not self.clockwise,
            offset_m=offset_m,
            turret=self.turret + 1,
        )

    def staggered(self, azimuths_deg: tuple[float, ...]) -> tuple["ScanHead", ...]:
        """The head as one head for each of ``azimuths_deg``, which its beams take in turn."""
        count = len(azimuths_deg)
        return tuple(
            replace(self, elevations_deg=self.elevations_deg[first::count], azimuth_deg=azimuth)
            for first, azimuth in enumerate(azimuths_deg)
        )


@dataclass(frozen=True)
class SensorModel:
    """A lidar as the simulation knows it.

    ``range_noise_m`` is one standard deviation of a measurement, ``range_bias_m`` of the
    constant errors of its lasers; ``stamp_fraction`` says which part of the
    sweep the stamp marks (0 its first firing, 1 its last).
    """

    name: str
    heads: tuple[ScanHead, ...]
    max_range_m: float = 100.0
    range_noise_m: float = 0.02
    range_bias_m: float = 0.0
    stamp_fraction: float = 0.0

    @property
    def beams(self) -> int:
        """Number of lasers over all heads."""
        return sum(head.beams for head in self.heads)
