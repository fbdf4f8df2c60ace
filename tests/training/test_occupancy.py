# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who may go where: discs on the ground, over time."""

import math

from zeroflow_training.simulation.motion import STILL, Motion
from zeroflow_training.simulation.occupancy import Footprint, Occupancy


def car(motion: Motion) -> list[Footprint]:
    return [Footprint(motion, 4.6, 1.9)]


def test_cross_traffic_is_refused_only_if_it_arrives_at_the_same_time() -> None:
    for start, free in ((-30.0, False), (-60.0, True), (-8.0, True)):
        taken = Occupancy(6.0)
        assert taken.admit(-30.0, 0.0, 0.0, car(Motion(10.0)))
        assert taken.admit(0.0, start, math.pi / 2, car(Motion(10.0))) == free


def test_who_brakes_in_time_may_come() -> None:
    taken = Occupancy(10.0)
    assert taken.admit(0.0, 0.0, 0.0, car(STILL))
    approach = Motion(8.0)
    assert not taken.admit(-30.0, 0.0, 0.0, car(approach))
    assert not taken.admit(-30.0, 0.0, 0.0, car(approach.reaching(0.0, 32.0 / 27.0)))
    assert taken.admit(-30.0, 0.0, 0.0, car(approach.reaching(0.0, 32.0 / 24.0)))


def test_nothing_is_put_in_the_way_later() -> None:
    taken = Occupancy(5.0)
    taken.reserve(0.0, 0.0, 0.0, Footprint(Motion(4.0), 4.6, 2.0), 0.5)
    assert not taken.claim(15.0, 1.0, 0.3)
    assert taken.claim(15.0, 2.5, 0.3)
    assert taken.claim(30.0, 0.0, 0.3)
    assert not taken.claim_line(15.0, 5.0, math.pi / 2, 12.0, 0.3)


def test_houses_fill_their_ground_and_stand_wall_to_wall() -> None:
    taken = Occupancy(0.5)
    assert taken.claim_box(0.0, 0.0, 0.3, 20.0, 10.0)
    ahead = (20.0 * math.cos(0.3), 20.0 * math.sin(0.3))
    assert taken.claim_box(*ahead, 0.3, 20.0, 10.0)
    for along in (-8.0, -3.3, 0.0, 5.1, 9.0):
        for aside in (-4.0, -1.7, 0.0, 2.2, 4.0):
            x = along * math.cos(0.3) - aside * math.sin(0.3)
            y = along * math.sin(0.3) + aside * math.cos(0.3)
            assert not taken.claim(x, y, 0.1)
