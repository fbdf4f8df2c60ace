# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What scenes of every kind promise: their classes, people, and nobody inside anybody else."""

import numpy as np
import numpy.typing as npt
import pytest

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.simulation import (
    KINDS,
    SENSORS,
    ActorClass,
    Mounting,
    Scene,
    Simulation,
    draw_scene,
)
from zeroflow_training.simulation.dice import Dice
from zeroflow_training.simulation.motion import EgoPath
from zeroflow_training.simulation.place import Place
from zeroflow_training.simulation.raycast import body_poses
from zeroflow_training.simulation.world import Openings, WorldBuilder

F64 = npt.NDArray[np.float64]
C = ActorClass
PROMISED = {
    "street": {C.CAR, C.VAN, C.PEDESTRIAN, C.CYCLIST, C.MOTORCYCLE, C.BUILDING, C.VEGETATION},
    "crossing": {C.CAR, C.TRUCK, C.PEDESTRIAN, C.CYCLIST, C.SCOOTER, C.TRAILER, C.POLE},
    "car_park": {C.CAR, C.PEDESTRIAN, C.BUILDING, C.BARRIER, C.CYCLIST},
    "yard": {C.TRUCK, C.TRAILER, C.MACHINE, C.PEDESTRIAN, C.CLUTTER, C.BUILDING},
    "highway": {C.CAR, C.TRUCK, C.BUS, C.MOTORCYCLE, C.BARRIER, C.BUILDING},
}
FLAT = np.zeros(6)
EGO_SIZE = (4.6, 1.9)


def outlines(built: Scene, time: float) -> tuple[F64, F64, F64]:
    """Actors' rectangles on the ground: middle and heading [A, 3], half size [A, 2], instance."""
    bodies, parts = built.world.bodies, built.world.primitives
    poses = body_poses(bodies, FLAT, time)
    rows, halves, instances = [], [], []
    for body in np.nonzero(bodies["instance"])[0]:
        low, high = np.full(2, -0.15), np.full(2, 0.15)  # bags may touch, people and dogs not
        if bodies["kind"][body] not in (C.PEDESTRIAN, C.ANIMAL):
            own = parts[(parts["body"] == body) & (parts["ey"] > 0.075)]  # no drawbars
            reach = [(own[c] - own[e], own[c] + own[e]) for c, e in (("cx", "ex"), ("cy", "ey"))]
            low = np.array([axis[0].min() for axis in reach])
            high = np.array([axis[1].max() for axis in reach])
        x, y, _, yaw, _ = poses[body]
        middle = complex(x, y) + complex(*(low + high) / 2) * np.exp(1j * yaw)
        rows.append((middle.real, middle.imag, yaw))
        halves.append((high - low) / 2 * 0.97)
        instances.append(bodies["instance"][body])
    return np.array(rows), np.array(halves), np.array(instances)


def overlapping(a: F64, half_a: F64, b: F64, half_b: F64) -> npt.NDArray[np.bool_]:
    """Whether rectangles overlap, pair by pair, by separating axes."""
    apart = np.zeros(len(b), bool)
    for heading in (a[:, 2], a[:, 2] + np.pi / 2, b[:, 2], b[:, 2] + np.pi / 2):
        axis = np.column_stack([np.cos(heading), np.sin(heading)])
        gap = np.abs(((b[:, :2] - a[:, :2]) * axis).sum(1))
        for rows, half in ((a, half_a), (b, half_b)):
            gap -= half[:, 0] * np.abs(np.cos(rows[:, 2] - heading))
            gap -= half[:, 1] * np.abs(np.sin(rows[:, 2] - heading))
        apart |= gap > 0.0
    return ~apart


def assert_nobody_meets(built: Scene, times: F64) -> None:
    kinds = {b["instance"]: b["kind"] for b in built.world.bodies if b["instance"]}
    coupled = (C.TRAILER, C.TRAM)
    for time in times:
        rows, halves, instances = outlines(built, time)
        ego = np.array([built.ego.place(built.ego.travelled(time))])
        half_ego = np.array(EGO_SIZE)[None] / 2
        many = np.repeat(ego, len(rows), 0), np.repeat(half_ego, len(rows), 0)
        hit = overlapping(*many, rows, halves)
        assert not hit.any(), f"{time:.1f} s: ego meets {[kinds[i] for i in instances[hit]]}"
        i, j = np.triu_indices(len(rows), 1)
        near = np.hypot(*(rows[i, :2] - rows[j, :2]).T) < 15.0
        i, j = i[near], j[near]
        met = overlapping(rows[i], halves[i], rows[j], halves[j])
        for one, other in zip(instances[i[met]], instances[j[met]], strict=True):
            follows = other == one + 1 and kinds[other] in coupled
            assert follows, f"{time:.1f} s: {kinds[one]!r} {one} meets {kinds[other]!r} {other}"


