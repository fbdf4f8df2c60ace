# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The world as flat arrays of primitives, and the builder that fills them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .classes import ActorClass
from .motion import PATH_FIELDS
from .place import Place

Triple = tuple[float, float, float]
Plane = tuple[float, float, float, float]

POLYTOPE, ELLIPSOID, FOLIAGE = 0, 1, 2
MAX_PLANES = 32

BODY_DTYPE = np.dtype(
    [(name, np.float64) for name in ("base", "half_range", "reflectivity", *PATH_FIELDS)]
    + [("kind", np.int64), ("instance", np.int64)]
)
PRIMITIVE_DTYPE = np.dtype(
    [("shape", np.int64), ("body", np.int64), ("first_plane", np.int64), ("planes", np.int64)]
    + [(name, np.float64) for name in ("cx", "cy", "cz", "ex", "ey", "ez")]
    + [(name, np.float64) for name in ("opacity", "swing", "swing_rate", "swing_phase")]
    + [(name, np.float64) for name in ("pitch", "open", "tier", "open_tier")]
)


@dataclass(frozen=True)
class World:
    """Everything that can be hit, except the ground.

    ``bodies`` [B] of `BODY_DTYPE`: path (see ``Motion``; world frame, m and rad), ``base``
    (height above the ground, which a body follows, m), ``half_range`` (m, where half of
    the returns are lost), ``reflectivity`` (0..255), class and instance.
    ``primitives`` [P] of `PRIMITIVE_DTYPE`: shape, body, planes, bounding box in the body's
    frame (centre c, half extents e), opacity (chance of a return; for foliage the density in
    1/m), fore-and-aft swing of limbs (amplitude m, rate turns/m, phase turns) and `Openings`.
    ``planes`` float64 [K, 4]: outward normal n and offset d, inside is n . p <= d.
    """

    bodies: npt.NDArray[np.void]
    primitives: npt.NDArray[np.void]
    planes: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Swing:
    """Fore-and-aft swing of a limb in its body's frame: ``rate`` turns per metre travelled.

    The swing is as even forwards as backwards; with `footfall` a foot on the ground stays put.
    """

    amplitude_m: float = 0.0
    rate: float = 0.0
    phase: float = 0.0

    @classmethod
    def footfall(cls, stride_m: float, phase: float) -> "Swing":
        """A foot that goes back as fast as its body goes on, for ``stride_m`` metres."""
        return cls(0.5 * stride_m, 0.5 / stride_m, phase)

    def scaled(self, share: float, lead: float = 0.0) -> "Swing":
        """The swing of a joint nearer to the body, ``lead`` turns ahead."""
        return Swing(share * self.amplitude_m, self.rate, self.phase + lead)


RIGID = Swing()


@dataclass(frozen=True)
class Openings:
    """Regular openings through a box: windows of a facade, gaps of a fence.

    Every ``pitch`` m along the box's x the share ``open`` is open, where every ``tier`` m of its
    height the share ``open_tier`` is; a pitch or tier of 0 is open throughout.
    """

    pitch: float = 0.0
    open: float = 0.0
    tier: float = 0.0
    open_tier: float = 0.0


SOLID = Openings()


