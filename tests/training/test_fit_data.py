# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`zeroflow fit` on recorded drives: what it starts from, what it refuses, how it resumes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("lightning", reason="pip install 'zeroflow_ros[training]'")

import torch

from zeroflow_ros.errors import DataError, ModelError, ZeroflowError
from zeroflow_ros.model import load_card
from zeroflow_training.average import average
from zeroflow_training.checkpoint import load_network
from zeroflow_training.checkpoint_export import export_checkpoint
from zeroflow_training.fit import fit
from zeroflow_training.fit_config import FitConfig, load_config, load_run
from zeroflow_training.schedule import ScheduleConfig
from zeroflow_training.starting_weights import find_checkpoint, origin, start_from
from zeroflow_training.students.fastflow3d import FastFlow3D, FastFlow3DConfig
from zeroflow_training.students.real_time import RealTimeStudent, RealTimeStudentConfig
from zeroflow_training.training_data import SIMULATED

pytestmark = pytest.mark.filterwarnings("ignore")  # of Lightning, about workers and loggers

CLOUDS = FastFlow3DConfig(range_m=6.4, cell_m=0.4, channels=4, widths=(6, 8))
ADAM = ScheduleConfig(
    4, 1e-3, 0.0, 0, optimizer="adam", annealing="constant", clip_gradient=None, freeze_norm_after=1
)
KILLED_AT = 2
CHILDREN = f"""
import os, signal, sys
from pathlib import Path
import lightning
from zeroflow_training.fit import fit
from zeroflow_training.fit_config import load_config

class Kill(lightning.Callback):
    def on_before_optimizer_step(self, trainer, *_):
        if trainer.global_step == {KILLED_AT}:
            os.kill(os.getpid(), signal.SIGKILL)

for file, folder in zip(sys.argv[1::2], sys.argv[2::2]):
    if not (child := os.fork()):
        fit(load_config(file), Path(folder), watchers=[Kill()])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def drive(write_drive: Callable[..., Path], tmp_path_factory: Any) -> Path:
    return write_drive(tmp_path_factory.mktemp("data") / "drive")


@pytest.fixture
def config(tiny_config: RealTimeStudentConfig, drive: Path) -> FitConfig:
    return FitConfig(
        ScheduleConfig(4, warmup_steps=2),
        replace(tiny_config, lags=(0, 1, 2)),
        {"three-bin": 1.0, "moving": 0.05, "chamfer": 0.1, "static": 0.1, "cluster": 0.1},
        data=str(drive),
        batch_size=2,
        accumulation=2,
        workers=0,
        precision="32-true",
        checkpoint_minutes=0,
    )


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)["state_dict"]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_a_killed_run_ends_as_one_that_was_not(config: FitConfig, tmp_path: Path) -> None:
    """Bit by bit, with any number of workers. (A fork each saves importing torch anew.)"""
    plans = {tmp_path / f"killed{k}": replace(config, workers=k) for k in (0, 1)}
    arguments = []
    for folder, plan in plans.items():
        file = folder.with_suffix(".yaml")
        file.write_text(yaml.safe_dump(json.loads(json.dumps(asdict(plan)))))
        arguments += [str(file), str(folder)]
    subprocess.run([sys.executable, "-c", CHILDREN, *arguments], check=True, timeout=120)
    whole = weights(fit(config, tmp_path / "whole"))
    for folder, plan in plans.items():
        latest = folder / "latest.ckpt"
        assert torch.load(latest, weights_only=True)["global_step"] == KILLED_AT
        assert not same(weights(latest), whole)
        assert [path.name for path in folder.glob("*.ckpt")] == ["latest.ckpt"]
        known = load_run(folder)
        assert known == plan
        assert same(weights(fit(known, folder, resume=latest)), whole)


def test_a_fastflow3d_is_trained_exported_and_trained_on(drive: Path, tmp_path: Path) -> None:
    plan = FitConfig(
        ADAM,
        CLOUDS,
        {"zeroflow": 1.0},
        data=str(drive),
        augmentation=(),
        workers=0,
        precision="32-true",
    )
    last = fit(plan, tmp_path / "run")
    network = load_network(last)
    assert isinstance(network, FastFlow3D)
    report = export_checkpoint(last, tmp_path / "ours.onnx", "ours", "1")
    assert report.single.differences["simulated"].max_mm < 0.1
    assert report.single.differences["simulated"].max_log_odds is None
    card = load_card(tmp_path / "ours.onnx")
    assert (card.ground, card.lags, card.grid.size) == ("remove", (0, 1), 32)
    assert card.training_data == (
        "8 pairs of sweeps of 1 sequence (Apache-2.0), flow by teacher 'rigid'"
    )
    with pytest.raises(ModelError, match="fastflow3d student, which has no other part"):
        export_checkpoint(last, tmp_path / "two.onnx", "two", "1", two_sweeps=True)
    with pytest.raises(ModelError, match="fastflow3d student, which never says what moves"):
        export_checkpoint(last, tmp_path / "two.onnx", "two", "1", certainty=0.5)
    with pytest.raises(ModelError, match=r"^'.*run/last.ckpt' is a fastflow3d student"):
        average(last, last, tmp_path / "both.ckpt")
    gentle = replace(plan, schedule=replace(ADAM, steps=1, learning_rate=1e-9))
    mixed = fit(replace(gentle, rehearsal=0.5), tmp_path / "mixed", init=last)
    export_checkpoint(mixed, tmp_path / "mixed.onnx", "mixed", "1")
    assert load_card(tmp_path / "mixed.onnx").training_data.endswith(
        "flow by teacher 'rigid', 50% of the samples simulated streets with exact flow"
    )
    again = weights(fit(gentle, tmp_path / "again", init=last))
    tuned = tmp_path / "again/last.ckpt"
    said = torch.load(tuned, weights_only=True)["hyper_parameters"]["training_data"]
    assert said == card.training_data
    fit(
        replace(gentle, schedule=replace(gentle.schedule, steps=2)),
        tmp_path / "again",
        resume=tuned,
    )
    known = torch.load(tuned, weights_only=True)["hyper_parameters"]["training_data"]
    assert known == said  # a resumed run has not forgotten
    for name, value in network.named_parameters():
        torch.testing.assert_close(again[f"student.{name}"], value, atol=1e-6, rtol=0)
    with pytest.raises(ModelError, match="is of a fastflow3d student, not a real-time one"):
        fit(replace(plan, student=RealTimeStudentConfig(32)), tmp_path / "no", init=last)
    muon = replace(plan, schedule=ScheduleConfig(9))
    with pytest.raises(ModelError, match="another optimiser: start from its weights by --init"):
        fit(muon, tmp_path / "run", resume=last)


def test_a_checkpoint_says_all_that_it_has_learned_from(config: FitConfig, tmp_path: Path) -> None:
    def data_of(path: Path) -> str:
        said: str = torch.load(path, weights_only=True)["hyper_parameters"]["training_data"]
        return said

    pairs = "8 pairs of sweeps of 1 sequence (Apache-2.0), flow by teacher 'rigid'"
    one = replace(config, schedule=replace(config.schedule, steps=1), accumulation=1)
    first = fit(one, tmp_path / "first")
    assert data_of(first) == pairs
    for said, before in (("simulated", "simulated"), (None, "unknown (start.ckpt does not say)")):
        state = torch.load(first, weights_only=True)
        state["hyper_parameters"]["training_data"] = said
        start = tmp_path / "start.ckpt"
        torch.save(state, start)
        two = replace(one, schedule=replace(one.schedule, steps=2))
        assert data_of(fit(two, tmp_path / "on", resume=start)) == f"{before}; then {pairs}"
        tuned = fit(one, tmp_path / "tuned", init=start)
        assert data_of(tuned) == f"{before}; then {pairs}"
        both = average(first, start, tmp_path / "both.ckpt", batches=0, workers=0)
        assert data_of(both) == f"{pairs}; and {before}"
        both = average(start, tuned, tmp_path / "both.ckpt", batches=0, workers=0)
        if said:
            assert data_of(both) == data_of(tuned)
    with pytest.raises(
        ZeroflowError, match=r"--resume goes on .*: leave out --init, or name anoth"
    ):
        fit(one, tmp_path / "first", resume=first, init=start)


def test_a_run_knows_its_data_from_anywhere(
    config: FitConfig, tmp_path: Path, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(drive.parent)
    fit(replace(config, data=drive.name), tmp_path / "run")
    known = load_run(tmp_path / "run")
    assert known is not None
    assert known.data == str(drive.resolve())


def test_training_goes_on_from_bundled_and_published_weights(reference: Path) -> None:
    bundled = find_checkpoint("zeroflow-rt")
    assert bundled.name == "zeroflow-rt.ckpt"
    assert origin(bundled) == SIMULATED
    student = RealTimeStudent(RealTimeStudentConfig(128, (0, 1, 2, 4)))
    start_from(student, bundled)
    assert student.displacement.weight.abs().max() > 0.01
    published = reference / "zeroflow_random_seed0.ckpt"
    base = FastFlow3D(FastFlow3DConfig.base())
    start_from(base, published)
    theirs = torch.load(published, weights_only=True)["state_dict"]
    assert any(
        tensor.shape == base.head.flow.weight.shape and torch.equal(tensor, base.head.flow.weight)
        for tensor in theirs.values()
    )
    with pytest.raises(ModelError, match=r"512 pillars an edge .* not 32 .*: name the --config"):
        start_from(FastFlow3D(CLOUDS), published)
    with pytest.raises(ModelError, match=r"zeroflow-rt.ckpt' is a real-time student, not a FastFl"):
        start_from(FastFlow3D(CLOUDS), bundled)
    with pytest.raises(ModelError, match=r"no such checkpoint, and no bundled one .*zeroflow-rt"):
        find_checkpoint("zeroflow-x")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_label_file_that_breaks_later_is_named_in_one_line(
    write_drive: Callable[..., Path], config: FitConfig, tmp_path: Path, workers: int
) -> None:
    """Its head is whole, so it is found when it is read."""
    folder = write_drive(tmp_path / "drive", (0, 100), directions=(1,))
    file = folder / "labels/rigid/000000_000001.npz"
    content = bytearray(file.read_bytes())
    content[2000] ^= 0xFF
    file.write_bytes(content)
    plan = replace(config, data=str(folder), workers=workers)
    with pytest.raises(DataError, match=r"^'.*000000_000001.npz' cannot be read") as error:
        fit(plan, tmp_path / "run")
    assert "\n" not in str(error.value)


def test_bad_data_makes_no_run(config: FitConfig, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labels of teacher 'nobody'"):
        fit(replace(config, teacher="nobody"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("student: {kind: fastflow3d}", "loss: .*does not say what moves"),
        ("student: {kind: fastflow4d}", "student: .*fastflow4d"),
        ("student: {kind: fastflow3d, lags: [0]}", "student.lags: "),
        ("student: {lags: [0, 2]}", r"student: .*lags \[0, 2\] do not begin with 0 and 1"),
        ("student: {size: 100}", "student: .*size 100 is not a multiple of 8"),
        ("loss: {chamfers: 1}", "loss: .*no term is called 'chamfers'"),
        ("loss: {chamfer: much}", "loss.chamfer: "),
        ("augmentation: [turns]", "augmentation.0: "),
        ("schedule: {steps: 5, optimizer: sgd}", "schedule.optimizer: "),
    ],
)
def test_a_wrong_configuration_names_the_setting(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(f"{text}\n" + ("" if "schedule" in text else "schedule: {steps: 5}\n"))
    with pytest.raises(ZeroflowError, match=reason):
        load_config(str(path))


def test_the_bundled_recipe_is_zeroflows() -> None:
    base, large = load_config("fastflow3d"), load_config("fastflow3d-xl")
    assert (base.student, large.student) == (FastFlow3DConfig.base(), FastFlow3DConfig.xl())
    assert base.batch_size * base.accumulation == 64
    assert large.batch_size * large.accumulation == 12
    for config in (base, large):
        assert config.schedule.learning_rate_factor(0) == config.schedule.learning_rate_factor(9999)
        assert (config.schedule.learning_rate, config.schedule.clip_gradient) == (2e-6, None)
        assert (config.loss, config.augmentation) == ({"zeroflow": 1.0}, ())
    assert np.isclose(base.schedule.steps * 64, 50 * 100_800)