@pytest.mark.parametrize("kind", KINDS)
def test_scenes_hold_what_their_kind_promises(kind: str) -> None:
    seen: set[int] = set()
    for seed in range(20):
        built = draw_scene(Dice(f"test {seed}"), kind=kind)
        assert (built.world.bodies["instance"] > 0).sum() >= 3
        seen |= set(built.world.bodies["kind"].tolist())
        assert_nobody_meets(built, np.array([-0.5, 0.0, 0.5]))
    assert PROMISED[kind] <= seen


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_nobody_drives_through_anybody_in_long_scenes(kind: str, seed: int) -> None:
    assert_nobody_meets(draw_scene(Dice(f"long {seed}"), 20.0, kind), np.arange(0.0, 20.0, 0.8))


def test_random_scenes_have_everything_and_many_people() -> None:
    kinds: set[int] = set()
    crowded, backing, creeping, changing, steady_ego = [], [], [], [], []
    for seed in range(120):
        built = draw_scene(Dice(f"mix {seed}"))
        bodies = built.world.bodies
        kinds |= set(bodies["kind"].tolist())
        near = np.hypot(bodies["x"], bodies["y"]) < 40.0
        crowded.append((near & (bodies["kind"] == C.PEDESTRIAN)).sum() >= 10)
        vehicle = (bodies["kind"] >= C.CAR) & (bodies["kind"] <= C.BUS)
        backing.append((vehicle & (bodies["speed"] + bodies["change"] < 0.0)).any())
        top = bodies["top_speed"]
        creeping.append((near & (bodies["instance"] > 0) & (top > 0.2) & (top < 2.0)).sum())
        changing.append((bodies["change"] != 0.0).any())
        steady_ego.append(built.ego.motion.change == 0.0)
    assert kinds | {C.GROUND, C.NOISE, C.MIXED, C.OWN_VEHICLE} == set(ActorClass)
    assert 0.25 < np.mean(crowded) < 0.5
    assert np.mean(backing) > 0.15
    assert np.median(creeping) >= 3
    assert np.mean(changing) > 0.6
    assert 0.5 < np.mean(steady_ego) < 0.95


def test_the_ego_vehicle_turns_at_junctions_and_nobody_minds() -> None:
    turned = 0
    for seed in range(30):
        built = draw_scene(Dice(f"turn {seed}"), 8.0, "crossing")
        if built.ego.motion.bend[0] > 0.0:
            assert_nobody_meets(built, np.arange(0.0, 8.0, 0.4))
            turned += abs(built.ego.place(built.ego.travelled(8.0))[2] - built.ego.heading) > 1.5
    assert turned >= 2


def test_scene_names_the_kinds_there_are() -> None:
    with pytest.raises(ZeroflowError, match="street, crossing, car_park, yard, highway"):
        draw_scene(Dice(0), kind="beach")


def test_openings_let_through_what_meets_no_picket() -> None:
    world = WorldBuilder()
    fence = world.body(Place(4.0, 0.0, np.pi / 2), ActorClass.BARRIER, half_range=1e3)
    pickets = Openings(0.5, 0.6)
    world.box(fence, (0.0, 0.0, -1.0), (10.0, 0.02, 5.0), openings=pickets)
    wall = world.body(Place(8.0, 0.0, np.pi / 2), ActorClass.BUILDING, half_range=1e3)
    world.box(wall, (0.0, 0.0, -1.0), (40.0, 0.5, 9.0))
    built = Scene(world.build(), EgoPath())
    level = Mounting(1.8, 0.0, 0.0)
    sweep = Simulation(2, sensor=SENSORS["OS1-128"], scene=built, mounting=level).sweep(0)
    hit = sweep.points[sweep.class_id == ActorClass.BARRIER]
    behind = sweep.points[sweep.class_id == ActorClass.BUILDING]
    hit = hit[np.abs(hit[:, 1]) < 1.5]  # further out the range noise shows sideways
    assert len(hit) > 500
    # The opening of every half metre is 0.3 m wide, in its middle.
    assert np.abs((hit[:, 1] / 0.5) % 1.0 - 0.5).min() > 0.3 - 0.02
    through = behind[:, 1] * 4.0 / behind[:, 0]
    through = through[(np.abs(through) < 1.5) & (behind[:, 2] < 1.5)]
    assert len(through) > 500
    assert np.abs((through / 0.5) % 1.0 - 0.5).max() < 0.3 + 0.03
