# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulated lidar sequences with exact scene flow."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .classes import ActorClass
from .detector import Faults, draw_detector, with_bias
from .dice import Dice
from .dynamics import BodyDynamics
from .mounting import Mounting
from .noise import noise_state
from .raycast import Rays, body_poses, trace
from .returns import Returns, collect
from .scan_heads import ScanHead, SensorModel
from .scenes import Scene, draw_scene
from .sensors import draw_sensor
from .shapes import FAR

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class SimulatedSweep:
    """One lidar revolution and the truth about it.

    ``points`` float32 [N, 3], m, sensor frame at the stamp (REP-103), or the moving sensor's
    frame at each firing where the simulation is not deskewed. ``intensity`` float32 [N],
    0..255. ``time_offset`` float32 [N], s from the stamp to the firing. ``pose`` float64
    [4, 4], sensor -> world at the stamp. ``sensor_to_level`` float64 [4, 4], sensor ->
    levelled frame with the ground at z = 0 below the sensor. ``flow`` float32 [N, 3], m over
    the last ``interval_s``: ``p_now - T(now <- before) p_before``, ego motion removed, in the axes
    of the sensor frame at the stamp, exactly 0 on what stands still. ``class_id`` uint8 [N]
    of `ActorClass`; ``instance_id`` int32 [N], 0 for scenery, above 0 for an actor.

    Points on the own vehicle (``ActorClass.OWN_VEHICLE``) get what the definition says: they
    stand still in the sensor's frame, so with ego motion removed they move as the vehicle does,
    like a car that keeps its distance. Who wants to know about the surroundings leaves them out
    by their class, as a crop box does on a real vehicle.
    """

    points: F32
    intensity: F32
    time_offset: F32
    stamp_ns: int
    pose: F64
    sensor_to_level: F64
    flow: F32
    class_id: U8
    instance_id: I32


