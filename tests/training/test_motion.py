# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Motion of bodies against closed forms and step-by-step integration."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_training.simulation import SENSORS, ActorClass, Mounting, Scene, Simulation
from zeroflow_training.simulation.actors import add_pedestrian
from zeroflow_training.simulation.dice import Dice
from zeroflow_training.simulation.motion import PATH_DTYPE, EgoPath, Motion, path_pose, travelled
from zeroflow_training.simulation.place import Place
from zeroflow_training.simulation.raycast import body_pose, limb_offset
from zeroflow_training.simulation.world import WorldBuilder

F64 = npt.NDArray[np.float64]
BRAKING = Motion(8.0).reaching(0.0, acceleration=4.0, begin=1.0)
TURNING = Motion(3.0, curvature=0.2, bend=(2.0, 7.0))
REVERSING = Motion(-1.2, curvature=0.15)
SHUNTING = Motion(2.0, curvature=-0.1).reaching(-1.5, acceleration=2.0, begin=-0.5)
STARTING = Motion(0.0).reaching(5.0, acceleration=2.0, begin=0.05)
FLAT = np.zeros(6)


def path_of(motion: Motion) -> np.void:
    return np.array([Place(3.0, -2.0, 0.6, motion).path], PATH_DTYPE)[0]


@pytest.mark.parametrize(
    ("time", "distance"),
    [(-1.0, -8.0), (0.5, 4.0), (1.0, 8.0), (2.0, 8.0 + 8.0 - 2.0), (3.0, 16.0), (9.0, 16.0)],
)
def test_braking_body_stops_and_stays(time: float, distance: float) -> None:
    assert travelled(path_of(BRAKING), time) == pytest.approx(distance, abs=1e-12)


def test_starting_body_stands_before() -> None:
    path = path_of(STARTING)
    assert travelled(path, -2.0) == travelled(path, 0.05) == 0.0
    assert travelled(path, 1.05) == pytest.approx(1.0)
    assert travelled(path, 3.55) == pytest.approx(6.25 + 5.0)


@pytest.mark.parametrize("motion", [BRAKING, TURNING, REVERSING, SHUNTING, STARTING])
@pytest.mark.parametrize("until", [4.0, -2.0])
def test_pose_is_the_integral_of_speed_and_curvature(motion: Motion, until: float) -> None:
    steps = 40_000
    times = np.linspace(0.0, until, steps + 1)
    middle = 0.5 * (times[1:] + times[:-1])
    ramp = np.clip((middle - motion.begin) / max(motion.end - motion.begin, 1e-9), 0.0, 1.0)
    step = (motion.speed + motion.change * ramp) * np.diff(times)
    distance = np.cumsum(step) - 0.5 * step
    bends = (distance > motion.bend[0]) & (distance < motion.bend[1])
    turned = motion.curvature * bends * step
    heading = 0.6 + np.cumsum(turned) - 0.5 * turned
    expected = (
        3.0 + (step * np.cos(heading)).sum(),
        -2.0 + (step * np.sin(heading)).sum(),
        0.6 + turned.sum(),
    )
    path = path_of(motion)
    np.testing.assert_allclose(path_pose(path, travelled(path, until)), expected, atol=6e-4)


def test_trailer_follows_where_its_tractor_was() -> None:
    lead, trailer = path_of(TURNING), path_of(TURNING.behind(6.0))
    now, before = travelled(trailer, 2.0), travelled(lead, 0.0)
    assert now == pytest.approx(before, abs=1e-12)
    np.testing.assert_allclose(path_pose(trailer, now), path_pose(lead, before), atol=1e-12)


def test_places_lead_to_others_the_way_they_face() -> None:
    place = Place(1.0, 2.0, math.pi / 2, TURNING)
    ahead = place.shifted(3.0, left=0.5)
    assert (ahead.x, ahead.y) == pytest.approx((0.5, 5.0))
    assert (ahead.heading, ahead.motion) == (place.heading, TURNING)
    assert place.turned(0.1) == place.facing(math.pi / 2 + 0.1)
    assert place.behind(6.0) == place.moving(TURNING.behind(6.0))


