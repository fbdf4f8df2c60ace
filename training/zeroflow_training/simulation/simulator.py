# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulated lidar sequences with exact scene flow."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dice import Dice
from .noise import noise_state
from .raycast import Rays, body_poses, trace
from .returns import Detector, Returns, collect
from .scenes import Scene, draw_scene
from .sensors import Mounting, ScanHead, SensorModel, draw_sensor

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
    the last interval: ``p_now - T(now <- before) p_before``, ego motion removed, in the axes
    of the sensor frame at the stamp, exactly 0 on what stands still. ``class_id`` uint8 [N]
    of `ActorClass`; ``instance_id`` int32 [N], 0 for scenery, above 0 for an actor.
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
    (the scene of ``scene_kind``, one of `KINDS`, or of any).
    Sweeps may be asked for in any order. ``time_reversed`` runs the world backwards while the
    sensor still spins forwards. ``duration_s`` is how long a drawn scene has to last.
    """

    def __init__(
        self,
        seed: int,
        *,
        sensor: SensorModel | None = None,
        scene: Scene | None = None,
        scene_kind: str | None = None,
        mounting: Mounting | None = None,
        rate_hz: float = 10.0,
        deskewed: bool = True,
        time_reversed: bool = False,
        duration_s: float = 0.5,
    ) -> None:
        # A draw of its own for each part: giving one explicitly leaves the others as they were.
        self.seed = seed
        self.sensor = sensor or draw_sensor(Dice(f"sensor {seed}"))
        self.mounting = mounting or Mounting.draw(Dice(f"mounting {seed}"))
        self.rate_hz = rate_hz
        self.deskewed = deskewed
        self._clock = -1.0 if time_reversed else 1.0
        if scene is None:
            scene = draw_scene(Dice(f"scene {seed}"), duration_s, scene_kind)
        self.scene = scene
        dice = Dice(f"detector {seed}")
        self._detector = _draw_detector(self.sensor, dice)
        self._start_azimuths = [dice.angle() for _ in self.sensor.heads]
        self._free_running = dice.chance(0.2)  # revolutions not locked to an azimuth
        self._waves = scene.terrain.as_array()
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
        rays = self._rays(head, stamp, self._azimuth(index, number))
        state = noise_state((self.seed * 8 + number) * 1_000_003 + index)
        depth, hit = trace(
            rays,
            world.bodies,
            world.primitives,
            self._nearest_first(stamp, position),
            world.planes,
            self._waves,
            self.scene.ego.motion.top_speed,
            state,
        )
        return collect(
            rays,
            depth,
            hit,
            world.bodies,
            world.primitives,
            self._waves,
            self._detector,
            self._clock / self.rate_hz,
            rotation,
            position,
            self.deskewed,
            np.array(head.offset_m),
            state,
        )

    def _rays(self, head: ScanHead, stamp: float, azimuth_start: float) -> Rays:
        times = stamp + self._firing_offsets(head)
        frames, origins = self._sensor_poses(times, np.array(head.offset_m))
        step = (-1.0 if head.clockwise else 1.0) * 2.0 * math.pi / head.columns
        azimuth = azimuth_start + step * np.arange(head.columns)
        cos, sin = np.cos(azimuth)[:, None], np.sin(azimuth)[:, None]
        return Rays(
            tangents=np.tan(np.radians(np.array(head.elevations_deg))),
            clock=self._clock * times,
            origin=origins,
            across=cos * frames[:, :, 0] + sin * frames[:, :, 1],
            up=np.ascontiguousarray(frames[:, :, 2]),
            frames=frames,
            azimuth_start=azimuth_start,
            azimuth_step=step,
        )

    def _firing_offsets(self, head: ScanHead) -> F64:
        """Seconds from the stamp to the firing of each column, float64 [columns]."""
        period = 1.0 / self.rate_hz
        firing = np.arange(head.columns) / head.columns
        return (firing - self.sensor.stamp_fraction) * period

    def _azimuth(self, index: int, number: int) -> float:
        """Azimuth (rad) of the first column of a revolution."""
        azimuth = self._start_azimuths[number]
        if self._free_running:
            azimuth += Dice(f"azimuth {self.seed} {index} {number}").between(-0.3, 0.3)
        return azimuth

    def _sensor_poses(self, times: F64, offset: F64) -> tuple[F64, F64]:
        """Rotations [M, 3, 3] and positions [M, 3] (world) of a point fixed to the sensor."""
        rotations, positions = self.scene.ego.poses(self.scene.terrain, self._clock * times)
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


def _draw_detector(sensor: SensorModel, dice: Dice) -> Detector:
    return Detector(
        max_range=sensor.max_range_m,
        range_noise=sensor.range_noise_m,
        lost=dice.between(0.0, 0.12),
        ground_gain=dice.between(15.0, 60.0),
        ground_half_range=dice.between(50.0, 90.0),
        ground_reflectivity=dice.between(8.0, 35.0),
        mixed=dice.between(0.0, 0.3),
        specks=dice.pick((0.0, 1e-4, 5e-4), (0.5, 0.35, 0.15)),
    )