class Simulation:
    """A scene, a sensor on a moving vehicle, and the sweeps it delivers.

    Everything follows from ``seed``; ``sensor`` and ``scene`` are drawn from it unless given
    (the scene of ``scene_kind``, one of `KINDS`, or of any; the mounting, if there is none,
    at ``sensor_height_m``, or at any).
    Sweeps may be asked for in any order. ``time_reversed`` runs the world backwards while the
    sensor still spins forwards. ``duration_s`` is how long a drawn scene has to last. A drawn
    scene comes with its weather, the sensor's faults and how the vehicle's body sways
    (``dynamics``); a given one is seen on a fine day from a stiff vehicle.
    """

    def __init__(
        self,
        seed: int,
        *,
        sensor: SensorModel | None = None,
        scene: Scene | None = None,
        scene_kind: str | None = None,
        mounting: Mounting | None = None,
        sensor_height_m: float | None = None,
        dynamics: BodyDynamics | None = None,
        rate_hz: float = 10.0,
        interval_s: float | None = None,
        deskewed: bool = True,
        time_reversed: bool = False,
        duration_s: float = 0.5,
    ) -> None:
        # A draw of its own for each part: giving one explicitly leaves the others as they were.
        self.seed = seed
        self.sensor = sensor or draw_sensor(Dice(f"sensor {seed}"))
        dice = Dice(f"mounting {seed}")
        if sensor_height_m is not None:
            mounting = Mounting.draw_at(dice, sensor_height_m)
        self.mounting = mounting or Mounting.draw(dice)
        self.rate_hz = rate_hz
        self.interval_s = interval_s or 1.0 / rate_hz
        self.deskewed = deskewed
        self._clock = -1.0 if time_reversed else 1.0
        drawn = scene is None
        self.scene = scene or draw_scene(Dice(f"scene {seed}"), duration_s, scene_kind)
        if drawn and dynamics is None:
            speed = self.scene.ego.motion.speed
            dynamics = BodyDynamics.draw(Dice(f"dynamics {seed}"), speed, duration_s)
        self.dynamics = dynamics or BodyDynamics()
        dice = Dice(f"detector {seed}")
        detector = draw_detector(self.sensor, dice, fine=not drawn)
        self._detectors = [with_bias(detector, self.sensor, h, dice) for h in self.sensor.heads]
        self._faults = Faults.draw(dice) if drawn else Faults()
        self._dead = [self._faults.dead_lasers(head, dice) for head in self.sensor.heads]
        dice = Dice(f"turning {seed}")
        self._free_running = dice.chance(0.2)  # revolutions not locked to an azimuth
        turrets = 1 + max(head.turret for head in self.sensor.heads)
        self._start_azimuths = [dice.angle() for _ in range(turrets)]
        self._waves = self.scene.terrain.as_array()
        self._sensor_to_base = self.mounting.sensor_to_base()

    def sweeps(self, count: int) -> Iterator[SimulatedSweep]:
        """The first ``count`` sweeps."""
        for index in range(count):
            yield self.sweep(index)

    def sweep(self, index: int) -> SimulatedSweep:
        """Sweep ``index``, stamped index / rate seconds after the start."""
        stamp = index / self.rate_hz
        rotation, position = self._sensor_poses(np.array([stamp]), np.zeros(3))
        parts = [
            self._scan(index, number, stamp, rotation[0], position[0])
            for number in range(len(self.sensor.heads))
        ]
        offsets = [
            self._firing_offsets(head)[part.column].astype(np.float32)
            for head, part in zip(self.sensor.heads, parts, strict=True)
        ]
        return SimulatedSweep(
            points=np.concatenate([part.points for part in parts]),
            intensity=np.concatenate([part.intensity for part in parts]),
            time_offset=np.concatenate(offsets),
            stamp_ns=round(stamp * 1e9),
            pose=self.pose(stamp),
            sensor_to_level=self._sensor_to_base.copy(),
            flow=np.concatenate([part.flow for part in parts]),
            class_id=np.concatenate([part.class_id for part in parts]),
            instance_id=np.concatenate([part.instance_id for part in parts]),
        )

    def pose(self, time_s: float) -> F64:
        """Sensor -> world [4, 4] at a time since the start."""
        rotation, position = self._sensor_poses(np.array([time_s]), np.zeros(3))
        pose, tilt = np.eye(4), np.eye(4)
        pose[:3, :3], pose[:3, 3] = rotation[0], position[0]
        tilt[:3, :3] = self.scene.gravity_tilt
        return tilt @ pose

    def _scan(self, index: int, number: int, stamp: float, rotation: F64, position: F64) -> Returns:
        """One revolution of one scan head."""
        head, world = self.sensor.heads[number], self.scene.world
        rays = self._rays(head, stamp, self._azimuth(index, head), index)
        dice = Dice(f"faults {self.seed} {index} {number}")
        self._faults.apply(rays.limits, self._dead[number], dice)
        # Two numbers may not meet: heads up to 64, sweeps up to a million.
        state = noise_state((self.seed * 64 + number) * 1_000_003 + index)
        depth, hit = trace(
            rays,
            world.bodies,
            world.primitives,
            self._nearest_first(stamp, position),
            world.planes,
            self._waves,
            self.scene.ego.motion.top_speed + self.dynamics.fastest_m_s,
            state,
        )
        returns = collect(
            rays,
            depth,
            hit,
            world.bodies,
            world.primitives,
            self._waves,
            self._detectors[number],
            self._clock * self.interval_s,
            rotation,
            position,
            self.deskewed,
            np.array(head.offset_m),
            state,
        )
        self._add_own_flow(returns, head, stamp, rotation, position)
        return returns

    def _rays(self, head: ScanHead, stamp: float, azimuth_start: float, index: int) -> Rays:
        times = stamp + self._firing_offsets(head)
        frames, origins = self._sensor_poses(times, np.array(head.offset_m))
        azimuth = azimuth_start + head.azimuth_step * np.arange(head.columns)
        tangents, middle = head.directions(index)
        # The middle of each column's fan in the sensor's frame.
        fans = np.stack([np.cos(azimuth), np.sin(azimuth), middle], axis=1)
        return Rays(
            tangents=tangents,
            clock=self._clock * times,
            origin=origins,
            across=np.einsum("aij,aj->ai", frames, fans),
            up=np.ascontiguousarray(frames[:, :, 2]),
            frames=frames,
            azimuth_start=azimuth_start,
            azimuth_step=head.azimuth_step,
            limits=self._limits(head, fans, tangents),
        )

    def _limits(self, head: ScanHead, fans: F64, tangents: F64) -> F64:
        """Where the own vehicle ends the rays, see `Rays`."""
        vehicle, mount = self.mounting.vehicle, self._sensor_to_base
        if vehicle is None:
            return np.full((len(fans), len(tangents)), FAR)
        origin = mount[:3, :3] @ np.array(head.offset_m) + mount[:3, 3]
        up = np.broadcast_to(mount[:3, 2], fans.shape)
        return vehicle.limits(origin, fans @ mount[:3, :3].T, up, tangents)

    def _firing_offsets(self, head: ScanHead) -> F64:
        """Seconds from the stamp to the firing of each column, float64 [columns]."""
        offsets: F64 = (head.firing_times() - self.sensor.stamp_fraction) / self.rate_hz
        return offsets

    def _azimuth(self, index: int, head: ScanHead) -> float:
        """Azimuth (rad) of the first column of a sweep."""
        dice = Dice(f"azimuth {self.seed} {index} {head.turret}")
        azimuth = math.radians(head.azimuth_deg)
        if head.all_round:
            azimuth += self._start_azimuths[head.turret]
            azimuth += dice.between(-0.3, 0.3) if self._free_running else 0.0
        else:
            azimuth -= 0.5 * head.azimuth_step * head.columns
        # Nothing repeats in a scanner that is made not to.
        return azimuth + (dice.between(0.0, 1.0) * head.azimuth_step if head.nod else 0.0)

    def _add_own_flow(
        self, returns: Returns, head: ScanHead, stamp: float, rotation: F64, position: F64
    ) -> None:
        """Set the flow of points on the own vehicle, which moves as a rigid body."""
        own = np.flatnonzero(returns.class_id == ActorClass.OWN_VEHICLE)
        if len(own) == 0:
            return
        times = stamp + self._firing_offsets(head)[returns.column[own]]
        rotations, positions = self._sensor_poses(times, np.zeros(3))
        were, where = self._sensor_poses(times - self.interval_s, np.zeros(3))
        points = returns.points[own].astype(np.float64)
        if self.deskewed:  # back to the sensor's frame at the firing
            points = points @ rotation.T + position - positions
            points = np.einsum("aji,aj->ai", rotations, points)
        moved = np.einsum("aij,aj->ai", rotations - were, points) + positions - where
        returns.flow[own] = moved @ rotation

    def _sensor_poses(self, times: F64, offset: F64) -> tuple[F64, F64]:
        """Rotations [M, 3, 3] and positions [M, 3] (world) of a point fixed to the sensor."""
        times = self._clock * times
        rotations, positions = self.scene.ego.poses(self.scene.terrain, times)
        swayed, heave = self.dynamics.poses(times)
        positions = positions + heave[:, None] * rotations[:, :, 2]
        rotations = rotations @ swayed
        mount = self._sensor_to_base
        lever = mount[:3, :3] @ offset + mount[:3, 3]
        return np.ascontiguousarray(rotations @ mount[:3, :3]), positions + rotations @ lever

    def _nearest_first(self, stamp: float, position: F64) -> I64:
        """Indices of the primitives within range, by distance of their near side."""
        parts, bodies = self.scene.world.primitives, self.scene.world.bodies
        poses = body_poses(bodies, self._waves, self._clock * stamp)
        x, y, yaw = poses[:, 0] - position[0], poses[:, 1] - position[1], poses[:, 3]
        cos, sin = np.cos(yaw)[parts["body"]], np.sin(yaw)[parts["body"]]
        distance = np.hypot(
            x[parts["body"]] + cos * parts["cx"] - sin * parts["cy"],
            y[parts["body"]] + sin * parts["cx"] + cos * parts["cy"],
        )
        distance -= np.hypot(parts["ex"], parts["ey"])
        order = np.argsort(distance, kind="stable")
        return order[distance[order] < self.sensor.max_range_m + 5.0]
