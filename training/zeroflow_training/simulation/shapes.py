# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a fan of rays meets a box, a convex polytope or an ellipsoid.

All rays of one column share ``across`` and ``up``; a ray is ``across + tangent * up``. So a
shape is reduced once a column to a few coefficients in the tangent, its *profile*, and a ray
costs only their evaluation. Vectors are in the axes of the shape's body, ``origin`` is the
sensor relative to the centre of the shape's bounding box, depths are multiples of a ray's
vector (m along ``across``).
"""

import numpy as np
import numpy.typing as npt

from .jit import Record, compiled
from .world import Triple

F64 = npt.NDArray[np.float64]

FAR = 1e6
NEAREST = 0.5  # m; closer returns are the vehicle's own and are never delivered


@compiled
def slab(origin: float, direction: float, half: float) -> tuple[float, float]:
    """Depths at which a ray enters and leaves -half <= coordinate <= half."""
    if abs(direction) < 1e-9:
        return (-FAR, FAR) if abs(origin) <= half else (FAR, -FAR)
    one, other = (-origin - half) / direction, (-origin + half) / direction
    return min(one, other), max(one, other)


@compiled
def box_bounds(
    part: Record, origin: Triple, across: Triple, up: Triple
) -> tuple[float, float, float]:
    """Bounds of a column's view of the bounding box: depth at entry, lowest and highest tangent.

    The bounds are safe, not tight. A view that misses has its lowest above its highest tangent.
    """
    ox, oy, oz = origin
    # A tilted sensor's rays drift sideways as they rise; widen the box by as much.
    reach = abs(oz) + part.ez + abs(across[2]) * (abs(ox) + abs(oy) + part.ex + part.ey)
    reach *= 1.3  # for tilts of up to 20 degrees, where neither vector is level or upright
    enter_x, leave_x = slab(ox, across[0], part.ex + abs(up[0]) * reach)
    enter_y, leave_y = slab(oy, across[1], part.ey + abs(up[1]) * reach)
    enter, leave = max(enter_x, enter_y, NEAREST), min(leave_x, leave_y)
    if enter > leave:
        return FAR, FAR, -FAR
    top, bottom = part.ez - oz, -part.ez - oz
    highest = (top / (enter if top > 0.0 else leave) - across[2]) / up[2]
    lowest = (bottom / (enter if bottom < 0.0 else leave) - across[2]) / up[2]
    return enter, lowest, highest


@compiled
def polytope_profile(
    part: Record, planes: F64, origin: Triple, across: Triple, up: Triple, profile: F64
) -> None:
    """Fill ``profile`` [planes, 3]: per plane the slope along a ray as a + tangent * b, and
    the distance of the origin to the plane.
    """
    ox, oy, oz = origin[0] + part.cx, origin[1] + part.cy, origin[2] + part.cz
    for k in range(part.planes):
        plane = planes[part.first_plane + k]
        nx, ny, nz = plane[0], plane[1], plane[2]
        profile[k, 0] = nx * across[0] + ny * across[1] + nz * across[2]
        profile[k, 1] = nx * up[0] + ny * up[1] + nz * up[2]
        profile[k, 2] = plane[3] - (nx * ox + ny * oy + nz * oz)


@compiled
def polytope_depth(profile: F64, planes: int, tangent: float) -> float:
    """Depth at which a ray enters the polytope, FAR if it does not."""
    near, far = NEAREST, FAR
    for k in range(planes):
        slope = profile[k, 0] + tangent * profile[k, 1]
        if slope < -1e-9:
            near = max(near, profile[k, 2] / slope)
        elif slope > 1e-9:
            far = min(far, profile[k, 2] / slope)
        elif profile[k, 2] < 0.0:
            return FAR
        if near >= far:
            return FAR
    # A ray that starts inside has no entry: the sensor sees through what encloses it.
    return near if near > NEAREST else FAR


@compiled
def in_opening(
    part: Record, origin: Triple, across: Triple, up: Triple, tangent: float, depth: float
) -> bool:
    """Whether a ray meets a box at ``depth`` in one of its regular openings."""
    x = origin[0] + depth * (across[0] + tangent * up[0]) + part.ex
    z = origin[2] + depth * (across[2] + tangent * up[2]) + part.ez
    is_open = True
    if part.pitch > 0.0:
        turns = x / part.pitch
        is_open = abs(turns - np.floor(turns) - 0.5) < 0.5 * part.open
    if is_open and part.tier > 0.0:
        turns = z / part.tier
        is_open = abs(turns - np.floor(turns) - 0.5) < 0.5 * part.open_tier
    return is_open


@compiled
def ellipsoid_profile(
    part: Record, origin: Triple, across: Triple, up: Triple, profile: F64
) -> None:
    """Fill ``profile`` [2, 3] with the coefficients of the quadratic equation for the depth:
    a and b as polynomials in the tangent, and c.
    """
    ox, oy, oz = origin[0] / part.ex, origin[1] / part.ey, origin[2] / part.ez
    ax, ay, az = across[0] / part.ex, across[1] / part.ey, across[2] / part.ez
    ux, uy, uz = up[0] / part.ex, up[1] / part.ey, up[2] / part.ez
    profile[0, 0] = ax * ax + ay * ay + az * az
    profile[0, 1] = 2.0 * (ax * ux + ay * uy + az * uz)
    profile[0, 2] = ux * ux + uy * uy + uz * uz
    profile[1, 0] = ox * ax + oy * ay + oz * az
    profile[1, 1] = ox * ux + oy * uy + oz * uz
    profile[1, 2] = ox * ox + oy * oy + oz * oz - 1.0


@compiled
def ellipsoid_depths(profile: F64, tangent: float) -> tuple[float, float]:
    """Depths at which a ray enters and leaves the ellipsoid, (FAR, -FAR) if it does not."""
    a = profile[0, 0] + tangent * (profile[0, 1] + tangent * profile[0, 2])
    b = profile[1, 0] + tangent * profile[1, 1]
    square = b * b - a * profile[1, 2]
    if square <= 0.0:
        return FAR, -FAR
    root = np.sqrt(square)
    return (-b - root) / a, (-b + root) / a
