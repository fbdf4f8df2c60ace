# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FlowNetwork with a function in place of the network: rows, frames, ground."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.errors import ModelError
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Points, from_roll_pitch_yaw, transform_points
from zeroflow_ros.ground import GroundSplit, KeptGround
from zeroflow_ros.model import ModelCard
from zeroflow_ros.network import FlowNetwork, PlacedCloud, network_inputs
from zeroflow_ros.pillars import FEATURES, GridPoints, PillarGrid
from zeroflow_ros.stopwatch import Stopwatch

GRID = PillarGrid(range_m=20.0, cell_m=0.5, z_min_m=-1.5, z_max_m=4.5)
TILTED = from_roll_pitch_yaw((0, 0, 1.8), 0.1, -0.2, 0.3)

MakeCard = Callable[..., ModelCard]
MakeEngine = Callable[..., Any]


def coordinates(inputs: Any) -> np.ndarray:
    """A "network" that answers with where each point lies in the levelled frame."""
    return GRID.points(inputs["point_pillar"], inputs["point_offset"])


class LowGround:
    """Ground is what lies below 0.2 m."""

    def split(self, grid: PillarGrid, located: GridPoints) -> GroundSplit:
        low = located.offset[:, 2] < 0.1  # half the height
        return GroundSplit(located.select(~low), located.rows[low])


def random_cloud(count: int = 500, seed: int = 0) -> Points:
    cloud = np.random.default_rng(seed).uniform([-25, -25, -4], [25, 25, 4], (count, 3))
    cloud[::7] = np.nan
    return cloud.astype(np.float32)


def run(network: FlowNetwork, *clouds: Points, transform: np.ndarray = TILTED) -> Flow:
    return network.flow(
        [PlacedCloud(c, transform, 0.1 * k) for k, c in enumerate(clouds)], Stopwatch()
    )


def test_rows_valid_flags_and_axes(make_card: MakeCard, make_engine: MakeEngine) -> None:
    cloud = random_cloud()
    flow = run(FlowNetwork(make_card(), make_engine(coordinates), KeptGround()), cloud, cloud)
    level = transform_points(TILTED, cloud)
    inside = (np.abs(level[:, :2]) < 20).all(1) & (level[:, 2] >= -1.5) & (level[:, 2] < 4.5)
    assert 100 < inside.sum() < 400
    np.testing.assert_array_equal(flow.valid, inside)
    assert flow.displacement.shape == cloud.shape
    assert flow.displacement.dtype == np.float32
    np.testing.assert_array_equal(flow.displacement[~inside], 0)
    # The levelled coordinate is R p + t; as a direction in the sensor's axes: p + R^T t.
    expected = cloud[inside] + TILTED[:3, 3] @ TILTED[:3, :3]
    np.testing.assert_allclose(flow.displacement[inside], expected, atol=1e-4)
    assert flow.status is FlowStatus.ESTIMATED
    assert flow.interval_s == 0.1
    assert list(flow.stage_ms) == [
        "ground_and_grid", "pillars", "network", "bodies", "output",
    ]  # fmt: skip


@pytest.mark.parametrize(("bodies", "lengths"), [("rigid", [0.5]), ("none", [0.4, 0.5])])
def test_bodies_move_as_one_if_the_card_says_so(
    make_card: MakeCard, make_engine: MakeEngine, bodies: str, lengths: list[float]
) -> None:
    body = np.random.default_rng(0).uniform([4, 4, 0], [7, 7, 1], (400, 3)).astype(np.float32)

    def fading(inputs: Any) -> np.ndarray:
        far = coordinates(inputs)[:, 0] > 6.5
        return np.float32([0, 1, 0]) * np.where(far, 0.4, 0.5).astype(np.float32)[:, None]

    network = FlowNetwork(make_card(bodies=bodies), make_engine(fading), KeptGround())
    before = body - np.float32([0, 0.5, 0])
    flow = run(network, body, before, transform=np.eye(4))
    found = np.unique(flow.displacement[:, 1].round(3))
    np.testing.assert_allclose(found, lengths, atol=1e-3)


