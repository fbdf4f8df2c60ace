# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From depth image to what a lidar delivers: measured points with exact flow."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .classes import ActorClass
from .detector import BLURRED, SPECK, Detector, measure
from .jit import Record, compiled
from .motion import travelled
from .noise import State, uniform
from .raycast import NO_RETURN, ON_OWN_VEHICLE, Rays, body_at, limb_offset
from .shapes import NEAREST
from .world import Triple

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
Bodies = npt.NDArray[np.void]
Primitives = npt.NDArray[np.void]

_GROUND, _NOISE = int(ActorClass.GROUND), int(ActorClass.NOISE)
_OWN, _MIXED = int(ActorClass.OWN_VEHICLE), int(ActorClass.MIXED)
_DROPLET = 3.0  # reflectivity of rain, dust and what is half hit


class Returns(NamedTuple):
    """Columns of the delivered points; see ``SimulatedSweep`` for shapes and units."""

    points: F32
    flow: F32
    intensity: F32
    column: I32
    class_id: U8
    instance_id: I32


@compiled
def displacement(
    part: Record,
    body: Record,
    waves: F64,
    x: float,
    y: float,
    now: float,
    before: float,
) -> Triple:
    """World displacement (m), between two world times, of the body point at x, y ``now``."""
    gone, had_gone = travelled(body, now), travelled(body, before)
    if gone == had_gone:
        return 0.0, 0.0, 0.0
    now_x, now_y, now_z, now_yaw, _ = body_at(body, waves, gone)
    was_x, was_y, was_z, was_yaw, _ = body_at(body, waves, had_gone)
    cos, sin = np.cos(now_yaw), np.sin(now_yaw)
    ahead = cos * (x - now_x) + sin * (y - now_y)
    aside = cos * (y - now_y) - sin * (x - now_x)
    ahead += limb_offset(part, had_gone) - limb_offset(part, gone)
    cos, sin = np.cos(was_yaw), np.sin(was_yaw)
    return (
        x - (was_x + cos * ahead - sin * aside),
        y - (was_y + sin * ahead + cos * aside),
        now_z - was_z,
    )


@compiled
def motion_of(
    index: int,
    bodies: Bodies,
    primitives: Primitives,
    waves: F64,
    x: float,
    y: float,
    now: float,
    before: float,
) -> Triple:
    """`displacement` at x, y of what a ray hit; none of what is no primitive or never moves."""
    if index < 0:
        return 0.0, 0.0, 0.0
    part = primitives[index]
    body = bodies[part.body]
    if body.top_speed == 0.0:
        return 0.0, 0.0, 0.0
    return displacement(part, body, waves, x, y, now, before)


@compiled
def from_world(rotation: F64, x: float, y: float, z: float) -> Triple:
    """A world vector in the axes of a frame with orientation ``rotation`` (frame -> world)."""
    return (
        rotation[0, 0] * x + rotation[1, 0] * y + rotation[2, 0] * z,
        rotation[0, 1] * x + rotation[1, 1] * y + rotation[2, 1] * z,
        rotation[0, 2] * x + rotation[1, 2] * y + rotation[2, 2] * z,
    )


@compiled
def collect(
    rays: Rays,
    depth: F64,
    hit: I32,
    bodies: Bodies,
    primitives: Primitives,
    waves: F64,
    detector: Detector,
    interval: float,
    rotation: F64,
    position: F64,
    deskewed: bool,
    head_offset: F64,
    state: State,
) -> Returns:
    """Turn a depth image into points in the sensor's frame, with flow over ``interval``.

    ``interval`` (s) is negative when the world runs backwards; ``rotation`` [3, 3] and
    ``position`` [3] are the sensor's pose in the world at the stamp, ``head_offset`` [3] the
    scan head in the sensor's frame. Points on the own vehicle are left with flow 0.
    """
    total, beams = depth.shape
    room = total * beams
    points = np.empty((room, 3), dtype=np.float32)
    flow = np.zeros((room, 3), dtype=np.float32)
    intensity = np.empty(room, dtype=np.float32)
    columns = np.empty(room, dtype=np.int32)
    class_id = np.empty(room, dtype=np.uint8)
    instance_id = np.zeros(room, dtype=np.int32)
    n = 0
    for column in range(total):
        origin, across, up = rays.origin[column], rays.across[column], rays.up[column]
        frame, now = rays.frames[column], rays.clock[column]
        for beam in range(beams):
            struck, tangent = hit[column, beam], rays.tangents[beam]
            ray_x = across[0] + tangent * up[0]
            ray_y = across[1] + tangent * up[1]
            ray_z = across[2] + tangent * up[2]
            scale = np.sqrt(ray_x * ray_x + ray_y * ray_y + ray_z * ray_z)
            neighbour = depth[column - 1, beam]
            step = (neighbour - depth[column, beam]) * scale if neighbour > NEAREST else 0.0
            half_range, reflectivity = detector.ground_half_range, detector.ground_reflectivity
            if struck >= 0:
                body = bodies[primitives[struck].body]
                half_range, reflectivity = detector.sight * body.half_range, body.reflectivity
            distance, index = measure(
                struck,
                beam,
                depth[column, beam] * scale,
                step,
                abs(ray_z) / scale,
                half_range,
                detector,
                state,
            )
            if index == NO_RETURN:
                continue
            along = distance / scale
            x, y, z = along * ray_x, along * ray_y, along * ray_z
            if deskewed:
                x, y, z = x + origin[0], y + origin[1], z + origin[2]
                point = from_world(rotation, x - position[0], y - position[1], z - position[2])
                points[n, 0], points[n, 1], points[n, 2] = point
            else:
                point = from_world(frame, x, y, z)
                for axis in range(3):
                    points[n, axis] = point[axis] + head_offset[axis]
                x, y = x + origin[0], y + origin[1]
            class_id[n] = _GROUND
            if index == ON_OWN_VEHICLE:
                class_id[n] = _OWN
            elif index in (SPECK, BLURRED):
                class_id[n], reflectivity = _NOISE, _DROPLET
            moved = motion_of(index, bodies, primitives, waves, x, y, now, now - interval)
            shift = from_world(rotation, moved[0], moved[1], moved[2])
            flow[n, 0], flow[n, 1], flow[n, 2] = shift
            if index >= 0:
                body = bodies[primitives[index].body]
                class_id[n], instance_id[n] = body.kind, body.instance
            elif index == BLURRED:
                for one in (struck, hit[column - 1, beam]):
                    moved = motion_of(one, bodies, primitives, waves, x, y, now, now - interval)
                    if moved[0] != 0.0 or moved[1] != 0.0 or moved[2] != 0.0:
                        class_id[n] = _MIXED
            brightness = detector.gain * reflectivity * (0.7 + 0.6 * uniform(state))
            intensity[n] = min(brightness / (1.0 + detector.fading * distance), 255.0)
            columns[n] = column
            n += 1
    return Returns(points[:n], flow[:n], intensity[:n], columns[:n], class_id[:n], instance_id[:n])
