# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A scene being built: the world, the road, the ego vehicle, and what is where."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from .actors import Vehicle, add_trailer, add_vehicle, draw_trailer
from .classes import ActorClass
from .dice import Dice
from .motion import EgoPath, Motion
from .occupancy import Footprint, Occupancy
from .place import Place
from .road import Road
from .world import WorldBuilder

Adder = Callable[[WorldBuilder, Dice, Place], int]

# Length and width of what takes part in traffic, m.
PERSON, TWO_WHEELER, DOG, DEER = (0.5, 0.5), (1.9, 0.7), (0.8, 0.3), (1.4, 0.5)
_EGO_SIZE, _EGO_MARGIN = (4.8, 2.0), 0.3


@dataclass
class Stage:
    """What the parts of a scene are built with.

    ``fronts`` are faces of long things beside the road, as (begin, end, left) in places of the
    road, and ``parked`` places of cars at its side: people walk along them.
    """

    dice: Dice
    road: Road
    ego: EgoPath
    duration_s: float
    taken: Occupancy
    world: WorldBuilder = field(default_factory=WorldBuilder)
    fronts: list[tuple[float, float, float]] = field(default_factory=list)
    parked: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def begin(cls, dice: Dice, road: Road, ego: EgoPath, duration_s: float) -> "Stage":
        """An empty scene, except for the ego vehicle."""
        taken, start = Occupancy(duration_s), Place(0.0, 0.0, ego.heading, ego.motion)
        taken.reserve(Footprint(start, *_EGO_SIZE), _EGO_MARGIN)
        return cls(dice, road, ego, duration_s, taken)

    @property
    def calm(self) -> float:
        """1 for short scenes, falling with duration: scales whatever would add up to crashes."""
        return 1.0 / max(1.0, self.duration_s)

    @property
    def share(self) -> float:
        """Length of the road over that of a short scene: scales how much there is."""
        return self.road.length / 144.0

    def along(self, road: Road) -> "Stage":
        """The same scene, seen along another road."""
        return replace(self, road=road, fronts=[], parked=[])

    def actor(
        self,
        add: Adder,
        place: Place,
        motions: Sequence[Motion],
        size: tuple[float, float],
    ) -> bool:
        """Add an actor with the first of ``motions`` that meets nobody; False if none does."""
        for motion in motions:
            moving = place.moving(motion)
            if self.taken.admit([Footprint(moving, *size)]):
                add(self.world, self.dice, moving)
                return True
        return False

    def vehicle(
        self,
        place: Place,
        motions: Sequence[Motion],
        kind: ActorClass | None = None,
        *,
        towing: float = 0.0,
    ) -> bool:
        """Add a car, van, truck or bus as `actor` does, with a trailer by the chance ``towing``."""
        vehicle = Vehicle.draw(self.dice, kind)
        often = 8.0 * towing if vehicle.kind is ActorClass.TRUCK else towing
        lag, size = 0.0, None
        if vehicle.kind is not ActorClass.BUS and self.dice.chance(often):
            lag, size = draw_trailer(self.dice, vehicle)
        for motion in motions:
            moving = place.moving(motion)
            footprints = [Footprint(moving, *vehicle.size[:2])]
            if size:
                footprints.append(Footprint(moving.behind(lag), *size[:2]))
            if self.taken.admit(footprints):
                add_vehicle(self.world, self.dice, moving, vehicle)
                if size:
                    add_trailer(self.world, self.dice, moving.behind(lag), size)
                return True
        return False
