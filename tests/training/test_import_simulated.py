# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow import-simulated`: exact flow both ways, and no seed of a test world."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("pydantic", reason="pip install 'zeroflow_ros[training]'")

from zeroflow_ros.errors import DataError, ZeroflowError
from zeroflow_training.cli import import_simulated as verb
from zeroflow_training.data.seeds import RUNS, SEEDS_PER_WORKER, TEST_SEEDS, WORKERS
from zeroflow_training.sequences import (
    TRUTH,
    FlowClass,
    Origin,
    Pairing,
    Sequence,
    SequenceWriter,
    find_sequences,
)
from zeroflow_training.simulation import SENSORS, ActorClass, Mounting, Simulation, box_scene
from zeroflow_training.simulation.scenes import KINDS
from zeroflow_training.sources.simulated import (
    SimulationOptions,
    add_sweep,
    flow_classes,
    import_simulated,
    true_flow,
)
from zeroflow_training.sources.summary import ImportSummary

LAST = 3


def written(simulation: Simulation, folder: Path) -> Sequence:
    with SequenceWriter(folder, Origin("", "", "", "")) as writer:
        for k in range(LAST + 1):
            add_sweep(writer, simulation, k, LAST)
    return Sequence(folder)


def test_a_box_at_5_mps_moves_half_a_metre_both_ways(tmp_path: Path) -> None:
    heading, hdl = 0.7, SENSORS["VLP-32C"]
    scene = box_scene(5.0, 10.0, heading=heading)
    drive = Simulation(4, sensor=hdl, scene=scene, mounting=Mounting(1.8, 1.2, -1.5))
    sequence = written(drive, tmp_path / "box")
    assert sequence.labelled(TRUTH) == [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)]
    for pairing in sequence.labelled(TRUTH):
        labels, posed = sequence.labels(TRUTH, pairing), sequence.sweep(pairing.source).posed
        true = drive.sweep(pairing.source)
        np.testing.assert_array_equal(posed.sweep.points, true.points)
        np.testing.assert_array_equal(labels.instance_id, true.instance_id)
        box = (true.instance_id == 1) & labels.valid
        assert box.sum() > 100
        assert labels.class_id is not None
        assert set(true.class_id[box]) == {ActorClass.CAR}
        assert (labels.class_id[box] == FlowClass.CAR).all()
        step = pairing.target - pairing.source
        moved = labels.displacement @ posed.pose[:3, :3].T
        expected = 0.5 * step * np.array([np.cos(heading), np.sin(heading), 0.0])
        np.testing.assert_allclose(moved[box], np.tile(expected, (box.sum(), 1)), atol=1e-4)
        assert not moved[~box].any()
    np.testing.assert_allclose(sequence.sensor_to_level, drive.sweep(0).sensor_to_level)


def test_there_and_back_on_a_bend_is_where_it_was(tmp_path: Path) -> None:
    """What the twin says of sweep k is what sweep k + 1 says of the same place of the box."""
    speed, yaw_rate, position = 6.0, 0.5, (12.0, 4.0)
    scene = box_scene(speed, 8.0, heading=0.4, yaw_rate=yaw_rate, position=position)
    drive = Simulation(4, sensor=SENSORS["HDL-64E"], scene=scene, mounting=Mounting(1.8, 0, 0))
    sequence = written(drive, tmp_path / "bend")
    true, posed = drive.sweep(1), sequence.sweep(1).posed
    box = true.instance_id == 1
    labels = sequence.labels(TRUTH, Pairing(1, 2))
    start = posed.sweep.points[box] @ posed.pose[:3, :3].T + posed.pose[:3, 3]
    end = start + labels.displacement[box] @ posed.pose[:3, :3].T

    def in_box(world, time):
        """Closed form of the arc the box drives along."""
        yaw = 0.4 + yaw_rate * time
        dx = world[:, 0] - position[0] - speed / yaw_rate * (np.sin(yaw) - np.sin(0.4))
        dy = world[:, 1] - position[1] + speed / yaw_rate * (np.cos(yaw) - np.cos(0.4))
        return np.column_stack(
            [np.cos(yaw) * dx + np.sin(yaw) * dy, np.cos(yaw) * dy - np.sin(yaw) * dx]
        )

    time = 0.1 + true.time_offset[box].astype(np.float64)
    np.testing.assert_allclose(in_box(start, time), in_box(end, time + 0.1), atol=2e-3)


