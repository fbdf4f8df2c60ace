# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A run whose streets are seen by a lidar of one's own, at its height."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("lightning", reason="pip install 'zeroflow_ros[training]'")

import torch

from zeroflow_ros.errors import ZeroflowError
from zeroflow_training.data import simulated
from zeroflow_training.data.labelled_pairs import LabelledPairs
from zeroflow_training.data.loading import sequence_batches, simulated_batches
from zeroflow_training.data.seeds import TEST_SEEDS
from zeroflow_training.data.simulated import simulated_sample
from zeroflow_training.data.simulation_config import SimulationConfig, View
from zeroflow_training.fit import fit
from zeroflow_training.fit_config import FitConfig, load_config, load_run
from zeroflow_training.schedule import ScheduleConfig
from zeroflow_training.simulation.sensors import find_sensor
from zeroflow_training.simulation.simulator import Simulation
from zeroflow_training.students.real_time import RealTimeStudentConfig
from zeroflow_training.training_data import SIMULATED

pytestmark = pytest.mark.filterwarnings("ignore")  # of Lightning, about workers and loggers

HEIGHT_M = 2.1
BEAMS = (-20.0, -10.0, 5.0)
FILE = f"{{name: three, elevations_deg: {list(BEAMS)}, columns: 900, range_noise_m: 0.05}}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(FILE)
    return path


@pytest.fixture
def own(file: Path) -> SimulationConfig:
    return SimulationConfig(find_sensor(str(file)), (HEIGHT_M, HEIGHT_M), share=1.0)


@pytest.fixture
def config(tiny_config: RealTimeStudentConfig, own: SimulationConfig) -> FitConfig:
    return FitConfig(
        ScheduleConfig(2, warmup_steps=1),
        tiny_config,
        simulation=own,
        batch_size=2,
        workers=0,
        precision="32-true",
    )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Simulation]]:
    """The simulations that windows come of."""
    made: list[Simulation] = []

    def simulation(*given: Any, **options: Any) -> Simulation:
        made.append(Simulation(*given, **options))
        return made[-1]

    monkeypatch.setattr(simulated, "Simulation", simulation)
    threads = torch.get_num_threads()
    yield made
    torch.set_num_threads(threads)


def learned_from(path: Path) -> str:
    said: str = torch.load(path, weights_only=True)["hyper_parameters"]["training_data"]
    return said


def test_points_of_a_sample_lie_on_the_three_beams(own: SimulationConfig) -> None:
    """As far as tilt, sway, levelling errors and a drive during the revolution let them."""
    shares = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        x, y, z = simulated_sample(TEST_SEEDS + seed, (0, 1), rng, own).sweeps[0].T
        elevation = np.degrees(np.arctan2(z - HEIGHT_M, np.hypot(x, y)))
        off = np.abs(elevation[:, None] - BEAMS).min(1)
        shares.append(np.mean(off < 3.0))
        any_lidar = simulated_sample(TEST_SEEDS + seed, (0, 1), np.random.default_rng(seed))
        assert len(any_lidar.sweeps[0]) != len(x)
    assert np.mean(shares) > 0.95


def test_half_of_the_streets_are_seen_by_any_lidar_as_ever(own: SimulationConfig) -> None:
    half = replace(own, sensor_height=(1.8, 2.2), share=0.5)
    views = [half.view(seed) for seed in range(1000)]
    assert views == [half.view(seed) for seed in range(1000)]
    mine = [view for view in views if view != View()]
    assert 450 < len(mine) < 550
    heights, sensors = [], []
    for view in mine:
        assert view.sensor is not None
        assert view.sensor_height_m is not None
        sensors.append(view.sensor)
        heights.append(view.sensor_height_m)
    assert 1.8 <= min(heights) < 1.82
    assert 2.18 < max(heights) <= 2.2
    # One unit is not as the other, and none far from what the file says.
    tables = np.array([sensor.heads[0].elevations_deg for sensor in sensors])
    np.testing.assert_allclose(tables, np.tile(BEAMS, (len(tables), 1)), atol=0.13)
    assert 0.03 < tables.std(0).min() < 0.05
    noise = [sensor.range_noise_m for sensor in sensors]
    assert 0.02 <= min(noise) < 0.021
    assert 0.074 < max(noise) <= 0.075
    everybodys = SimulationConfig()
    assert {everybodys.view(seed) for seed in range(100)} == {View()}
    only_height = SimulationConfig(sensor_height=(1.0, 1.0), share=1.0)
    assert only_height.view(3) == View(None, 1.0)


