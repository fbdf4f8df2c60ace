# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Vehicles on and beside the road: lanes, cross traffic, parked rows, car parks."""

import math
from dataclasses import dataclass

from .actors import add_cyclist, add_vehicle
from .classes import ActorClass
from .dice import Dice
from .motion import Motion
from .road import Occupancy, Road
from .world import WorldBuilder


@dataclass(frozen=True)
class TrafficStyle:
    """What the traffic of one scene is like. ``duration_s`` is how long it must stay free of
    collisions: neighbours differ less in speed, and turn less, the longer that is.
    """

    top_speed: float
    mean_gap: float
    duration_s: float

    @classmethod
    def draw(cls, dice: Dice, duration_s: float) -> "TrafficStyle":
        """From a walking-pace jam to a fast arterial."""
        top_speed = dice.pick((2.5, 6.0, 12.0, 20.0, 27.0), (2, 3, 4, 3, 2))
        return cls(top_speed, dice.pick((10.0, 24.0, 70.0)), duration_s)

    @property
    def calm(self) -> float:
        """1 for short scenes, falling with duration: scales whatever would add up to crashes."""
        return 1.0 / max(1.0, self.duration_s)

    def lane_speed(self, dice: Dice) -> float:
        """Speed of a lane: standing, crawling or flowing."""
        if dice.chance(0.2):
            return 0.0
        if dice.chance(0.25):
            return dice.between(0.3, 2.0)
        return dice.between(0.5, self.top_speed)

    def speed_in(self, lane_speed: float, dice: Dice) -> float:
        """Speed of one vehicle in a lane."""
        if lane_speed == 0.0:
            return 0.0
        spread = min(1.0, 0.3 * lane_speed) * self.calm
        return max(0.0, lane_speed + dice.normal(0.0, spread))

    def curvature(self, speed: float, dice: Dice, share: float) -> float:
        """Curvature of a vehicle's path, 1/m; zero for most."""
        if not dice.chance(share):
            return 0.0
        return dice.normal(0.0, 0.25) / max(speed, 4.0) * self.calm**2


def fill_lanes(
    world: WorldBuilder,
    dice: Dice,
    road: Road,
    taken: Occupancy,
    style: TrafficStyle,
    ego_lane: int,
    ego_speed: float,
) -> None:
    """Put traffic on every lane, in both directions."""
    for lane in range(road.lanes):
        centre = road.lane_centre(lane)
        forward = centre < 0.0 or road.lanes == 1
        lane_speed = style.lane_speed(dice)
        if lane == ego_lane and (style.duration_s > 1.0 or dice.chance(0.5)):
            lane_speed = ego_speed  # nobody is run over in a long scene
        ahead = road.heading if forward else road.heading + math.pi
        # Vehicles that come into reach later start outside of it.
        travel = lane_speed * style.duration_s
        begin = road.begin - (travel if forward else 0.0)
        end = road.end + (0.0 if forward else travel)
        s = begin + dice.exponential(style.mean_gap)
        while s < end:
            x, y = road.place(s, centre + dice.normal(0.0, 0.25))
            s += 5.5 + dice.exponential(style.mean_gap)
            if not taken.claim(x, y, 2.6):
                continue
            heading = ahead + dice.normal(0.0, 0.04 * style.calm)
            speed = style.speed_in(lane_speed, dice)
            if dice.chance(0.06):
                add_cyclist(world, dice, x, y, heading, Motion(min(speed, 8.0)))
                continue
            motion = Motion(speed, curvature=style.curvature(speed, dice, 0.15))
            add_vehicle(world, dice, x, y, heading, motion)


def fill_cross_street(
    world: WorldBuilder, dice: Dice, road: Road, taken: Occupancy, style: TrafficStyle
) -> None:
    """Put traffic on the cross street, if there is one."""
    if road.crossing is None:
        return
    for lane in range(road.crossing_lanes):
        lane_speed = style.lane_speed(dice)
        direction = 1.0 if lane >= road.crossing_lanes / 2 else -1.0
        s = road.crossing + (lane - 0.5 * (road.crossing_lanes - 1)) * road.lane_width
        left = -60.0 + dice.exponential(style.mean_gap)
        while left < 60.0:
            x, y = road.place(s, left)
            left += 5.5 + dice.exponential(style.mean_gap)
            if not taken.claim(x, y, 2.6):
                continue
            speed = style.speed_in(lane_speed, dice)
            heading = road.heading + direction * math.pi / 2 + dice.normal(0.0, 0.08)
            motion = Motion(speed, curvature=style.curvature(speed, dice, 0.25))
            add_vehicle(world, dice, x, y, heading, motion)


def park_along(world: WorldBuilder, dice: Dice, road: Road, taken: Occupancy, side: float) -> None:
    """A row of parked cars along one side: parallel, angled or perpendicular."""
    angle = dice.pick((0.0, math.pi / 4, math.pi / 2), (0.6, 0.2, 0.2))
    pitch = {0.0: 6.2, math.pi / 4: 3.8}.get(angle, 2.9)
    left = side * (road.half_width + dice.between(1.0, 1.6) + (1.5 if angle else 0.0))
    density = dice.between(0.3, 1.0)
    s = road.begin
    while s < road.end:
        s += pitch + dice.exponential(0.8)
        if road.near_crossing(s, 5.0) or not dice.chance(density):
            continue
        x, y = road.place(s, left + dice.normal(0.0, 0.12))
        if not taken.claim(x, y, 1.3 if angle else 2.3):
            continue
        heading = road.heading + angle + dice.normal(0.0, 0.04)
        kind = None if dice.chance(0.3) else ActorClass.CAR
        add_vehicle(world, dice, x, y, heading + math.pi * dice.chance(0.5), kind=kind)


def fill_car_park(world: WorldBuilder, dice: Dice, road: Road, taken: Occupancy) -> None:
    """Some rows of parked cars beside the road, one of them perhaps manoeuvring."""
    begin, side = road.anywhere(dice), dice.sign()
    left = side * (road.half_width + dice.between(6.0, 14.0))
    for row in range(dice.integer(1, 3)):
        for slot in range(dice.integer(3, 9)):
            if not dice.chance(0.75):
                continue
            x, y = road.place(begin + 2.8 * slot, left + side * 8.0 * row)
            if taken.claim(x, y, 1.3):
                heading = road.heading + math.pi / 2 * dice.sign()
                speed = dice.between(0.3, 1.5) if dice.chance(0.06) else 0.0
                add_vehicle(world, dice, x, y, heading, Motion(speed))


def add_strays(
    world: WorldBuilder, dice: Dice, road: Road, taken: Occupancy, style: TrafficStyle
) -> None:
    """Vehicles where nobody expects them: any heading, any speed, some of them sliding."""
    for _ in range(dice.poisson(0.8)):
        x, y = road.place(road.anywhere(dice), dice.between(-35.0, 35.0))
        if not taken.claim(x, y, 3.0):
            continue
        speed = dice.between(0.3, 2.0) if dice.chance(0.35) else dice.between(0.5, 15.0)
        course = dice.angle() if dice.chance(0.2) else 0.0
        motion = Motion(speed, curvature=style.curvature(speed, dice, 0.6), course=course)
        add_vehicle(world, dice, x, y, dice.angle(), motion)
