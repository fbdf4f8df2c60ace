# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recordings: real sweeps with their ego motion, and what is known of them without a truth file.

They are not part of this repository (their licences differ); every call takes their folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.bags import BagReader
from zeroflow_ros.ego_motion import EgoMotion, Standstill
from zeroflow_ros.estimator import FlowEstimator
from zeroflow_ros.flow import MOVING_MPS, Flow, FlowStatus
from zeroflow_ros.geometry import Points
from zeroflow_ros.ground import PatchworkGround
from zeroflow_ros.levelling import GroundLevelling
from zeroflow_ros.offline import choose_ego_motion
from zeroflow_ros.pillars import PillarGrid
from zeroflow_ros.sweep import Sweep

Mask = npt.NDArray[np.bool_]

STILL = ("street_os1_128", "parked_vlp16", "parked_vlp32")
PASSING_CAR = "passing_car_vls128"
TRAFFIC_JAM = "traffic_jam_hdl64"
PARKED = ("parked_vlp16", "parked_vlp32", PASSING_CAR)  # no odometry; the sensor stands still
REGION_M, OWN_VEHICLE_M = 51.2, 2.5

# The passing car of PASSING_CAR in all three sweeps, x and y in metres, sensor frame. Found without
# a model: above the road it is the one cluster with points that have no neighbour within 0.3 m in
# the other sweeps. Sliding it onto itself gives 0.26 and 0.30 m towards -y; the car beyond it
# (x < -5) stands.
CAR_LOW, CAR_HIGH = (-4.6, -3.4), (-1.2, 3.6)
CAR_SPEED_MPS = 3.0


@dataclass(frozen=True)
class MovingShare:
    """`moving_share` of the points above 0.5 m/s, over `sweeps` that got flow."""

    moving_share: float
    sweeps: int
    points: int

    @staticmethod
    def of(speeds: list[npt.NDArray[np.float32]]) -> MovingShare:
        """From one array of speeds (m/s) a sweep."""
        said = np.concatenate([*speeds, np.empty(0, np.float32)])
        share = float((said > MOVING_MPS).mean()) if len(said) else float("nan")
        return MovingShare(share, len(speeds), len(said))


@dataclass(frozen=True)
class PassingCar:
    """Median speed (m/s) over the points of the passing car, and what moves around it."""

    car_speed_mps: float
    car_points: int
    surroundings: MovingShare


def read_sweeps(folder: Path, name: str) -> tuple[list[Sweep], EgoMotion]:
    """All sweeps of a recording, and where its ego motion comes from."""
    with BagReader(folder / name) as reader:
        sweeps = [sweep for _, sweep in reader.sweeps()]
        if name in PARKED:
            return sweeps, Standstill()
        return sweeps, choose_ego_motion(reader, reader.find_cloud_topic(), "auto", None)[0]


def answers(
    folder: Path, name: str, model: str | Path | None, limit: int | None = None
) -> Iterator[tuple[Sweep, Flow]]:
    """Of the first `limit` sweeps (None: of all) those that got flow, with it."""
    sweeps, ego_motion = read_sweeps(folder, name)
    estimator = FlowEstimator(model, ego_motion=ego_motion)
    for sweep in islice(sweeps, limit):
        flow = estimator.update(sweep)
        if flow.status is FlowStatus.ESTIMATED:
            yield sweep, flow


def in_region(points: Points) -> Mask:
    """Bool [N]: |x|, |y| < 51.2 m and not the sensor's own vehicle."""
    inside = (np.abs(points[:, :2]) < REGION_M).all(1)
    return inside & (np.hypot(points[:, 0], points[:, 1]) > OWN_VEHICLE_M)


def above_ground(points: Points) -> Mask:
    """Bool [N]: not ground by a fresh Patchwork++ (it adapts to what it saw), levelled frame."""
    grid = PillarGrid(REGION_M, 0.4, -2.0, 20.0)
    split = PatchworkGround().split(grid, grid.locate(points, GroundLevelling().level(points)))
    mask = np.zeros(len(points), bool)
    mask[split.above.rows] = True
    return mask


def moving_share(answered: Iterable[tuple[Sweep, Flow]]) -> MovingShare:
    """Share of points above 0.5 m/s: all of it is false motion where nothing moves."""
    return MovingShare.of(
        [
            flow.speed[flow.valid & in_region(sweep.points) & above_ground(sweep.points)]
            for sweep, flow in answered
        ]
    )


def passing_car(folder: Path, model: str | Path | None) -> PassingCar:
    """The car that passes 2 m beside the sensor, against CAR_SPEED_MPS, and the still rest."""
    on_car, elsewhere = [np.empty(0, np.float32)], []
    for sweep, flow in answers(folder, PASSING_CAR, model):
        looked_at = flow.valid & above_ground(sweep.points)
        xy = sweep.points[:, :2]
        car = ((xy > CAR_LOW) & (xy < CAR_HIGH)).all(1)
        on_car.append(flow.speed[looked_at & car])
        elsewhere.append(flow.speed[looked_at & in_region(sweep.points) & ~car])
    speeds = np.concatenate(on_car)
    median = float(np.median(speeds)) if len(speeds) else float("nan")
    return PassingCar(median, len(speeds), MovingShare.of(elsewhere))