@pytest.mark.parametrize(("certainty", "moves"), [(0.0, True), (0.79, True), (0.81, False)])
def test_bodies_move_if_motion_is_as_certain_as_the_card_wants(
    make_card: MakeCard, make_engine: MakeEngine, certainty: float, moves: bool
) -> None:
    engine = make_engine(lambda inputs: 0 * coordinates(inputs) + [0.5, 0, 0])
    engine.odds = np.log(0.8 / 0.2)
    card = make_card(bodies="rigid", certainty=certainty)
    body = np.random.default_rng(0).uniform([4, 4, 0], [8, 8, 1], (600, 3)).astype(np.float32)
    network = FlowNetwork(card, engine, KeptGround())
    flow = run(network, body, body - np.float32([9, 9, 0]), transform=np.eye(4))
    assert flow.valid.any()
    assert flow.displacement.any() == moves


def test_an_answer_that_is_no_number_is_not_valid(
    make_card: MakeCard, make_engine: MakeEngine
) -> None:
    def odd(inputs: Any) -> np.ndarray:
        answer = np.full((len(inputs["point_pillar"]), 3), 0.3, np.float32)
        answer[3, 1], answer[8, 2] = np.nan, np.inf
        return answer

    cloud = np.random.default_rng(0).uniform(-9, 9, (50, 3)).astype(np.float32) * [1, 1, 0.1]
    network = FlowNetwork(make_card(bodies="rigid"), make_engine(odd), KeptGround())
    flow = run(network, cloud.astype(np.float32), cloud.astype(np.float32), transform=np.eye(4))
    assert np.flatnonzero(~flow.valid).tolist() == [3, 8]
    np.testing.assert_array_equal(flow.displacement[~flow.valid], 0)
    np.testing.assert_allclose(flow.displacement[flow.valid], 0.3, atol=1e-6)


def test_odds_that_are_no_number_are_not_valid(
    make_card: MakeCard, make_engine: MakeEngine
) -> None:
    engine = make_engine(lambda inputs: 0 * coordinates(inputs) + [0.5, 0, 0])
    engine.odds = np.nan
    clouds = [random_cloud(), random_cloud() - np.float32([0.5, 0, 0])]
    flow = run(
        FlowNetwork(make_card(bodies="rigid"), engine, KeptGround()), *clouds, transform=np.eye(4)
    )
    assert not flow.valid.any()
    assert not flow.displacement.any()


def test_a_graph_without_odds_is_refused_for_rigid_bodies(
    make_card: MakeCard, make_engine: MakeEngine
) -> None:
    engine = make_engine(coordinates)
    engine.outputs = ("displacement",)
    FlowNetwork(make_card(bodies="none"), engine, KeptGround())
    with pytest.raises(ModelError, match="function: its graph has no output 'moving'"):
        FlowNetwork(make_card(bodies="rigid"), engine, KeptGround())


