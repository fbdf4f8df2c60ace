# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trials with estimators whose score is known, and what perturbations do."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Transform, invert
from zeroflow_ros.point_times import point_times
from zeroflow_ros.sweep import Sweep
from zeroflow_training.evaluation.classes import JUDGED, PointClass, of_simulated
from zeroflow_training.evaluation.frozen_worlds import FrozenWorld, frozen_worlds
from zeroflow_training.evaluation.perturbation import (
    PERTURBATIONS,
    UNCHANGED,
    Perturbation,
    fewer_beams,
    half_the_points,
    mounted,
    without,
    wrong_poses,
)
from zeroflow_training.evaluation.trial import (
    CLASS_GROUPS,
    NOT_JUDGED,
    Trial,
    by_class,
    by_sensor,
    by_speed,
    judge,
    pooled,
    try_world,
)
from zeroflow_training.recording import EPOCH_NS
from zeroflow_training.simulation.classes import ActorClass
from zeroflow_training.simulation.simulator import SimulatedSweep

SPAN_S = 0.1
BY_NAME = {change.name: change for change in PERTURBATIONS}


@pytest.fixture(scope="module")
def world() -> FrozenWorld:
    """The first street with enough movers, seen by the smallest lidar."""
    return next(world for world in frozen_worlds("VLP-16") if _is_lively(world))


def _is_lively(world: FrozenWorld) -> bool:
    newest = world.sweeps(0.0)[-1]
    near = (np.abs(newest.points[:, :2]) < 51.2).all(1)
    return int((near & (np.linalg.norm(newest.flow, axis=1) > 0.1)).sum()) > 200


@pytest.fixture(scope="module")
def sweeps(world: FrozenWorld) -> list[SimulatedSweep]:
    return world.sweeps(SPAN_S)


def scaled(sweep: SimulatedSweep, share: float, interval_s: float = 0.1) -> Flow:
    """An answer that has `share` of the true velocity, over an interval of its own."""
    displacement = sweep.flow * np.float32(share * interval_s / 0.1)
    valid = np.ones(len(displacement), bool)
    return Flow(displacement, valid, interval_s, FlowStatus.ESTIMATED)