class WorldBuilder:
    """Collects bodies and the primitives they are made of."""

    def __init__(self) -> None:
        self._bodies: list[tuple[float, ...]] = []
        self._primitives: list[tuple[float, ...]] = []
        self._planes: list[Plane] = []
        self._instances = 0

    def body(
        self,
        place: Place,
        kind: ActorClass,
        *,
        half_range: float = 90.0,
        reflectivity: float = 40.0,
        base: float = 0.0,
    ) -> int:
        """Add a body and return its index; actors get an instance id of their own."""
        instance = 0
        if kind.is_actor:
            self._instances += 1
            instance = self._instances
        self._bodies.append((base, half_range, reflectivity) + place.path + (int(kind), instance))
        return len(self._bodies) - 1

    def box(
        self,
        body: int,
        bottom: Triple,
        size: Triple,
        *,
        yaw: float = 0.0,
        rake: tuple[float, float] = (0.0, 0.0),
        side_rake: float = 0.0,
        chamfer: float = 0.0,
        opacity: float = 1.0,
        openings: Openings = SOLID,
    ) -> None:
        """Add a box standing on the point ``bottom``, of ``size`` (length, width, height).

        ``rake`` is how far the front and rear faces lean inwards over the height (m),
        ``side_rake`` the same for the sides, ``chamfer`` cuts the vertical edges. A box with
        ``openings`` has no ``yaw``.
        """
        length, width, height = size
        faces: list[Plane] = [
            (1.0, 0.0, rake[0] / height, length / 2),
            (-1.0, 0.0, rake[1] / height, length / 2),
            (0.0, 1.0, side_rake / height, width / 2),
            (0.0, -1.0, side_rake / height, width / 2),
            (0.0, 0.0, 1.0, height),
            (0.0, 0.0, -1.0, 0.0),
        ]
        if chamfer > 0.0:
            reach = (length + width) / 2 - chamfer
            faces += [(1.0, 1.0, 0.0, reach), (1.0, -1.0, 0.0, reach)]
            faces += [(-1.0, 1.0, 0.0, reach), (-1.0, -1.0, 0.0, reach)]
        cos, sin = (math.cos(yaw), math.sin(yaw)) if yaw else (1.0, 0.0)
        x, y, z = bottom
        planes = []
        for nx, ny, nz, d in faces:
            wx, wy = cos * nx - sin * ny, sin * nx + cos * ny
            planes.append((wx, wy, nz, d + wx * x + wy * y + nz * z))
        half = (
            (abs(cos) * length + abs(sin) * width) / 2,
            (abs(sin) * length + abs(cos) * width) / 2,
            height / 2,
        )
        self._polytope(body, planes, (x, y, z + height / 2), half, opacity, openings)

    def cylinder(
        self, body: int, bottom: Triple, radius: float, height: float, sides: int = 6
    ) -> None:
        """Add an upright prism with ``sides`` sides."""
        x, y, z = bottom
        planes: list[Plane] = [(0.0, 0.0, 1.0, z + height), (0.0, 0.0, -1.0, -z)]
        for side in range(sides):
            angle = 2.0 * math.pi * side / sides
            nx, ny = math.cos(angle), math.sin(angle)
            planes.append((nx, ny, 0.0, radius + nx * x + ny * y))
        # The corners of a prism stick out of its inscribed circle.
        reach = radius / math.cos(math.pi / sides)
        self._polytope(body, planes, (x, y, z + height / 2), (reach, reach, height / 2))

    def ellipsoid(self, body: int, centre: Triple, radii: Triple, swing: Swing = RIGID) -> None:
        """Add a solid ellipsoid with axes along the body's."""
        self._append(ELLIPSOID, body, 0, centre, radii, 1.0, swing, SOLID)

    def foliage(self, body: int, centre: Triple, radii: Triple, density: float) -> None:
        """Add an ellipsoid of leaves that a ray enters by 1 / ``density`` metres on average."""
        self._append(FOLIAGE, body, 0, centre, radii, density, RIGID, SOLID)

    def build(self) -> World:
        """The finished arrays."""
        return World(
            np.array(self._bodies, dtype=BODY_DTYPE),
            np.array(self._primitives, dtype=PRIMITIVE_DTYPE),
            np.array(self._planes, dtype=np.float64).reshape(-1, 4),
        )

    def _polytope(
        self,
        body: int,
        planes: Sequence[Plane],
        centre: Triple,
        half: Triple,
        opacity: float = 1.0,
        openings: Openings = SOLID,
    ) -> None:
        if len(planes) > MAX_PLANES:
            raise ValueError(f"a polytope has at most {MAX_PLANES} faces, not {len(planes)}")
        self._append(POLYTOPE, body, len(planes), centre, half, opacity, RIGID, openings)
        self._planes.extend(planes)

    def _append(
        self,
        shape: int,
        body: int,
        planes: int,
        centre: Triple,
        half: Triple,
        opacity: float,
        swing: Swing,
        openings: Openings,
    ) -> None:
        self._primitives.append(
            (shape, body, len(self._planes), planes, *centre, *half, opacity)
            + (swing.amplitude_m, swing.rate, swing.phase)
            + (openings.pitch, openings.open, openings.tier, openings.open_tier)
        )