def test_ground_is_found_as_in_a_recording(tmp_path: Path) -> None:
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    options = SimulationOptions(1, 2, sensor="VLP-32C", seed=3)
    import_simulated(tmp_path, ImportSummary(), options)
    (sequence,) = find_sequences(tmp_path)
    drive = Simulation(options.scene_seed(0), sensor=SENSORS["VLP-32C"], duration_s=0.2)
    for k in range(2):
        true = drive.sweep(k).class_id == ActorClass.GROUND
        found = sequence.sweep(k).is_ground
        assert 0.9 < (found == true).mean() < 1  # nobody tells which points are ground
        assert found[true].mean() > 0.9


def test_what_has_no_motion_of_its_own_is_not_valid() -> None:
    for seed in range(2, 40):
        simulation = Simulation(seed, sensor=SENSORS["VLP-32C"])
        sweep = simulation.sweep(1)
        mixed = sweep.class_id == ActorClass.MIXED
        own = sweep.class_id == ActorClass.OWN_VEHICLE
        if mixed.any() and own.any():
            break
    labels = true_flow(sweep)
    np.testing.assert_array_equal(labels.valid, ~(mixed | own))
    assert not labels.displacement[~labels.valid].any()
    np.testing.assert_array_equal(labels.displacement[labels.valid], -sweep.flow[labels.valid])
    assert labels.class_id is not None
    vehicles = np.isin(sweep.class_id, (ActorClass.CAR, ActorClass.VAN))
    np.testing.assert_array_equal(labels.class_id == FlowClass.CAR, vehicles)


def test_every_actor_has_a_class_and_nothing_else() -> None:
    kinds = np.array(ActorClass, np.uint8)
    found = dict(zip(ActorClass, flow_classes(kinds), strict=True))
    still = {kind for kind, group in found.items() if group == FlowClass.BACKGROUND}
    assert still == {kind for kind in ActorClass if not kind.is_actor}
    assert found[ActorClass.TRAM] == FlowClass.OTHER_VEHICLES
    assert found[ActorClass.SCOOTER] == FlowClass.WHEELED_VRU
    assert found[ActorClass.ANIMAL] == FlowClass.UNJUDGED


def test_seeds_keep_clear_of_the_test_worlds(tmp_path: Path) -> None:
    scenes = SEEDS_PER_WORKER * WORKERS
    last = SimulationOptions(scenes, 2, seed=RUNS - 1)
    assert last.scene_seed(scenes - 1) < TEST_SEEDS - scenes
    assert SimulationOptions(1, 2, seed=3).scene_seed(5) == 3 * scenes + 5
    for seed in (-1, RUNS, TEST_SEEDS):
        with pytest.raises(DataError, match=rf"seed {seed}: only 0 to 98 keep clear"):
            SimulationOptions(1, 2, seed=seed)
    with pytest.raises(DataError, match="sequences: a seed has 10000000"):
        SimulationOptions(scenes + 1, 2)
    with pytest.raises(ZeroflowError, match="no lidar called 'VLP-17'"):
        import_simulated(tmp_path, ImportSummary(), SimulationOptions(1, 2, sensor="VLP-17"))
    assert not list(tmp_path.iterdir())


def test_the_verb_goes_on_where_it_was(tmp_path: Path) -> None:
    runner, app = CliRunner(), typer.Typer()
    verb.register(app)
    arguments = [str(tmp_path), "--sequences", "2", "--sweeps", "2", "--sensor", "VLP-16"]
    arguments += ["--seed", "7", "--scene", "yard", "--json"]
    said = json.loads(runner.invoke(app, arguments).stdout)
    assert [one["sweeps"] for one in said["imported"]] == [2, 2]
    assert said["labels"] == {"truth": 4}
    first, second = find_sequences(tmp_path)
    assert (first.manifest.name, first.manifest.sensor) == ("simulated_070000000", "VLP-16")
    points = second.sweep(1).posed.sweep.points
    shutil.rmtree(second.folder)  # as a killed call would have left it
    (tmp_path / f".{second.folder.name}.partial").mkdir()
    said = json.loads(runner.invoke(app, arguments).stdout)
    assert said["finished_before"] == [str(first.folder)]
    assert [one["path"] for one in said["imported"]] == [str(second.folder)]
    again = find_sequences(tmp_path)[1]
    np.testing.assert_array_equal(again.sweep(1).posed.sweep.points, points)
    assert len(list(tmp_path.iterdir())) == 2


def test_help_lists_every_kind_of_scene() -> None:
    app = typer.Typer()
    verb.register(app)
    assert all(kind in CliRunner().invoke(app, ["--help"]).output for kind in KINDS)
