# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole pipeline without a network: history, poses, levelling, units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.core.conftest import CONSTANT

from zeroflow_ros.ego_motion import EgoMotion, PoseTrack, Standstill
from zeroflow_ros.estimator import FlowEstimator, estimate_pair
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Points, Transform, from_roll_pitch_yaw, invert, transform_points
from zeroflow_ros.sweep import Sweep

START_NS = 1_700_000_000_000_000_000
STILL = np.eye(4)
HEIGHT_M = 1.8

MakeModel = Callable[..., Path]


def cloud(seed: int = 0, count: int = 300) -> Points:
    """Points around a sensor at HEIGHT_M."""
    low, high = [-18, -18, -HEIGHT_M], [18, 18, 2]
    return np.random.default_rng(seed).uniform(low, high, (count, 3)).astype(np.float32)


def sweep(milliseconds: int, points: Points | None = None) -> Sweep:
    return Sweep(cloud() if points is None else points, START_NS + milliseconds * 1_000_000)


def estimator(model: Path, ego_motion: EgoMotion | None = None) -> FlowEstimator:
    return FlowEstimator(model, ego_motion=ego_motion, sensor_height=HEIGHT_M)


def assert_none(flow: Flow, status: FlowStatus, rows: int = 300) -> None:
    assert flow.status is status
    assert flow.valid.shape == (rows,)
    assert not flow.valid.any()
    np.testing.assert_array_equal(flow.displacement, np.zeros((rows, 3)))
    np.testing.assert_array_equal(flow.velocity, np.zeros((rows, 3)))
    np.testing.assert_array_equal(flow.speed, np.zeros(rows))
    assert flow.interval_s == 0


def test_flow_from_the_second_sweep_on(make_model: MakeModel, engine: Any) -> None:
    flows = estimator(make_model(), Standstill())
    assert_none(flows.update(sweep(0)), FlowStatus.FIRST_SWEEP)
    assert engine.inputs == []
    flow = flows.update(sweep(100))
    assert flow.status is FlowStatus.ESTIMATED
    assert flow.valid.all()
    np.testing.assert_allclose(flow.displacement, np.tile(CONSTANT, (300, 1)), rtol=1e-6)
    assert flow.interval_s == pytest.approx(0.1)
    assert list(flow.stage_ms)[:3] == ["ego_motion", "deskew", "levelling"]
    assert min(flow.stage_ms.values()) >= 0


LONG = (0, 1, 3)


def drive() -> list[tuple[Sweep, Transform]]:
    """From a tilted sensor at 10 m/s, with times of points, a lost sweep and a clock jump."""
    points, _ = tilted_scene(np.deg2rad(3))
    times = {"t": np.linspace(0, 0.09, len(points))}
    return [
        (
            Sweep(points + np.float32(0.01 * k), START_NS + (k - 50 * (k > 6)) * 10**8, "", times),
            from_roll_pitch_yaw((float(k), 0.1 * k, 0), 0, 0, 0.01 * k),
        )
        for k in (0, 1, 2, 3, 5, 6, 7, 8, 9)
    ]


@pytest.mark.parametrize("unseen", range(9))
def test_a_sweep_that_was_only_observed_is_remembered_as_if_it_had_been_asked_about(
    make_model: MakeModel, engine: Any, unseen: int
) -> None:
    engine.displacement = lambda inputs: inputs["point_offset"] + 0.1
    path = make_model(lags=LONG)
    asked, observed = FlowEstimator(path), FlowEstimator(path)
    for newest, pose in drive()[:unseen]:
        asked.update(newest, pose)
        engine.inputs.clear()
        observed.observe(newest, pose)
        assert engine.inputs == []
    for newest, pose in drive()[unseen:]:
        expected, found = asked.update(newest, pose), observed.update(newest, pose)
        assert found.status is expected.status
        np.testing.assert_array_equal(found.displacement, expected.displacement)
        np.testing.assert_array_equal(found.valid, expected.valid)
        assert found.interval_s == expected.interval_s


def test_the_source_of_ego_motion_sees_observed_sweeps(make_model: MakeModel, engine: Any) -> None:
    seen: list[int] = []

    class Watching(Standstill):
        def observe(self, sweep: Sweep) -> None:
            seen.append(sweep.stamp_ns)

    flows = estimator(make_model(), Watching())
    flows.observe(sweep(0))
    flows.observe(sweep(100))
    assert flows.update(sweep(200)).status is FlowStatus.ESTIMATED
    assert [stamp - START_NS for stamp in seen] == [0, 100_000_000, 200_000_000]
    assert len(engine.inputs) == 1


