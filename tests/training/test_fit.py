# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A run of `fit`: it learns, its checkpoint is readable, it resumes where it stopped."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("lightning", reason="pip install 'zeroflow_ros[training]'")

import lightning
import torch

from zeroflow_ros.errors import ModelError, ZeroflowError
from zeroflow_ros.pillars import FEATURES
from zeroflow_training import saving
from zeroflow_training.average import average
from zeroflow_training.checkpoint import load_student, take_over
from zeroflow_training.data import loading
from zeroflow_training.data.batch import Encoded
from zeroflow_training.data.sample import TrainingSample
from zeroflow_training.data.simulated import SimulatedSamples
from zeroflow_training.fit import fit
from zeroflow_training.fit_config import FitConfig
from zeroflow_training.schedule import ScheduleConfig
from zeroflow_training.student_module import StudentModule
from zeroflow_training.students.real_time import RealTimeStudent, RealTimeStudentConfig

FLOW = np.array([0.4, -0.2, 0.0], np.float32)
ROWS = 300

pytestmark = pytest.mark.filterwarnings("ignore")  # of Lightning, about workers and loggers


class DriftingWorld(SimulatedSamples):
    """Random points that all move by FLOW: quick to make and quick to learn."""

    made: list[SimulatedSamples] = []

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        DriftingWorld.made.append(self)

    def __iter__(self) -> Iterator[Encoded]:
        rng = np.random.default_rng(self.seed)
        reach = (self.encoder.window_m or 0.0) - 0.5
        while True:
            now = rng.uniform([-reach, -reach, 0], [reach, reach, 2], (ROWS, 3)).astype(np.float32)
            flow = np.tile(FLOW, (ROWS, 1))
            weight, is_ground = np.ones(ROWS, np.float32), np.zeros(ROWS, bool)
            sample = TrainingSample((now, now - flow), flow, weight, is_ground)
            yield self.encoder.encode(sample, rng)


@pytest.fixture(autouse=True)
def drifting_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    threads = torch.get_num_threads()
    monkeypatch.setattr(loading, "SimulatedSamples", DriftingWorld)
    monkeypatch.setattr(DriftingWorld, "made", [])
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def config(tiny_config: RealTimeStudentConfig) -> FitConfig:
    schedule = ScheduleConfig(steps=60, learning_rate=5e-2, warmup_steps=5)
    return FitConfig(schedule, tiny_config, batch_size=2, workers=0, threads=1, precision="32-true")


def steps(config: FitConfig, count: int) -> FitConfig:
    return replace(config, schedule=replace(config.schedule, steps=count))


def test_a_short_run_learns(config: FitConfig, tmp_path: Path) -> None:
    last = fit(config, tmp_path / "run")
    assert last == tmp_path / "run" / "last.ckpt"
    student = load_student(last, config.student.size)  # weights_only=True
    encoded = next(iter(DriftingWorld(config.student.encoder(), (0, 1), seed=5)))
    with torch.inference_mode():
        predicted, moving = student(*(torch.from_numpy(array) for array in encoded[:4]))
    error = np.linalg.norm(predicted.numpy() - FLOW, axis=1).mean()
    assert error < 0.5 * np.linalg.norm(FLOW)
    assert moving.mean() > 0.3  # everything drifts
    written = json.loads((tmp_path / "run" / "fit.json").read_text())
    assert written["schedule"]["steps"] == 60
    assert written["student"]["size"] == config.student.size
    with (tmp_path / "run" / "metrics.csv").open() as file:
        *_, row = csv.DictReader(file)
    assert float(row["loss"]) < 0.4
    assert float(row["epe_fast"]) < np.linalg.norm(FLOW)


def test_a_run_resumes_where_it_stopped(config: FitConfig, tmp_path: Path) -> None:
    first = fit(steps(config, 52), tmp_path)
    state = torch.load(first, weights_only=True)
    assert state["global_step"] == 52
    assert DriftingWorld.made[0].seen == 0
    last = fit(steps(config, 55), tmp_path, resume=first)
    resumed = torch.load(last, weights_only=True)
    assert resumed["global_step"] == 55
    # Optimiser and schedule went on too, with scenes the first part did not see.
    optimizer = resumed["optimizer_states"][0]["state"].values()
    assert {entry["steps"] for entry in optimizer if "steps" in entry} == {55}
    assert resumed["lr_schedulers"][0]["last_epoch"] == 55
    assert DriftingWorld.made[1].seen >= 52 * config.batch_size // 4
    assert (tmp_path / "metrics_until_52.csv").read_text().count("\n") == 6


def test_a_run_that_is_resumed_twice_keeps_its_metrics(config: FitConfig, tmp_path: Path) -> None:
    first = fit(steps(config, 20), tmp_path)
    for until in (30, 40):  # both from step 20
        fit(steps(config, until), tmp_path, resume=first)
    kept = (tmp_path / "metrics_until_20.csv").read_text().splitlines()
    assert [line.split(",")[-1] for line in kept] == ["step", "9", "19"]
    again = (tmp_path / "metrics.csv").read_text().splitlines()
    assert all(int(line.split(",")[-1]) >= 20 for line in again[1:])
    assert again[-1].endswith(",39")


