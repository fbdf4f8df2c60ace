# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who may go where: discs on the ground, over time."""

import math

from zeroflow_training.simulation.motion import Motion
from zeroflow_training.simulation.occupancy import Footprint, Occupancy
from zeroflow_training.simulation.place import Place


def car(place: Place) -> list[Footprint]:
    return [Footprint(place, 4.6, 1.9)]


def test_cross_traffic_is_refused_only_if_it_arrives_at_the_same_time() -> None:
    for start, free in ((-30.0, False), (-60.0, True), (-8.0, True)):
        taken = Occupancy(6.0)
        assert taken.admit(car(Place(-30.0, motion=Motion(10.0))))
        assert taken.admit(car(Place(0.0, start, math.pi / 2, Motion(10.0)))) == free


def test_who_brakes_in_time_may_come() -> None:
    taken = Occupancy(10.0)
    assert taken.admit(car(Place()))
    start, approach = Place(-30.0), Motion(8.0)
    assert not taken.admit(car(start.moving(approach)))
    assert not taken.admit(car(start.moving(approach.reaching(0.0, 32.0 / 27.0))))
    assert taken.admit(car(start.moving(approach.reaching(0.0, 32.0 / 24.0))))


def test_nothing_is_put_in_the_way_later() -> None:
    taken = Occupancy(5.0)
    taken.reserve(Footprint(Place(motion=Motion(4.0)), 4.6, 2.0), 0.5)
    assert not taken.claim(Place(15.0, 1.0), 0.3)
    assert taken.claim(Place(15.0, 2.5), 0.3)
    assert taken.claim(Place(30.0), 0.3)
    assert not taken.claim_line(Place(15.0, 5.0, math.pi / 2), 12.0, 0.3)


def test_houses_fill_their_ground_and_stand_wall_to_wall() -> None:
    taken = Occupancy(0.5)
    middle = Place(heading=0.3)
    assert taken.claim_box(middle, 20.0, 10.0)
    assert taken.claim_box(middle.shifted(20.0), 20.0, 10.0)
    for along in (-8.0, -3.3, 0.0, 5.1, 9.0):
        for aside in (-4.0, -1.7, 0.0, 2.2, 4.0):
            assert not taken.claim(middle.shifted(along, aside), 0.1)
