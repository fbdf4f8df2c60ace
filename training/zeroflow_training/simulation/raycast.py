# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ray casting of one revolution into a depth image, each column at its own firing time.

A ray is ``across + tangent * up``, with ``up`` the sensor's z axis and ``across`` the middle of
the column's fan: its direction in the sensor's xy plane, plus a multiple of ``up`` where the fan
nods. Depth is a multiple of that vector, metres in the sensor's xy plane. So a primitive is moved
into its body's frame once a column, not once a ray.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .jit import Record, compiled
from .motion import path_pose, travelled
from .noise import State, hashed, uniform
from .shapes import (
    FAR,
    NEAREST,
    box_bounds,
    ellipsoid_depths,
    ellipsoid_profile,
    in_opening,
    polytope_depth,
    polytope_profile,
)
from .terrain import ground_height, ground_surface
from .world import FOLIAGE, MAX_PLANES, POLYTOPE, Triple

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]

NO_RETURN, ON_GROUND, ON_OWN_VEHICLE = -1, -2, -4
Pose = tuple[float, float, float, float, float]
_GROUND_REACH = 200.0  # m
_LEAF = 0.12  # m, size of a clump of leaves


class Rays(NamedTuple):
    """One revolution of one scan head: A columns by B beams.

    ``tangents`` [B] of the elevations, ascending; per column ``clock`` [A] (world time, s),
    ``origin`` [A, 3] (m, world frame), ``across`` and ``up`` [A, 3] (world frame) and
    ``frames`` [A, 3, 3] (orientation, head -> world). The azimuth of a column in the head's
    frame is ``azimuth_start`` + column * ``azimuth_step`` (rad). ``limits`` [A, B] is the depth
    at which the own vehicle ends a ray: FAR for most, 0 for a ray that is not measured.
    """

    tangents: F64
    clock: F64
    origin: F64
    across: F64
    up: F64
    frames: F64
    azimuth_start: float
    azimuth_step: float
    limits: F64


@compiled
def body_at(body: Record, waves: F64, distance: float) -> Pose:
    """World position (m), heading (rad) of a body ``distance`` m along its path, and that."""
    x, y, yaw = body.x, body.y, body.heading
    if distance != 0.0:
        x, y, yaw = path_pose(body, distance)
    return x, y, body.base + ground_height(waves, x, y), yaw, distance


@compiled
def body_pose(body: Record, waves: F64, time: float) -> Pose:
    """As `body_at`, at world time ``time`` (s)."""
    return body_at(body, waves, travelled(body, time))


@compiled
def body_poses(bodies: npt.NDArray[np.void], waves: F64, time: float) -> F64:
    """`body_pose` of every body, [B, 5]."""
    poses = np.empty((bodies.size, 5))
    for index in range(bodies.size):
        poses[index] = body_pose(bodies[index], waves, time)
    return poses


@compiled
def limb_offset(part: Record, distance: float) -> float:
    """Fore-and-aft offset (m) of a swinging limb after ``distance`` metres of walk."""
    if part.swing == 0.0:
        return 0.0
    turns = part.swing_rate * distance + part.swing_phase
    return part.swing * (4.0 * abs(turns - np.floor(turns) - 0.5) - 1.0)


@compiled
def columns_covered(
    rays: Rays,
    column: int,
    part: Record,
    body: Record,
    waves: F64,
    slack: float,
) -> tuple[int, int]:
    """First column and number of columns a primitive can appear in, seen from ``column``.

    The primitive's bounding box is widened by ``slack`` metres for what moves meanwhile.
    """
    total = rays.clock.size
    x, y, z, yaw, distance = body_pose(body, waves, rays.clock[column])
    x -= rays.origin[column, 0]
    y -= rays.origin[column, 1]
    z += part.cz - rays.origin[column, 2]
    cos, sin = np.cos(yaw), np.sin(yaw)
    limb = limb_offset(part, distance)
    frame = rays.frames[column]
    half_x, half_y, half_z = part.ex + slack, part.ey + slack, part.ez + slack
    # Where the sensor is, seen from the box: on its axis the azimuth means nothing.
    offset_x = -cos * x - sin * y - part.cx - limb
    offset_y = sin * x - cos * y - part.cy
    tilt = 0.3 * (abs(z) + half_z)
    if abs(offset_x) < half_x + tilt and abs(offset_y) < half_y + tilt:
        return 0, total
    middle, low, high = 0.0, 0.0, 0.0
    for corner in range(-1, 8):
        dx, dy, dz = 0.0, 0.0, 0.0
        if corner >= 0:
            dx = half_x if corner & 1 else -half_x
            dy = half_y if corner & 2 else -half_y
            dz = half_z if corner & 4 else -half_z
        bx, by = part.cx + limb + dx, part.cy + dy
        wx, wy, wz = x + cos * bx - sin * by, y + sin * bx + cos * by, z + dz
        ahead = frame[0, 0] * wx + frame[1, 0] * wy + frame[2, 0] * wz
        aside = frame[0, 1] * wx + frame[1, 1] * wy + frame[2, 1] * wz
        angle = np.arctan2(aside, ahead)
        if corner < 0:
            middle = angle
            continue
        relative = angle - middle
        relative -= 2.0 * np.pi * np.round(relative / (2.0 * np.pi))
        low, high = min(low, relative), max(high, relative)
    if high - low > 3.1:
        return 0, total
    step = abs(rays.azimuth_step)
    circle = 2.0 * np.pi / step
    turns = (middle - rays.azimuth_start) / rays.azimuth_step / circle
    centre = (turns - np.floor(turns)) * circle
    before, after = (-low, high) if rays.azimuth_step > 0 else (high, -low)
    first = int(np.floor(centre - before / step)) - 1
    last = int(np.ceil(centre + after / step)) + 1
    if total < circle - 0.5:
        return in_limited_view(first, last, total, circle)
    return first, min(last - first + 1, total)