def test_inputs_of_the_network(make_card: MakeCard, make_engine: MakeEngine) -> None:
    engine = make_engine(coordinates)
    clouds = [random_cloud(seed=k) for k in range(3)]
    run(FlowNetwork(make_card(lags=(0, 1, 2)), engine, KeptGround()), *clouds, transform=np.eye(4))
    (inputs,) = engine.inputs
    index = inputs["pillar_index"]
    assert index.dtype == inputs["point_pillar"].dtype == np.int32
    assert (np.diff(index) > 0).all()  # unique, in order of sweeps
    assert inputs["pillar_features"].shape == (len(index), FEATURES)
    located = [GRID.locate(cloud) for cloud in clouds]
    for k in range(3):
        own = index[index // GRID.size**2 == k] - k * GRID.size**2
        np.testing.assert_array_equal(own, np.unique(located[k].cell))
    np.testing.assert_array_equal(inputs["point_pillar"], located[0].cell)
    np.testing.assert_array_equal(inputs["point_offset"], located[0].offset)


def test_each_sweep_is_moved_by_its_own_transform(
    make_card: MakeCard, make_engine: MakeEngine
) -> None:
    engine = make_engine(coordinates)
    network = FlowNetwork(make_card(), engine, KeptGround())
    point = np.array([[1.1, 2.1, 0.1]], np.float32)
    placed = [
        PlacedCloud(point, np.eye(4), 0.0),
        PlacedCloud(point, from_roll_pitch_yaw((3, 0, 0), 0, 0, 0), 0.1),
    ]
    network.flow(placed, Stopwatch())
    now, before = engine.inputs[0]["pillar_index"]
    assert before - GRID.size**2 - now == 6 * GRID.size  # 3 m along x are six pillars


def test_ground_is_valid_and_still(make_card: MakeCard, make_engine: MakeEngine) -> None:
    cloud = random_cloud()
    engine = make_engine(lambda inputs: np.ones_like(inputs["point_offset"]))
    flow = run(FlowNetwork(make_card(), engine, LowGround()), cloud, cloud, transform=np.eye(4))
    located = GRID.locate(cloud).rows
    low = located[cloud[located, 2] < 0.2]
    high = np.setdiff1d(located, low)
    assert min(len(low), len(high)) > 50
    assert flow.valid[located].all()
    assert flow.valid.sum() == len(located)
    np.testing.assert_array_equal(flow.displacement[low], 0)
    np.testing.assert_array_equal(flow.displacement[high], 1)
    assert len(engine.inputs[0]["point_pillar"]) == len(high)


def test_nothing_but_ground_is_an_answer(make_card: MakeCard, make_engine: MakeEngine) -> None:
    cloud = random_cloud()
    cloud[:, 2] = 0
    engine = make_engine(coordinates)
    flow = run(FlowNetwork(make_card(), engine, LowGround()), cloud, cloud, transform=np.eye(4))
    assert flow.status is FlowStatus.ESTIMATED
    assert engine.inputs == []
    np.testing.assert_array_equal(np.flatnonzero(flow.valid), GRID.locate(cloud).rows)
    np.testing.assert_array_equal(flow.displacement, 0)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    "cloud", [np.empty((0, 3)), np.full((9, 3), np.nan), np.full((9, 3), 99.0)]
)
def test_nothing_to_compare(
    make_card: MakeCard, make_engine: MakeEngine, which: int, cloud: np.ndarray
) -> None:
    clouds = [random_cloud(), random_cloud()]
    clouds[which] = cloud.astype(np.float32)
    engine = make_engine(coordinates)
    flow = run(FlowNetwork(make_card(), engine, KeptGround()), *clouds)
    assert flow.status is FlowStatus.EMPTY
    assert engine.inputs == []
    assert flow.valid.shape == (len(clouds[0]),)
    assert not flow.valid.any()
    np.testing.assert_array_equal(flow.velocity, np.zeros((len(clouds[0]), 3)))


def test_an_empty_oldest_sweep_is_only_missing(
    make_card: MakeCard, make_engine: MakeEngine
) -> None:
    network = FlowNetwork(make_card(lags=(0, 1, 2)), make_engine(coordinates), KeptGround())
    nothing = np.empty((0, 3), np.float32)
    assert run(network, random_cloud(), random_cloud(), nothing).status is FlowStatus.ESTIMATED


def test_a_wrong_count_of_sweeps_is_refused(make_card: MakeCard, make_engine: MakeEngine) -> None:
    network = FlowNetwork(make_card(lags=(0, 1, 2)), make_engine(coordinates), KeptGround())
    with pytest.raises(ModelError, match="looks at 3 sweeps, not 2"):
        run(network, random_cloud(), random_cloud())


def test_where_the_sensor_was_is_known_of_clouds_in_its_frame() -> None:
    level, cloud = from_roll_pitch_yaw((3, 0, 1.8), 0, 0.1, 0), random_cloud()
    np.testing.assert_array_equal(PlacedCloud(cloud, level, 0.1).sensor, [3, 0, 1.8])
    assert np.isnan(PlacedCloud(cloud, level, 0.1, from_sensor=False).sensor).all()
    on_the_ground = from_roll_pitch_yaw((3, 0, 0.05), 0, 0, 0)  # a vehicle's frame
    assert np.isnan(PlacedCloud(cloud, on_the_ground, 0.1).sensor).all()


def test_network_inputs_of_an_empty_grid() -> None:
    nothing = GRID.locate(np.empty((0, 3), np.float32))
    inputs = network_inputs(GRID, [nothing, nothing])
    assert {name: array.shape for name, array in inputs.items()} == {
        "pillar_features": (0, FEATURES),
        "pillar_index": (0,),
        "point_pillar": (0,),
        "point_offset": (0, 3),
    }
