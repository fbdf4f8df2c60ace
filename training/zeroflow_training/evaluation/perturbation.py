# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Perturbation: one thing that is worse on a vehicle than in the frozen worlds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zeroflow_ros.geometry import from_roll_pitch_yaw
from zeroflow_training.evaluation.frozen_worlds import FrozenWorld
from zeroflow_training.simulation.simulator import SimulatedSweep

Sweeps = list[SimulatedSweep]

PER_POINT = ("points", "intensity", "time_offset", "flow", "class_id", "instance_id")


@dataclass(frozen=True)
class Perturbation:
    """What it does to the world before it is rendered, and to the sweeps (oldest first) after."""

    name: str
    world: Callable[[FrozenWorld], FrozenWorld] = lambda world: world
    sweeps: Callable[[Sweeps], Sweeps] = lambda sweeps: sweeps


def fewer_beams(world: FrozenWorld, keep_every: int = 4) -> FrozenWorld:
    """Only every fourth beam of each scan head, from the lowest on."""
    heads = tuple(
        replace(head, elevations_deg=head.elevations_deg[::keep_every])
        for head in world.sensor.heads
    )
    return replace(world, sensor=replace(world.sensor, heads=heads))


def mounted(world: FrozenWorld, higher_m: float = 0.0, tilt_deg: float = 0.0) -> FrozenWorld:
    """Higher or lower on the vehicle, or tilted by as much in roll as in pitch."""
    mounting = world.mounting
    moved = replace(
        mounting,
        height_m=mounting.height_m + higher_m,
        roll_deg=mounting.roll_deg + tilt_deg,
        pitch_deg=mounting.pitch_deg + tilt_deg,
    )
    return replace(world, mounting=moved)


def half_the_points(sweeps: Sweeps) -> Sweeps:
    """Half of every sweep's points, at random."""
    return [_select(sweep, _half(sweep)) for sweep in sweeps]


def wrong_poses(sweeps: Sweeps, metres: float = 0.05, degrees: float = 0.2) -> Sweeps:
    """Each earlier sweep's pose is off from where it was by exactly this much.

    A shift in a horizontal direction of its own (sensor frame) and a yaw to either side, as of an
    odometry that jitters; the newest sweep's pose stays.
    """
    return [
        replace(sweep, pose=sweep.pose @ _jitter(sweep.stamp_ns, metres, degrees))
        for sweep in sweeps[:-1]
    ] + sweeps[-1:]


def untimed(sweeps: Sweeps) -> Sweeps:
    """Nothing says when points were measured, so that raw clouds stay raw."""
    return [replace(sweep, time_offset=np.zeros_like(sweep.time_offset)) for sweep in sweeps]


def without(sweeps: Sweeps, back: int) -> Sweeps:
    """The sweep `back` before the newest never arrived."""
    return sweeps[: -1 - back] + sweeps[-back:]


def _select(sweep: SimulatedSweep, rows: npt.NDArray[np.intp]) -> SimulatedSweep:
    return replace(sweep, **{name: getattr(sweep, name)[rows] for name in PER_POINT})


def _half(sweep: SimulatedSweep) -> npt.NDArray[np.intp]:
    count = len(sweep.points)
    return np.sort(np.random.default_rng(sweep.stamp_ns).permutation(count)[: count // 2])


def _jitter(seed: int, metres: float, degrees: float) -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    direction, yaw = rng.uniform(0, 2 * math.pi), rng.choice([-1, 1]) * math.radians(degrees)
    shift = (metres * math.cos(direction), metres * math.sin(direction), 0.0)
    return from_roll_pitch_yaw(shift, 0.0, 0.0, yaw)


UNCHANGED = Perturbation("unchanged")
PERTURBATIONS = (
    Perturbation("a quarter of the beams (16 of 64)", world=fewer_beams),
    Perturbation("half the points", sweeps=half_the_points),
    Perturbation("mounted 0.5 m higher", world=lambda world: mounted(world, higher_m=0.5)),
    Perturbation("mounted 0.5 m lower", world=lambda world: mounted(world, higher_m=-0.5)),
    Perturbation("tilted by 2 deg", world=lambda world: mounted(world, tilt_deg=2.0)),
    Perturbation("tilted by -2 deg", world=lambda world: mounted(world, tilt_deg=-2.0)),
    Perturbation("ego motion off by 5 cm, 0.2 deg", sweeps=wrong_poses),
    Perturbation("points without time", sweeps=untimed),
    Perturbation("20 Hz input", world=lambda world: replace(world, rate_hz=20.0)),
    Perturbation("sweep before lost", sweeps=lambda sweeps: without(sweeps, 1)),
    Perturbation("last but one before lost", sweeps=lambda sweeps: without(sweeps, 2)),
)
