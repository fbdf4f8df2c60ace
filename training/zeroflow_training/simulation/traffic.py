# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Vehicles on the road: lanes, junctions, strays."""

import math
from dataclasses import dataclass, replace
from functools import partial

from .actors import (
    TRAM_SECTION,
    TRAM_WIDTH,
    VEHICLE_SHARES,
    VEHICLES,
    add_carrier,
    add_cyclist,
    add_motorcycle,
    add_tram,
)
from .dice import Dice
from .motion import Motion
from .occupancy import Footprint
from .pace import CREEP, STAND, change_pace, stop_after
from .place import Place
from .road import Road
from .stage import TWO_WHEELER, Stage


@dataclass(frozen=True)
class TrafficStyle:
    """What the traffic of one scene is like (speeds in m/s, gaps in m; the rest are shares,
    ``shares`` those of `VEHICLES`).
    """

    top_speed: float
    mean_gap: float
    trams: float = 0.0
    towing: float = 0.04
    motorcycles: float = 0.05
    cyclists: float = 0.05
    shares: tuple[float, float, float, float] = VEHICLE_SHARES

    @classmethod
    def draw(cls, dice: Dice) -> "TrafficStyle":
        """From a walking-pace jam to a fast arterial."""
        top_speed = dice.pick((2.5, 6.0, 12.0, 20.0, 27.0), (2, 3, 4, 3, 2))
        trams = 0.3 if dice.chance(0.12) else 0.0
        return cls(top_speed, dice.pick((10.0, 24.0, 70.0)), trams)

    def lane_speed(self, dice: Dice) -> float:
        """Speed of a lane: standing, creeping or flowing."""
        if dice.chance(0.2):
            return STAND
        if dice.chance(0.25):
            return dice.between(*CREEP)
        return dice.between(0.5, self.top_speed)


def fill_lanes(
    stage: Stage, style: TrafficStyle, ego_lane: int | None = None, red: bool = False
) -> None:
    """Put traffic on every lane, in both directions; where the light is ``red``, it stops."""
    for lane in range(stage.road.lanes):
        lane_motion = Motion(style.lane_speed(stage.dice))
        if stage.dice.chance(0.15):
            lane_motion = change_pace(stage.dice, lane_motion, stage.duration_s)
        # Nobody is run over in a long scene: the ego vehicle's lane drives as it does.
        if lane == ego_lane and (stage.duration_s > 1.0 or stage.dice.chance(0.5)):
            lane_motion = replace(stage.ego.motion, curvature=0.0)
        _fill_lane(stage, style, lane, lane_motion, red)


def _fill_lane(
    stage: Stage, style: TrafficStyle, lane: int, lane_motion: Motion, red: bool
) -> None:
    dice, road = stage.dice, stage.road
    forward = road.is_forward(lane)
    # Vehicles that come into reach later start outside of it.
    travel = 0.5 * (lane_motion.speed + lane_motion.final_speed) * stage.duration_s
    begin = road.begin - (travel if forward else 0.0)
    end = road.end + (0.0 if forward else travel)
    s = begin + dice.exponential(style.mean_gap)
    while s < end:
        place = road.on_lane(s, lane, dice.normal(0.0, 0.2))
        place = place.turned(dice.normal(0.0, 0.03 * stage.calm))
        motions = _motions(stage, lane_motion)
        gap = road.to_junction(s, forward)
        if gap > 0.0:
            # Who would meet crossing traffic stops before the junction, or behind who did.
            queue = (stop_after(lane_motion, gap - 4.0 - 6.5 * k) for k in range(6))
            waiting = [motion for motion in queue if motion]
            motions = waiting + motions if red else motions + waiting
        s += 5.5 + dice.exponential(style.mean_gap)
        if style.trams and road.is_inner(lane) and dice.chance(style.trams):
            sections = dice.integer(2, 5)
            room = TRAM_SECTION * sections
            place = road.on_lane(s + room if forward else s, lane)
            s += room
            _add_tram(stage, place, motions, sections)
        elif dice.chance(style.motorcycles):
            stage.actor(add_motorcycle, place, motions, TWO_WHEELER)
        elif dice.chance(style.cyclists):
            slow = Motion(min(motions[0].speed, 8.0))
            stage.actor(add_cyclist, place, [slow], TWO_WHEELER)
        else:
            kind = dice.pick(VEHICLES, style.shares)
            stage.vehicle(place, motions, kind, towing=style.towing)