def sweeps_seen(engine: Any, cells: int) -> list[int]:
    """Which of the model's sweeps had points in the last call of the engine."""
    return np.unique(engine.inputs[-1]["pillar_index"] // cells).tolist()


def test_what_the_history_misses_is_an_empty_sweep(make_model: MakeModel, engine: Any) -> None:
    flows = estimator(make_model(lags=LONG), Standstill())
    cells = flows.card.grid.size**2
    seen: list[list[int]] = []
    # A gap at 600 ms: the history fills anew, and what is three intervals back counts again at 900.
    for stamp in (0, 100, 200, 300, 400, 700, 800, 900, 1000):
        engine.inputs.clear()
        flow = flows.update(sweep(stamp))
        assert bool(engine.inputs) == (flow.status is FlowStatus.ESTIMATED)
        seen.append(sweeps_seen(engine, cells) if engine.inputs else [])
    full, two = [0, 1, 2], [0, 1]
    assert seen == [[], two, two, full, full, [], two, two, full]


def test_pairs_are_two_sweeps_to_any_model(make_model: MakeModel, engine: Any) -> None:
    path = make_model(lags=LONG)
    assert estimate_pair(cloud(), cloud(), model=path).status is FlowStatus.ESTIMATED
    assert sweeps_seen(engine, 80**2) == [0, 1]


def driven(model: Path, engine: Any, timed: bool, **options: Any) -> Any:
    """The network's pillars after three sweeps from a sensor at 10 m/s."""
    flows = FlowEstimator(model, sensor_height=HEIGHT_M, **options)
    for number in range(3):
        points = cloud()
        times = np.linspace(0, 0.09, len(points)) if timed else np.zeros(len(points))
        seen = Sweep(points, START_NS + number * 100_000_000, extras={"t": times})
        flows.update(seen, from_roll_pitch_yaw((float(number), 0, 0), 0, 0, 0))
    cells = flows.card.grid.size**2
    index = engine.inputs[-1]["pillar_index"]
    return [index[index // cells == age].tolist() for age in (0, 1)]


def test_clouds_with_times_are_deskewed_unless_the_user_says_no(
    make_model: MakeModel, engine: Any
) -> None:
    model = make_model()
    as_measured = driven(model, engine, timed=False)
    assert all(a != b for a, b in zip(driven(model, engine, timed=True), as_measured, strict=True))
    assert driven(model, engine, timed=True, deskew=False) == as_measured


def test_flow_over_a_gap_is_over_its_interval(make_model: MakeModel, engine: Any) -> None:
    flows = estimator(make_model(lags=LONG), Standstill())
    for stamp in (0, 100, 200, 300, 500):
        flow = flows.update(sweep(stamp))
    assert flow.interval_s == pytest.approx(0.2)
    np.testing.assert_allclose(flow.velocity[0], CONSTANT / 0.2, rtol=1e-5)
    assert sweeps_seen(engine, flows.card.grid.size**2) == [0, 1]


@pytest.mark.parametrize("milliseconds", [80, 100, 130, 200])
def test_velocity_is_over_the_measured_interval(
    make_model: MakeModel, engine: Any, milliseconds: int
) -> None:
    flows = estimator(make_model(), Standstill())
    flows.update(sweep(0))
    flow = flows.update(sweep(milliseconds))
    np.testing.assert_allclose(flow.velocity[0], CONSTANT / (milliseconds / 1000), rtol=1e-5)
    speed = np.linalg.norm(CONSTANT) / (milliseconds / 1000)
    np.testing.assert_allclose(flow.speed, speed, rtol=1e-5)


def test_twenty_hertz_measures_over_two_sweeps(make_model: MakeModel, engine: Any) -> None:
    flows = estimator(make_model(), Standstill())
    for k in range(4):
        flow = flows.update(sweep(50 * k))
    assert flow.interval_s == pytest.approx(0.1)


def test_gap_and_clock_jumps_start_anew(make_model: MakeModel, engine: Any) -> None:
    flows = estimator(make_model(), Standstill())
    statuses = [flows.update(sweep(t)).status for t in (0, 100, 400, 500, 500, 600, -900, -800)]
    first, estimated = FlowStatus.FIRST_SWEEP, FlowStatus.ESTIMATED
    assert statuses == [first, estimated, first, estimated, first, estimated, first, estimated]


def test_a_sweep_without_pose_is_not_estimated(make_model: MakeModel, engine: Any) -> None:
    poses = PoseTrack()
    flows = estimator(make_model(), poses)
    assert_none(flows.update(sweep(0)), FlowStatus.NO_EGO_MOTION)
    for milliseconds in (0, 100, 200):
        poses.add(START_NS + milliseconds * 1_000_000, STILL)
    statuses = [flows.update(sweep(t)).status for t in (0, 100, 200)]
    assert statuses == [FlowStatus.FIRST_SWEEP, FlowStatus.ESTIMATED, FlowStatus.ESTIMATED]
    assert_none(flows.update(sweep(400)), FlowStatus.NO_EGO_MOTION)
    unknown = np.full((4, 4), np.nan)
    assert_none(flows.update(sweep(300), unknown), FlowStatus.NO_EGO_MOTION)
    # The sweeps without pose took nothing from the history, nor did they enter it.
    poses.add(START_NS + 300_000_000, STILL)
    assert flows.update(sweep(300)).interval_s == pytest.approx(0.1)


def test_given_poses_bring_earlier_points_into_the_newest_frame(
    make_model: MakeModel, engine: Any
) -> None:
    """A static world seen from two poses far from the origin gives the same pillars twice."""
    far = from_roll_pitch_yaw((400_000, 5_000_000, 30), 0.02, -0.03, 2.0)
    poses = [far, far @ from_roll_pitch_yaw((1.0, 0.05, 0), 0, 0, 0.03)]
    # In the middle of pillars, so that no rounding moves a point to the next one.
    cells = np.random.default_rng(0).integers(-30, 30, (80, 2))
    newest = np.c_[cells * 0.5 + 0.25, np.zeros(80)].astype(np.float32)
    earlier = transform_points(invert(poses[0]) @ poses[1], newest)
    flows = estimator(make_model())
    flows.update(sweep(0, earlier), poses[0])
    flows.update(sweep(100, newest), poses[1])
    inputs = engine.inputs[0]
    now, before = np.split(inputs["pillar_index"], 2)
    np.testing.assert_array_equal(now, before - 80 * 80)
    heights = inputs["pillar_features"][:, [3, 12, 21, 30]]
    np.testing.assert_allclose(heights.max(1), HEIGHT_M / 2, atol=1e-3)


def tilted_scene(pitch: float) -> tuple[Points, Transform]:
    """Flat ground and what stands on it, in the frame of a tilted sensor."""
    rng = np.random.default_rng(1)
    ground = rng.uniform([-18, -18, 0], [18, 18, 0.01], (4000, 3))
    things = rng.uniform([-18, -18, 0.5], [18, 18, 3], (1000, 3))
    level_from_sensor = from_roll_pitch_yaw((0, 0, HEIGHT_M), 0, pitch, 0)
    points = np.concatenate([ground, things]).astype(np.float32)
    return transform_points(invert(level_from_sensor), points), level_from_sensor


def test_flow_is_in_the_axes_of_a_tilted_sensor(make_model: MakeModel, engine: Any) -> None:
    points, level_from_sensor = tilted_scene(np.deg2rad(12))
    flows = FlowEstimator(make_model(), ego_motion=Standstill())
    flows.update(sweep(0, points))
    flow = flows.update(sweep(100, points))
    assert flow.valid.mean() > 0.99
    expected = level_from_sensor[:3, :3].T @ CONSTANT
    np.testing.assert_allclose(flow.displacement[flow.valid].mean(0), expected, atol=0.01)
    np.testing.assert_allclose(
        np.linalg.norm(flow.displacement[flow.valid], axis=1), np.linalg.norm(CONSTANT), rtol=1e-5
    )


def test_reset_forgets_sweeps_poses_and_level(make_model: MakeModel, engine: Any) -> None:
    poses = PoseTrack()
    poses.add(START_NS, STILL)
    flows = FlowEstimator(make_model(), ego_motion=poses)
    tilted, _ = tilted_scene(np.deg2rad(12))
    upright, level_from_sensor = tilted_scene(0.0)
    for k in range(4):
        flows.update(sweep(100 * k, tilted), STILL)
    flows.reset()
    assert poses.pose(START_NS) is None
    assert flows.update(sweep(400, upright), STILL).status is FlowStatus.FIRST_SWEEP
    flow = flows.update(sweep(500, upright), STILL)
    expected = level_from_sensor[:3, :3].T @ CONSTANT
    np.testing.assert_allclose(flow.displacement[flow.valid].mean(0), expected, atol=0.01)


def test_sweeps_of_another_sensor_start_anew(make_model: MakeModel, engine: Any) -> None:
    flows = estimator(make_model(), Standstill())
    flows.update(replace(sweep(0), frame_id="front"))
    assert_none(flows.update(replace(sweep(100), frame_id="rear")), FlowStatus.FIRST_SWEEP)
    assert flows.update(replace(sweep(200), frame_id="rear")).status is FlowStatus.ESTIMATED


def test_poses_that_came_before_the_first_sweep_are_kept(
    make_model: MakeModel, engine: Any
) -> None:
    track = PoseTrack()
    for milliseconds in (0, 100):
        track.add(START_NS + milliseconds * 1_000_000, STILL)
    assert_none(estimator(make_model(), track).update(sweep(0)), FlowStatus.FIRST_SWEEP)


def test_bad_rows_and_empty_sweeps(make_model: MakeModel, engine: Any) -> None:
    flows = estimator(make_model(), Standstill())
    points = cloud()
    points[::3] = np.nan
    points[1::3] *= 100
    nothing = np.empty((0, 3), np.float32)
    flows.update(sweep(0))
    flow = flows.update(sweep(100, points))
    assert np.isfinite(flow.displacement).all()
    assert not flow.valid[::3].any()
    assert flow.valid[2::3].all()
    np.testing.assert_array_equal(flow.displacement[~flow.valid], 0)
    assert_none(flows.update(sweep(200, nothing)), FlowStatus.EMPTY, rows=0)
    assert_none(flows.update(sweep(300)), FlowStatus.EMPTY)  # nothing to compare with
    assert flows.update(sweep(400)).status is FlowStatus.ESTIMATED


def test_points_of_the_own_vehicle_get_no_flow_and_nothing_sees_them(
    make_model: MakeModel, engine: Any
) -> None:
    seen: list[Points] = []

    class Watching(Standstill):
        def observe(self, sweep: Sweep) -> None:
            seen.append(sweep.points)

    engine.displacement = lambda inputs: inputs["point_offset"] + 0.1
    roof = np.random.default_rng(1).uniform([-1, -1, -0.5], [1, 1, 0], (40, 3)).astype(np.float32)
    around = cloud()
    around = around[np.abs(around[:, :2]).max(1) > 4]
    points = np.concatenate([around, roof])
    points.flags.writeable = False
    model, options = make_model(), {"sensor_height": HEIGHT_M, "crop_box": (2, 1, 0, -2, -1, -1)}
    cropping = FlowEstimator(model, ego_motion=Watching(), **options)
    plain = estimator(model, Standstill())
    for k in range(3):
        newest = sweep(100 * k, points)
        flow, expected = cropping.update(newest), plain.update(newest)
    assert expected.valid.all()
    own = np.arange(len(points)) >= len(around)
    np.testing.assert_array_equal(flow.valid, ~own)
    assert not flow.velocity[own].any()
    assert (np.abs(flow.velocity[~own]).max(1) > 0).all()
    np.testing.assert_array_equal(flow.velocity[~own], expected.velocity[~own])
    assert len(seen) == 3
    for each in seen:
        np.testing.assert_array_equal(np.isnan(each).any(1), own)


def test_a_crop_box_has_six_numbers(make_model: MakeModel, engine: Any) -> None:
    with pytest.raises(ValueError, match=r"six finite numbers in m, not \[1, 2, 3\]"):
        FlowEstimator(make_model(), crop_box=(1, 2, 3))


def test_kiss_icp_is_the_fallback(make_model: MakeModel, engine: Any) -> None:
    pytest.importorskip("kiss_icp", reason="pip install 'zeroflow_ros[odometry]'")
    flows = estimator(make_model())
    assert flows.update(sweep(0)).status is FlowStatus.FIRST_SWEEP
    assert flows.update(sweep(100)).status is FlowStatus.ESTIMATED
    nothing = np.full((10, 3), np.nan, np.float32)
    assert_none(flows.update(sweep(200, nothing)), FlowStatus.NO_EGO_MOTION, rows=10)


def test_ground_rows_of_a_model_that_wants_it_removed(make_model: MakeModel, engine: Any) -> None:
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    flows = estimator(make_model(ground="remove"), Standstill())
    rng = np.random.default_rng(0)
    ground = rng.uniform([-15, -15, -0.02], [15, 15, 0.02], (8000, 3))
    box = rng.uniform([6, 3, 0.5], [10, 5, 1.6], (500, 3))
    points = (np.concatenate([ground, box]) - [0, 0, HEIGHT_M]).astype(np.float32)
    flows.update(sweep(0, points))
    flow = flows.update(sweep(100, points))
    assert flow.valid.all()
    is_box = np.arange(len(points)) >= 8000
    far = np.hypot(*points[:, :2].T) > 3
    assert (flow.speed[~is_box & far] == 0).mean() > 0.9
    assert (flow.speed[is_box] > 1).mean() > 0.95