@compiled
def in_limited_view(first: int, last: int, total: int, circle: float) -> tuple[int, int]:
    """First column and number of columns of those from ``first`` to ``last`` that there are.

    A head has ``total`` columns of the ``circle`` that the columns are counted on.
    """
    if last >= circle and first >= total:  # beyond the unseen sector: before the first column
        first, last = first - int(circle), last - int(circle) + 1
    elif last >= circle or (first < 0 and first + circle < total):
        return 0, total
    first, last = max(first, 0), min(last, total - 1)
    if last < first:
        return 0, 0
    return first, last - first + 1


@compiled
def sector(
    rays: Rays,
    part: Record,
    body: Record,
    waves: F64,
    closing: float,
) -> tuple[int, int]:
    """Columns a primitive can appear in over the whole revolution.

    ``closing`` bounds the speed (m/s) between primitive and sensor.
    """
    total = rays.clock.size
    duration = abs(rays.clock[total - 1] - rays.clock[0])
    first, count = columns_covered(
        rays, total // 2, part, body, waves, 0.5 * closing * duration + 0.02
    )
    # Away from the seam between first and last column, look again from the right moment:
    # only what moves while the beam passes over the primitive has to be allowed for.
    if 0 < count < total and first >= 0 and first + count <= total:
        passing = 0.5 * closing * duration * count / total
        first, count = columns_covered(rays, first + count // 2, part, body, waves, passing + 0.02)
    return first, count


@compiled
def view_from(rays: Rays, column: int, part: Record, pose: Pose) -> tuple[Triple, Triple, Triple]:
    """Sensor position relative to a primitive's centre, ``across`` and ``up``, in body axes."""
    x, y, z, yaw, distance = pose
    cos, sin = np.cos(yaw), np.sin(yaw)
    dx, dy = rays.origin[column, 0] - x, rays.origin[column, 1] - y
    ahead = cos * dx + sin * dy - part.cx - limb_offset(part, distance)
    origin = (ahead, cos * dy - sin * dx - part.cy, rays.origin[column, 2] - z - part.cz)
    ax, ay, az = rays.across[column, 0], rays.across[column, 1], rays.across[column, 2]
    ux, uy, uz = rays.up[column, 0], rays.up[column, 1], rays.up[column, 2]
    across = (cos * ax + sin * ay, cos * ay - sin * ax, az)
    return origin, across, (cos * ux + sin * uy, cos * uy - sin * ux, uz)


@compiled
def trace_primitive(
    rays: Rays,
    part: Record,
    index: int,
    body: Record,
    planes: F64,
    waves: F64,
    columns: tuple[int, int],
    depth: F64,
    hit: I32,
    state: State,
    profile: F64,
) -> None:
    """Draw a primitive into ``columns`` (first, count) of the images ``depth`` and ``hit``.

    ``profile`` is room for the coefficients of one shape, float64 [MAX_PLANES, 3].
    """
    total, beams = depth.shape
    pierced = part.pitch > 0.0 or part.tier > 0.0
    moving = body.top_speed != 0.0
    pose = body_pose(body, waves, 0.0)
    first, count = columns
    for offset in range(count):
        column = (first + offset) % total
        if moving:
            pose = body_pose(body, waves, rays.clock[column])
        origin, across, up = view_from(rays, column, part, pose)
        enter, lowest, highest = box_bounds(part, origin, across, up)
        beam = np.searchsorted(rays.tangents, lowest)
        if beam == beams or rays.tangents[beam] > highest:
            continue
        if part.shape == POLYTOPE:
            polytope_profile(part, planes, origin, across, up, profile)
        else:
            ellipsoid_profile(part, origin, across, up, profile)
        while beam < beams and rays.tangents[beam] <= highest:
            if depth[column, beam] > enter:
                tangent = rays.tangents[beam]
                near = primitive_depth(part, profile, tangent, origin, across, up, state)
                through = pierced and in_opening(part, origin, across, up, tangent, near)
                if near < depth[column, beam] and not through:
                    depth[column, beam] = near
                    hit[column, beam] = index
            beam += 1


@compiled
def primitive_depth(
    part: Record,
    profile: F64,
    tangent: float,
    origin: Triple,
    across: Triple,
    up: Triple,
    state: State,
) -> float:
    """Depth of the return from a primitive, FAR if the ray misses or passes through it.

    ``origin``, ``across`` and ``up`` as `view_from` gives them.
    """
    if part.shape == POLYTOPE:
        near = polytope_depth(profile, part.planes, tangent)
        if near < FAR and part.opacity < 1.0 and uniform(state) > part.opacity:
            return FAR
        return near
    near, far = ellipsoid_depths(profile, tangent)
    if part.shape == FOLIAGE and far > NEAREST:
        near = max(near, NEAREST)
        x, y, z = (
            across[0] + tangent * up[0],
            across[1] + tangent * up[1],
            across[2] + tangent * up[2],
        )
        metres = leaf_depth(
            part, (origin[0] + near * x, origin[1] + near * y, origin[2] + near * z), state
        )
        near += metres / np.sqrt(x * x + y * y + z * z)
    return near if NEAREST < near < far else FAR


@compiled
def leaf_depth(part: Record, entry: Triple, state: State) -> float:
    """How far (m) a ray gets into foliage that it enters at ``entry`` (from its centre, m).

    Most leaves are where they were a sweep ago, so rays that enter at the same place end at the
    same place; how many the wind stirs differs from plant to plant.
    """
    calm = 0.65 + 0.35 * hashed(int(1e3 * part.ex), int(1e3 * part.ez), int(1e3 * part.cz))
    luck = uniform(state)
    if luck < calm:
        x, y, z = entry
        luck = hashed(int(np.floor(x / _LEAF)), int(np.floor(y / _LEAF)), int(np.floor(z / _LEAF)))
    else:
        luck = (luck - calm) / (1.0 - calm)
    return -np.log(max(luck, 1e-12)) / part.opacity


@compiled
def ground_depth(waves: F64, origin: Triple, ray: Triple, start: float) -> float:
    """Depth at which a falling ray meets waved ground, by Newton's method from ``start``.

    FAR if it does not settle soon: the ray grazes a crest, and a lidar would see nothing.
    """
    (x, y, z), (dx, dy, dz) = origin, ray
    depth = start
    for _ in range(6):
        height, slope_x, slope_y = ground_surface(waves, x + depth * dx, y + depth * dy)
        gap = z + depth * dz - height
        if abs(gap) < 0.005:
            return depth
        fall = slope_x * dx + slope_y * dy - dz
        depth += gap / max(fall, 0.3 * abs(dz) + 1e-3)
    return FAR


@compiled
def trace_ground(rays: Rays, waves: F64, depth: F64, hit: I32) -> None:
    """Draw the ground behind everything else."""
    total, beams = depth.shape
    relief = 2.0 * (abs(waves[0]) + abs(waves[3]) + abs(waves[6]))
    for column in range(total):
        origin = (rays.origin[column, 0], rays.origin[column, 1], rays.origin[column, 2])
        height = origin[2] - ground_height(waves, origin[0], origin[1])
        across, up = rays.across[column], rays.up[column]
        for beam in range(beams):
            tangent = rays.tangents[beam]
            dz = across[2] + tangent * up[2]
            limit = min(depth[column, beam], _GROUND_REACH)
            if height + limit * dz > relief:  # ends above even the highest ground
                if limit == _GROUND_REACH:
                    break  # and so do all beams above it
                continue
            reached = min(height / max(-dz, 1e-3), _GROUND_REACH)
            if relief > 0.0:
                ray = (across[0] + tangent * up[0], across[1] + tangent * up[1], dz)
                reached = ground_depth(waves, origin, ray, reached)
            if NEAREST < reached < limit:
                depth[column, beam] = reached
                hit[column, beam] = ON_GROUND


@compiled
def trace(
    rays: Rays,
    bodies: npt.NDArray[np.void],
    primitives: npt.NDArray[np.void],
    order: npt.NDArray[np.int64],
    planes: F64,
    waves: F64,
    ego_speed: float,
    state: State,
) -> tuple[F64, I32]:
    """Depth (see above) and hit primitive (or NO_RETURN, ON_GROUND, ON_OWN_VEHICLE), each [A, B].

    ``order`` lists the primitives in reach, nearest first: what is hidden costs little.
    """
    total, beams = rays.clock.size, rays.tangents.size
    depth = rays.limits.copy()
    hit = np.full((total, beams), np.int32(NO_RETURN), dtype=np.int32)
    for column in range(total):
        for beam in range(beams):
            if 0.0 < depth[column, beam] < FAR:
                hit[column, beam] = ON_OWN_VEHICLE
    profile = np.empty((MAX_PLANES, 3))
    for index in order:
        part = primitives[index]
        body = bodies[part.body]
        # A metre travelled moves a part by no more than its limb's swing and its body's turn.
        turn = abs(body.curvature) * (abs(part.cx) + abs(part.cy) + part.ex + part.ey)
        closing = ego_speed + body.top_speed * (1.0 + turn + 4.0 * part.swing * part.swing_rate)
        columns = sector(rays, part, body, waves, closing)
        trace_primitive(rays, part, index, body, planes, waves, columns, depth, hit, state, profile)
    trace_ground(rays, waves, depth, hit)
    return depth, hit