def _motions(stage: Stage, lane_motion: Motion) -> list[Motion]:
    """How one vehicle of a lane moves: first what it likes, then as the lane does."""
    dice, speed = stage.dice, lane_motion.speed
    if lane_motion.change:
        return [lane_motion]
    if speed == STAND:
        starting = change_pace(dice, lane_motion, stage.duration_s)
        return [starting, lane_motion] if dice.chance(0.1) else [lane_motion]
    spread = min(1.0, 0.3 * speed) * stage.calm
    own = replace(lane_motion, speed=max(STAND, speed + dice.normal(0.0, spread)))
    if dice.chance(0.15):
        # Up to a quarter radian a second, and 2 m/s^2 of side force.
        sharpest = min(0.25 / max(speed, 4.0), 2.0 / max(speed, 4.0) ** 2)
        own = replace(own, curvature=dice.normal(0.0, sharpest) * stage.calm**2)
    if dice.chance(0.2):
        own = change_pace(dice, own, stage.duration_s)
    return [own, lane_motion]


def _add_tram(stage: Stage, place: Place, motions: list[Motion], sections: int) -> None:
    """Add a tram whose first section is at ``place``."""
    for motion in motions:
        moving = place.moving(motion)
        footprints = [
            Footprint(moving.behind(TRAM_SECTION * k), TRAM_SECTION, TRAM_WIDTH)
            for k in range(sections)
        ]
        if stage.taken.admit(footprints):
            add_tram(stage.world, stage.dice, moving, sections)
            return


def add_turning(stage: Stage, count: int) -> None:
    """Vehicles that turn at the junction, each somewhere on its way."""
    road, dice = stage.road, stage.dice
    if road.crossing is None:
        return
    for _ in range(count):
        lane = dice.integer(0, road.lanes - 1)
        forward = road.is_forward(lane)
        to_centre = road.crossing_half_width + 2.0  # from the stop line
        s = road.crossing - (to_centre if forward else -to_centre)
        speed = dice.between(*CREEP) if dice.chance(0.3) else dice.between(2.0, 6.0)
        path = turning(dice, road, Motion(speed), to_centre)
        path = replace(path, lag=-dice.between(-12.0, path.bend[1] + 4.0))
        motions = [change_pace(dice, path, stage.duration_s)] if dice.chance(0.5) else []
        place = road.on_lane(s, lane)
        if dice.chance(0.15):
            stage.actor(add_cyclist, place, [*motions, path], TWO_WHEELER)
        else:
            stage.vehicle(place, [*motions, path], towing=0.05)


def turning(dice: Dice, road: Road, motion: Motion, to_centre: float) -> Motion:
    """``motion`` into the cross street, whose centre line is ``to_centre`` m ahead."""
    side = dice.sign()  # 1 to the left
    radius = dice.between(8.0, 12.0) if side > 0.0 else dice.between(5.0, 8.0)
    lane_offset = side * 0.5 * road.lane_width if road.crossing_lanes > 1 else 0.0
    begin = max(to_centre + lane_offset - radius, 0.0)
    bend = (begin, begin + 0.5 * math.pi * radius)
    return replace(motion, curvature=side / radius, bend=bend)


def cross_road(road: Road, reach: float = 60.0) -> Road | None:
    """The road that crosses ``road``, if one does, to ``reach`` m on both sides of it."""
    if road.crossing is None:
        return None
    return Road(
        heading=road.heading + 0.5 * math.pi,
        offset=-road.crossing,
        lanes=road.crossing_lanes,
        lane_width=road.lane_width,
        begin=road.offset - reach,
        end=road.offset + reach,
        crossing=road.offset,
        crossing_lanes=road.lanes,
    )


def add_strays(stage: Stage) -> None:
    """Vehicles and carriers where nobody expects them: any heading and speed, some sliding."""
    dice = stage.dice
    for _ in range(dice.poisson(1.4)):
        place = stage.road.place(stage.road.anywhere(dice), dice.between(-35.0, 35.0))
        speed = dice.between(*CREEP) if dice.chance(0.35) else dice.between(0.5, 15.0)
        if dice.chance(0.25):
            speed = -min(speed, 3.0)
        course = dice.angle() if dice.chance(0.2) else 0.0
        curvature = dice.normal(0.0, 0.25) / max(abs(speed), 4.0) if dice.chance(0.6) else 0.0
        motion = Motion(speed, curvature=curvature, course=course)
        # Half of them where all traffic heads: along the road or across it.
        heading = dice.angle()
        if dice.chance(0.5):
            heading = stage.road.heading + 0.5 * math.pi * dice.integer(0, 3)
        place = place.facing(heading)
        if dice.chance(0.5):
            stage.vehicle(place, [motion], towing=0.05)
            continue
        size = (dice.between(0.8, 6.0), dice.between(0.6, 2.5), dice.between(0.5, 3.0))
        stage.actor(partial(add_carrier, size=size), place, [motion], size[:2])