def test_windows_come_of_that_lidar(config: FitConfig, seen: list[Simulation]) -> None:
    next(iter(simulated_batches(config)))
    assert len(seen) > 5
    assert {(drive.sensor.name, drive.mounting.height_m) for drive in seen} == {("three", HEIGHT_M)}
    mixed = replace(config, simulation=replace(config.simulation, share=0.5))
    seen.clear()
    list(islice(simulated_batches(mixed), 20))
    counts = Counter(drive.sensor.name == "three" for drive in seen)
    assert counts[True] > 3
    assert counts[False] > 3


def test_the_same_streets_are_rehearsed(
    config: FitConfig,
    seen: list[Simulation],
    write_drive: Callable[..., Path],
    tmp_path: Path,
) -> None:
    drive = write_drive(tmp_path / "drive")
    plan = replace(config, data=str(drive), rehearsal=0.5)
    pairs = LabelledPairs.find(drive, plan.teacher)
    list(islice(sequence_batches(plan, pairs, 0), 4))
    assert [made.sensor.name for made in seen] == ["three"] * 4
    assert {made.mounting.height_m for made in seen} == {HEIGHT_M}
    said = learned_from(fit(plan, tmp_path / "run"))
    assert said == (
        "8 pairs of sweeps of 1 sequence (Apache-2.0), flow by teacher 'rigid', 50% of the "
        "samples simulated streets with exact flow (100% seen by lidar three at 2.1 m)"
    )
    with pytest.raises(ZeroflowError, match=r"no simulated street is seen: say a rehearsal"):
        fit(replace(plan, rehearsal=0.0), tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_a_run_remembers_its_lidar_when_the_file_is_gone(
    config: FitConfig, seen: list[Simulation], file: Path, tmp_path: Path
) -> None:
    last = fit(config, tmp_path / "run")
    assert learned_from(last) == f"{SIMULATED} (100% seen by lidar three at 2.1 m)"
    written = json.loads((tmp_path / "run/fit.json").read_text())["simulation"]
    assert written["sensor"]["name"] == "three"
    assert written["sensor"]["heads"][0]["elevations_deg"] == list(BEAMS)
    assert written["sensor_height"] == [HEIGHT_M, HEIGHT_M]
    file.unlink()
    known = load_run(tmp_path / "run")
    assert known == config
    before = {drive.seed for drive in seen}
    seen.clear()
    more = replace(known, schedule=replace(known.schedule, steps=3))
    again = fit(more, tmp_path / "run", resume=last)
    assert torch.load(again, weights_only=True)["global_step"] == 3
    assert {drive.sensor.name for drive in seen} == {"three"}
    assert not before & {drive.seed for drive in seen}
    assert learned_from(again) == f"{SIMULATED} (100% seen by lidar three at 2.1 m)"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ""),
        ({"sensor": "VLP-16"}, "50% seen by lidar VLP-16"),
        ({"sensor_height": 0.7}, "50% seen by any lidar at 0.7 m"),
        (
            {"sensor": "mine.yaml", "sensor_height": [1.8, 2.2], "share": 0.25},
            "25% seen by lidar three at 1.8 to 2.2 m",
        ),
    ],
)
def test_a_configuration_names_lidar_height_and_share(
    monkeypatch: pytest.MonkeyPatch, file: Path, given: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(file.parent)
    path = file.with_name("run.yaml")
    path.write_text(yaml.safe_dump({"schedule": {"steps": 1}, "simulation": given}))
    config = load_config(str(path))
    assert config.simulation.described == said
    if "sensor" in given:
        assert config.simulation.sensor == find_sensor(given["sensor"])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"sensor": "VLP-17"}, r"simulation\.sensor: no lidar called 'VLP-17'; there are VLP-16, "),
        ({"sensor": "odd.yaml"}, r"simulation\.sensor: lidar 'odd\.yaml': name: Field required"),
        ({"sensor_height": "high"}, r"simulation\.sensor_height: metres are wanted, as 2\.1, or"),
        ({"sensor_height": [1, 2, 3]}, r"simulation\.sensor_height: metres are wanted"),
        ({"sensor_height": [2, 1]}, r"simulation: sensor_height: the least comes first"),
        ({"sensor_height": 0}, r"simulation\.sensor_height\.0: .* equal to 0\.1"),
        ({"share": 0}, r"simulation\.share: .* greater than 0"),
        ({"height": 2}, r"simulation\.height: Unexpected"),
    ],
)
def test_a_wrong_configuration_names_the_field(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, Any], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("odd.yaml").write_text("{elevations_deg: [1], columns: 100}")
    Path("run.yaml").write_text(yaml.safe_dump({"schedule": {"steps": 1}, "simulation": given}))
    with pytest.raises(ZeroflowError, match=f"configuration 'run.yaml': {reason}"):
        load_config("run.yaml")