class Recorder:
    """Says zero; remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[tuple[Sweep, Transform | None]] = []

    def update(self, sweep: Sweep, pose: Transform | None = None) -> Flow:
        self.seen.append((sweep, pose))
        valid = np.ones(len(sweep), bool)
        return Flow(np.zeros_like(sweep.points), valid, 0.1, FlowStatus.ESTIMATED)

    def reset(self) -> None:
        self.seen.clear()


@pytest.mark.parametrize(("share", "error"), [(1.0, 0.0), (0.5, 0.5), (0.0, 1.0)])
def test_share_of_the_truth(sweeps: list[SimulatedSweep], share: float, error: float) -> None:
    trial = judge("VLP-16", scaled(sweeps[-1], share), sweeps[-1], 0.1)
    metrics = pooled([trial, trial])
    assert metrics.dynamic_points > 100
    assert metrics.dynamic_epe_normalised == pytest.approx(error, abs=1e-6)
    assert metrics.dynamic_epe_bucketed == pytest.approx(error, abs=1e-6)
    assert metrics.false_motion == 0


def test_intervals_do_not_matter_speeds_do(sweeps: list[SimulatedSweep]) -> None:
    """A model that looks twice as far back moves points twice as far."""
    trial = judge("VLP-16", scaled(sweeps[-1], 1.0, interval_s=0.2), sweeps[-1], 0.1)
    assert pooled([trial]).dynamic_epe_normalised == pytest.approx(0.0, abs=1e-6)
    halved = replace(sweeps[-1], flow=sweeps[-1].flow / 2)  # of a sweep at 20 Hz
    trial = judge("VLP-16", scaled(sweeps[-1], 1.0), halved, 0.05)
    assert pooled([trial]).dynamic_epe_normalised == pytest.approx(0.0, abs=1e-6)


def test_ground_what_is_mixed_far_or_invalid_is_not_judged(sweeps: list[SimulatedSweep]) -> None:
    newest, flow = sweeps[-1], scaled(sweeps[-1], 1.0)
    flow.valid[::2] = False
    trial = judge("VLP-16", flow, newest, 0.1)
    near = (np.abs(newest.points[:, :2]) < 51.2).all(1)
    expected = (flow.valid & near & ~np.isin(newest.class_id, NOT_JUDGED)).sum()
    assert trial.tally.group().between().points == expected > 0
    ground = flow.valid & near & (newest.class_id == ActorClass.GROUND)
    assert trial.tally.group([PointClass.GROUND]).between().points == ground.sum() > 0


def test_groups_take_every_class_that_is_judged_once() -> None:
    grouped = list(CLASS_GROUPS.values())
    assert sorted([*grouped, PointClass.UNKNOWN]) == sorted(JUDGED)
    members = np.array([member for member in ActorClass if member not in NOT_JUDGED])
    assert set(of_simulated(members)) == set(grouped)
    assert of_simulated(np.array([ActorClass.GROUND])) == [PointClass.GROUND]


def test_tables_divide_the_points(sweeps: list[SimulatedSweep]) -> None:
    trial = judge("VLP-16", scaled(sweeps[-1], 0.5), sweeps[-1], 0.1)
    trials = [trial, replace(trial, sensor="HDL-64E")]
    whole = pooled(trials)
    assert list(by_sensor(trials)) == ["VLP-16", "HDL-64E"]
    for rows in (by_sensor(trials), by_class(trials), by_speed(trials)):
        assert sum(row.dynamic_points for row in rows.values()) == whole.dynamic_points


def test_a_trial_ends_with_the_judged_sweep(world: FrozenWorld) -> None:
    recorder = Recorder()
    trial = try_world(recorder, world, SPAN_S)
    stamps = [sweep.stamp_ns - EPOCH_NS for sweep, _ in recorder.seen]
    assert stamps == [500_000_000, 600_000_000, 700_000_000, 800_000_000]
    assert trial.answered
    assert trial.sensor == "VLP-16"
    assert pooled([trial]).dynamic_epe_normalised == pytest.approx(1.0)


class Silent(Recorder):
    """Never has flow."""

    def update(self, sweep: Sweep, pose: Transform | None = None) -> Flow:
        return Flow.none(len(sweep), FlowStatus.FIRST_SWEEP)


def test_a_sweep_without_answer_is_counted_not_judged(world: FrozenWorld) -> None:
    trial = try_world(Silent(), world, SPAN_S)
    assert not trial.answered
    assert trial.tally.sums.sum() == 0
    assert math.isnan(pooled([trial]).dynamic_epe_normalised)


def test_a_quarter_of_the_beams() -> None:
    world = frozen_worlds("HDL-64E", 1)[0]
    few = fewer_beams(world)
    assert (world.sensor.beams, few.sensor.beams) == (64, 16)
    assert set(few.sensor.heads[0].elevations_deg) < set(world.sensor.heads[0].elevations_deg)
    counts = [len(w.sweeps(0.0)[-1].points) for w in (world, few)]
    assert counts[1] / counts[0] == pytest.approx(0.25, abs=0.03)


def test_half_the_points_keeps_rows_together(sweeps: list[SimulatedSweep]) -> None:
    for full, half in zip(sweeps, half_the_points(sweeps), strict=True):
        assert len(half.points) == len(full.points) // 2
        row_of = {tuple(point): k for k, point in enumerate(full.points.tolist())}
        rows = [row_of[tuple(point)] for point in half.points.tolist()]
        np.testing.assert_array_equal(half.flow, full.flow[rows])
        np.testing.assert_array_equal(half.class_id, full.class_id[rows])


def test_poses_are_off_by_exactly_so_much(sweeps: list[SimulatedSweep]) -> None:
    wrong = wrong_poses(sweeps)
    np.testing.assert_array_equal(wrong[-1].pose, sweeps[-1].pose)
    for before, after in zip(sweeps[:-1], wrong[:-1], strict=True):
        error = invert(before.pose) @ after.pose
        yaw = math.degrees(math.atan2(error[1, 0], error[0, 0]))
        assert np.linalg.norm(error[:3, 3]) == pytest.approx(0.05)
        assert error[2, 3] == pytest.approx(0.0, abs=1e-9)
        assert abs(yaw) == pytest.approx(0.2)


def test_mounting_moves_the_sensor_and_not_the_street(world: FrozenWorld) -> None:
    before, after = world.mounting, mounted(world, higher_m=0.5, tilt_deg=-2.0).mounting
    assert after.height_m - before.height_m == pytest.approx(0.5)
    assert after.roll_deg - before.roll_deg == pytest.approx(-2.0)
    assert after.pitch_deg - before.pitch_deg == pytest.approx(-2.0)


def test_a_lost_sweep_is_not_the_newest(sweeps: list[SimulatedSweep]) -> None:
    assert without(sweeps, 1) == [*sweeps[:-2], sweeps[-1]]
    assert without(sweeps, 2) == [*sweeps[:-3], *sweeps[-2:]]


def test_without_times_nothing_else_is_missing(world: FrozenWorld) -> None:
    recorder, untold = Recorder(), Recorder()
    try_world(recorder, world, SPAN_S)
    try_world(untold, world, SPAN_S, BY_NAME["points without time"])
    for (sweep, _), (other, _) in zip(recorder.seen, untold.seen, strict=True):
        np.testing.assert_array_equal(sweep.points, other.points)
        assert point_times(sweep) is not None
        assert point_times(other) is None


def test_at_20_hz_the_same_moment_is_judged(world: FrozenWorld) -> None:
    recorder = Recorder()
    try_world(recorder, world, SPAN_S, BY_NAME["20 Hz input"])
    stamps = [sweep.stamp_ns - EPOCH_NS for sweep, _ in recorder.seen]
    assert stamps == [600_000_000, 650_000_000, 700_000_000, 750_000_000, 800_000_000]


@pytest.mark.parametrize("change", [UNCHANGED, *PERTURBATIONS], ids=lambda change: change.name)
def test_the_truth_stays_the_truth(world: FrozenWorld, change: Perturbation) -> None:
    """Zero flow scores 1 whatever was done to the data."""
    trial: Trial = try_world(Recorder(), world, SPAN_S, change)
    assert pooled([trial]).dynamic_epe_normalised == pytest.approx(1.0)
    assert pooled([trial]).false_motion == 0