def test_a_run_of_another_optimiser_is_not_resumed(config: FitConfig, tmp_path: Path) -> None:
    last = fit(steps(config, 10), tmp_path)
    state = torch.load(last, weights_only=True)
    state["optimizer_states"][0]["param_groups"] = [{"lr": 1e-3}]
    torch.save(state, tmp_path / "adam.ckpt")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ModelError, match="another optimiser: start from its weights by --init"):
        fit(steps(config, 20), tmp_path, resume=tmp_path / "adam.ckpt")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"learning_rate": 1e-3},
            "learning_rate 0.05, not 0.001, .*: leave that setting as it was",
        ),
        ({"weight_decay": 0.1}, "weight_decay 0.0001, not 0.1"),
        ({"lags": (0, 1, 2)}, r"lags \(0, 1\), not \(0, 1, 2\), .*--init in another folder"),
    ],
)
def test_what_a_checkpoint_brings_back_is_not_changed_at_a_resume(
    config: FitConfig, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    last = fit(steps(config, 2), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    part = "student" if "lags" in change else "schedule"
    other = replace(config, **{part: replace(getattr(config, part), **change)})
    with pytest.raises(ModelError, match=f"last.ckpt' was trained with {reason}"):
        fit(other, tmp_path, resume=last)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_scenes_are_new_whatever_batches_and_workers_a_resumed_run_has(
    config: FitConfig, tmp_path: Path
) -> None:
    first = fit(replace(steps(config, 20), batch_size=8), tmp_path)
    second = fit(replace(steps(config, 24), batch_size=1), tmp_path, resume=first)
    fit(steps(config, 25), tmp_path, resume=second)
    seen = [world.seen for world in DriftingWorld.made]
    assert seen[0] == 0
    assert seen[1] >= 20 * 8 // 4  # of four crops each
    assert seen[2] >= seen[1] + 4 * 1 // 4
    state = torch.load(first, weights_only=True)
    del state["RunData"]  # of a checkpoint from before it was kept
    torch.save(state, first)
    fit(replace(steps(config, 21), workers=1), tmp_path, resume=first)
    assert DriftingWorld.made[3].seen >= 20 * 2 // 4


def test_a_resumed_run_saves_between_two_steps_only(
    config: FitConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(config, accumulation=2, checkpoint_minutes=0)
    first = fit(steps(plan, 2), tmp_path)
    saved: list[int] = []
    monkeypatch.setattr(saving, "save", lambda trainer, _: saved.append(trainer.global_step))
    fit(steps(plan, 4), tmp_path, resume=first)
    assert saved == [3, 4]


class Mishap(lightning.Callback):
    """Something happens when two steps are done."""

    def __init__(self, what: Callable[[StudentModule], None]) -> None:
        self.what = what

    def on_train_batch_end(self, trainer: lightning.Trainer, module: Any, *_: Any) -> None:
        if trainer.global_step == 2:
            self.what(module)


def test_a_run_that_diverges_ends_and_keeps_its_last_good_checkpoint(
    config: FitConfig, tmp_path: Path
) -> None:
    def diverge(module: StudentModule) -> None:
        with torch.no_grad():
            module.student.displacement.bias.fill_(torch.nan)

    plan = replace(config, checkpoint_minutes=0)
    with pytest.raises(ZeroflowError, match=r"diverged: after 3 steps .* lower --learning-rate$"):
        fit(plan, tmp_path, watchers=[Mishap(diverge)])
    assert [path.name for path in tmp_path.glob("*.ckpt")] == ["latest.ckpt"]
    kept = torch.load(tmp_path / "latest.ckpt", weights_only=True)
    assert kept["global_step"] == 2
    assert all(torch.isfinite(value).all() for value in kept["state_dict"].values())


def test_ctrl_c_comes_out_as_such(config: FitConfig, tmp_path: Path) -> None:
    def interrupt(_: StudentModule) -> None:
        raise KeyboardInterrupt

    handler = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            fit(config, tmp_path, watchers=[Mishap(interrupt)])
    finally:
        signal.signal(signal.SIGINT, handler)  # which Lightning takes away


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"workers": 12}, "12 workers in all: above 10 they would share scenes; lower --workers"),
        ({"seed": 200}, "seed 200: only 0 to 98"),
        (
            {"strategy": "none-such"},
            "devices, nodes, strategy or precision do not work here: .*none",
        ),
        ({"precision": "17"}, "devices, nodes, strategy or precision do not work here: .*17"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_written(
    config: FitConfig, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ZeroflowError, match=reason) as error:
        fit(replace(config, **change), tmp_path / "run")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_fine_tuning_starts_from_the_weights_and_at_step_0(
    config: FitConfig, tmp_path: Path
) -> None:
    first = fit(steps(config, 4), tmp_path / "first")
    gentle = replace(config, schedule=ScheduleConfig(2, 1e-7, huber_start_m=0.08))
    second = torch.load(fit(gentle, tmp_path / "second", init=first), weights_only=True)
    assert second["global_step"] == 2
    assert DriftingWorld.made[1].seen == 0
    weights = torch.load(first, weights_only=True)["state_dict"]
    for key, tuned in second["state_dict"].items():
        # A tiny learning rate moves weights by next to nothing.
        if "running" not in key and "batches" not in key:
            torch.testing.assert_close(tuned, weights[key], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("lags", "other"),
    [
        ((0, 1), (0, 1, 3)),
        ((0, 1, 2), (0, 1, 2, 4)),
        ((0, 1, 4), (0, 1, 2, 4)),
        ((0, 1, 2, 8), (0, 1, 2, 4, 8)),
        ((0, 1, 3), (0, 1)),
    ],
)
def test_another_history_starts_with_the_answers_of_the_old(
    config: FitConfig, lags: tuple[int, ...], other: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    old = RealTimeStudent(replace(config.student, lags=lags)).eval()
    new = RealTimeStudent(replace(config.student, lags=other)).eval()
    torch.nn.init.normal_(old.displacement.weight)
    take_over(new, old)
    size = config.student.size
    features, offset = torch.rand(300, FEATURES), torch.rand(50, 3)
    both = [lag for lag in lags if lag in other]
    pillar = torch.randint(size**2, (50,))
    sweep, place = np.divmod(
        np.random.default_rng(0).permutation(len(both) * size**2)[:300], size**2
    )

    def seen_by(own: tuple[int, ...]) -> torch.Tensor:
        """The same pillars of the same sweeps, as a student of other lags numbers them."""
        column = np.array([own.index(lag) for lag in both])[sweep]
        return torch.from_numpy(column * size**2 + place)

    with torch.inference_mode():
        expected, _ = old(features, seen_by(lags), pillar, offset)
        found, _ = new(features, seen_by(other), pillar, offset)
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("changes", [{"lags": (0, 1, 2)}, {"sweep_channels": 16}])
def test_weights_that_do_not_fit_are_refused(config: FitConfig, changes: dict[str, Any]) -> None:
    old = RealTimeStudent(replace(config.student, lags=(0, 1, 2, 4)))
    with pytest.raises(ValueError, match="this student's"):
        take_over(RealTimeStudent(replace(config.student, **changes)), old)
    with pytest.raises(ValueError, match=r"it looks at lag 4, .* this student's \(0, 1, 2, 5\)"):
        take_over(RealTimeStudent(replace(config.student, lags=(0, 1, 2, 5))), old)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_fine_tuning_of_a_foreign_file_is_one_line(
    config: FitConfig, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "foreign.ckpt").write_bytes(content)
    with pytest.raises(ModelError, match=r"foreign.ckpt' is no checkpoint"):
        fit(config, tmp_path / "run", init=tmp_path / "foreign.ckpt")


def test_a_run_is_reproducible(config: FitConfig, tmp_path: Path) -> None:
    one, two, other = (
        torch.load(fit(replace(steps(config, 3), seed=seed), tmp_path / name), weights_only=True)
        for seed, name in ((1, "a"), (1, "b"), (2, "c"))
    )
    key = "student.down.0.weight"
    torch.testing.assert_close(one["state_dict"][key], two["state_dict"][key], atol=0, rtol=0)
    assert (one["state_dict"][key] - other["state_dict"][key]).abs().max() > 0.01


def test_an_average_lies_in_the_middle_and_has_statistics_of_its_own(
    config: FitConfig, tmp_path: Path
) -> None:
    first = fit(steps(config, 3), tmp_path / "first")
    second = fit(steps(config, 20), tmp_path / "second", init=first)
    told: list[tuple[int, int]] = []
    made = average(
        first,
        second,
        tmp_path / "both.ckpt",
        seed=3,
        batches=10,
        workers=0,
        progress=lambda *counts: told.append(counts),
    )
    assert told == [(done, 10) for done in range(1, 11)]
    one, two, both = (
        torch.load(path, weights_only=True)["state_dict"] for path in (first, second, made)
    )
    for key, value in both.items():
        if "running" in key or "batches_tracked" in key:
            assert torch.isfinite(value.float()).all()
        else:
            torch.testing.assert_close(value, 0.5 * (one[key] + two[key]))
    mean = "student.down.1.running_mean"
    assert not torch.allclose(both[mean], 0.5 * (one[mean] + two[mean]))
    assert load_student(made, config.student.size).config == config.student


def test_students_of_other_kinds_are_not_averaged(config: FitConfig, tmp_path: Path) -> None:
    first = fit(steps(config, 2), tmp_path / "first")
    other = replace(config, student=replace(config.student, lags=(0, 1, 2)))
    second = fit(steps(other, 2), tmp_path / "second")
    with pytest.raises(ModelError, match=r"second.last.ckpt.*another one than that of"):
        average(first, second, tmp_path / "both.ckpt", batches=1, workers=0)
    assert not (tmp_path / "both.ckpt").exists()