def simulate(motion: Motion, *, time_reversed: bool = False) -> Simulation:
    world = WorldBuilder()
    body = world.body(Place(9.0, 2.0, 0.6, motion), ActorClass.CAR, half_range=1e3)
    world.box(body, (0.4, 0.0, 0.0), (4.5, 1.9, 1.6))
    return Simulation(
        4,
        sensor=SENSORS["OS1-64"],
        scene=Scene(world.build(), EgoPath(0.1, Motion(6.0).reaching(0.0, 5.0))),
        mounting=Mounting(1.8, 1.0, -1.0),
        time_reversed=time_reversed,
    )


@pytest.mark.parametrize("time_reversed", [False, True])
@pytest.mark.parametrize("motion", [BRAKING, TURNING, REVERSING, SHUNTING, STARTING])
def test_flow_is_the_difference_of_poses(motion: Motion, time_reversed: bool) -> None:
    simulation = simulate(motion, time_reversed=time_reversed)
    body = simulation.scene.world.bodies[0]
    clock = -1.0 if time_reversed else 1.0
    for index in (1, 5, 12):
        sweep = simulation.sweep(index)
        car = np.nonzero(sweep.instance_id == 1)[0][::17]
        points = sweep.points[car] @ sweep.pose[:3, :3].T + sweep.pose[:3, 3]
        flow = sweep.flow[car] @ sweep.pose[:3, :3].T
        assert len(car) > 5
        for point, moved, offset in zip(points, flow, sweep.time_offset[car], strict=True):
            time = 0.1 * index + float(offset)
            x, y, _, yaw, _ = body_pose(body, FLAT, clock * time)
            was_x, was_y, _, was_yaw, _ = body_pose(body, FLAT, clock * (time - 0.1))
            local = complex(point[0] - x, point[1] - y) * np.exp(-1j * yaw)
            before = complex(was_x, was_y) + local * np.exp(1j * was_yaw)
            np.testing.assert_allclose(moved[:2], point[:2] - [before.real, before.imag], atol=2e-5)


def test_stopped_body_has_exactly_no_flow() -> None:
    simulation = simulate(BRAKING)
    for index, still in ((29, False), (32, True), (40, True)):
        sweep = simulation.sweep(index)
        flow = sweep.flow[sweep.instance_id == 1]
        assert len(flow) > 50
        assert (flow == 0.0).all() == still


def test_time_runs_back_through_the_same_poses() -> None:
    ahead, back = simulate(SHUNTING), simulate(SHUNTING, time_reversed=True)
    assert back.pose(0.7)[0, 3] == pytest.approx(-6.0 * 0.7 * math.cos(0.1), abs=0.05)
    np.testing.assert_allclose(ahead.pose(-0.7), back.pose(0.7), atol=1e-12)


@pytest.mark.parametrize("motion", [Motion(1.4), Motion(0.4), Motion(2.0).reaching(0.0, 1.0)])
def test_feet_do_not_slide(motion: Motion) -> None:
    """At any moment one foot stands where it stood, in the world, while the body goes on."""
    world = WorldBuilder()
    add_pedestrian(world, Dice(3), Place(motion=motion))
    built = world.build()
    body = built.bodies[0]
    feet = sorted(np.nonzero(built.primitives["swing"])[0], key=lambda k: built.primitives["cz"][k])
    times = np.linspace(0.0, 3.0, 301)
    distance = np.array([travelled(body, time) for time in times])
    ways = np.array(
        [[d + limb_offset(built.primitives[foot], d) for d in distance] for foot in feet[:2]]
    )
    steps = np.diff(ways, axis=1)
    assert steps.min() > -1e-9
    # The two intervals in which the feet change over are the exception.
    standing = steps.min(axis=0) < 1e-9
    assert standing.mean() > 0.93
    assert np.ptp(ways, axis=1).min() > 0.3
