# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every student with every loss; and what each says, in one convention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")

import torch
from torch import Tensor

from zeroflow_ros.errors import ModelError
from zeroflow_training.data.labelled_pairs import LabelledPairs
from zeroflow_training.data.sample import Marks, TrainingSample
from zeroflow_training.data.sequences import SequenceSamples
from zeroflow_training.data.simulated import SimulatedSamples
from zeroflow_training.losses.terms import TERMS, Emphasis, total_loss
from zeroflow_training.students.fastflow3d import FastFlow3D, FastFlow3DConfig, PointFlow
from zeroflow_training.students.kinds import student_config
from zeroflow_training.students.real_time import RealTimeStudentConfig
from zeroflow_training.students.student import Batch, Prediction

TINY_CLOUDS = FastFlow3DConfig(range_m=6.4, cell_m=0.4, channels=4, widths=(6, 8))
STRICT = Emphasis(beta_m=0.04, static_share=0.4)


@pytest.fixture(scope="module")
def pairs(write_drive: Callable[..., Path], tmp_path_factory: Any) -> LabelledPairs:
    folder = write_drive(tmp_path_factory.mktemp("data") / "drive")
    return LabelledPairs.find(folder, "rigid")


@pytest.fixture(params=["real-time", "fastflow3d"])
def config(request: pytest.FixtureRequest, tiny_config: RealTimeStudentConfig) -> Any:
    return tiny_config if request.param == "real-time" else TINY_CLOUDS


def batch_of(pairs: LabelledPairs, config: Any, *positions: int) -> Batch:
    encoder = config.encoder(with_scene=True)
    samples = SequenceSamples(pairs, encoder, config.lags, augmentation=())
    return encoder.collate([samples[position] for position in positions])


def loss_of(term: str, said: Prediction, batch: Batch) -> Tensor:
    return total_loss({term: 1.0}, said, batch.supervision, STRICT)[0]


@pytest.mark.parametrize("term", TERMS)
def test_every_student_learns_by_every_loss(pairs: LabelledPairs, config: Any, term: str) -> None:
    if term == "moving" and not config.says_moving:
        pytest.skip("this student does not say what moves")
    torch.manual_seed(0)
    network, batch = config.network().train(), batch_of(pairs, config, 0, 1)
    for parameter in network.head_parameters():  # zero flow has no gradient to its hidden layer
        torch.nn.init.normal_(parameter, 0.0, 0.3)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for step in range(12):
        optimizer.zero_grad()
        loss = loss_of(term, network.predict(batch.inputs), batch)
        loss.backward()
        if step == 0:
            gradients = [p.grad for p in network.parameters() if p.grad is not None]
            assert all(gradient.isfinite().all() for gradient in gradients)
            assert sum(float(gradient.abs().sum()) for gradient in gradients) > 0
        optimizer.step()
        losses.append(loss.item())
    assert np.isfinite(losses).all()
    assert min(losses[-3:]) < 0.8 * losses[0]


def test_predictions_and_what_is_known_are_row_by_row(pairs: LabelledPairs, config: Any) -> None:
    batch = batch_of(pairs, config, 0, 1, 2)
    known = batch.supervision
    said = config.network().eval().predict(batch.inputs)
    assert said.displacement.shape == known.target.shape == (sum(known.counts), 3)
    assert (said.moving is None) is not config.says_moving
    scene = known.scene
    assert scene is not None
    assert {len(column) for column in scene[:5]} == {len(known.target)}
    assert {len(column) for column in scene[5:]} == {sum(known.before_counts)}
    assert len(known.counts) == len(known.before_counts) == batch.samples == 3
    moving = known.target.norm(dim=1) > 0.05
    assert torch.equal(scene.dynamic, moving)
    assert torch.equal(scene.static, ~moving & (known.weight > 0))


def test_losses_without_labels_are_lowest_at_the_true_flow(
    pairs: LabelledPairs, config: Any
) -> None:
    """For both directions of time: the drive is labelled both ways."""
    for position in range(8):
        batch = batch_of(pairs, config, position)
        truth, scene = batch.supervision.target, batch.supervision.scene
        assert scene is not None
        for term in ("chamfer", "dynamic-chamfer", "static", "cluster"):
            at_truth = loss_of(term, Prediction(truth), batch).item()
            if term == "dynamic-chamfer" and int(scene.dynamic.sum()) <= 256:
                continue
            nudge = torch.tensor([0.05, 0.0, 0.0])
            others = [-truth, truth + nudge, truth - nudge, 0.5 * truth, 1.5 * truth]
            if term == "static":
                others = others[1:3]
            for other in others:
                assert loss_of(term, Prediction(other), batch).item() > at_truth


def tall_street() -> TrainingSample:
    """A crane that drives, façades that stand, both higher than students look; others far away."""
    rng = np.random.default_rng(1)
    crane = rng.uniform([-4, -4, 0.2], [4, 4, 12], (2500, 3))
    facades = rng.uniform([-6, -6, 0.2], [6, 6, 12], (1000, 3))
    far = rng.uniform([8, -20, 0.2], [30, 20, 12], (1000, 3))
    now = np.concatenate([crane, facades, far]).astype(np.float32)
    dynamic = np.arange(len(now)) < len(crane)
    flow = np.where(dynamic[:, None], np.float32([0.5, 0.2, 0]), np.float32(0))
    nowhere, cluster = np.zeros(len(now), bool), dynamic.astype(np.int32)
    marks = Marks(dynamic, cluster, nowhere, dynamic)
    return TrainingSample((now, now - flow), flow, np.ones(len(now), np.float32), nowhere, marks)


def test_both_sides_of_a_scene_end_where_the_student_sees_no_more(config: Any) -> None:
    """Else treetops, each up to 4 m^2 away from all predictions, would teach façades to rise."""
    encoder = config.encoder(with_scene=True)
    batch = encoder.collate([encoder.encode(tall_street(), np.random.default_rng(0))])
    scene, truth = batch.supervision.scene, batch.supervision.target
    assert scene is not None
    assert scene.before_dynamic.sum() > 256
    for points in (scene.points, scene.before):
        assert points[:, :2].abs().max() < 6.4
        assert 2.9 < points[:, 2].max() < 4.5
    for term in ("chamfer", "dynamic-chamfer"):
        said = truth.clone().requires_grad_()
        loss = loss_of(term, Prediction(said), batch)
        loss.backward()
        assert loss.item() < 1e-9
        assert said.grad is not None
        assert said.grad.norm(dim=1).sum() < 1e-5
        assert loss_of(term, Prediction(torch.zeros_like(truth)), batch).item() > 0.1


def test_a_fastflow3d_is_judged_by_the_points_that_it_sees(
    pairs: LabelledPairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of large clouds it sees a choice; the others are no counterpart of anything."""
    monkeypatch.setattr("zeroflow_training.data.clouds.MOST_POINTS", 300)
    batch = batch_of(pairs, TINY_CLOUDS, 0, 3)
    scene = batch.supervision.scene
    assert scene is not None
    assert batch.supervision.before_counts == (300, 300)
    assert torch.equal(scene.before, torch.cat(batch.inputs.targets))
    assert torch.equal(scene.points, torch.cat(batch.inputs.sources))


def test_fastflow3d_speaks_of_where_points_came_from(
    pairs: LabelledPairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that says what was published, from source to target, exactly."""
    batch = batch_of(pairs, TINY_CLOUDS, 0, 5)

    def published(_: FastFlow3D, sources: Any, targets: Any) -> list[PointFlow]:
        """Points that moved by what is labelled, looked up where they lie in the target."""
        flows = -batch.supervision.target.split([len(source) for source in sources])[0]
        second = -batch.supervision.target[len(sources[0]) :]
        for source, flow, target in zip(sources, (flows, second), targets, strict=True):
            reached = torch.cdist(source + flow, target).min(1).values
            assert reached.median() < 1e-4
        rows = [torch.arange(len(source)) for source in sources]
        return [PointFlow(flows, rows[0]), PointFlow(second, rows[1])]

    monkeypatch.setattr(FastFlow3D, "forward", published)
    said = FastFlow3D(TINY_CLOUDS).predict(batch.inputs)
    torch.testing.assert_close(said.displacement, batch.supervision.target)
    assert loss_of("zeroflow", said, batch).item() == 0


def test_checkpoints_say_their_kind_and_old_ones_are_real_time(
    tiny_config: RealTimeStudentConfig,
) -> None:
    for config in (tiny_config, TINY_CLOUDS):
        assert student_config(asdict(config)) == config
    old = asdict(tiny_config)
    del old["kind"]
    assert student_config(old) == tiny_config
    with pytest.raises(ModelError, match="no student of kind 'other': there is real-time, fast"):
        student_config({"kind": "other"})


def test_simulated_streets_teach_every_student(config: Any) -> None:
    encoder = config.encoder(with_scene=True)
    stream = SimulatedSamples(encoder, config.lags, seed=3, crops_per_scene=2, shuffle=1)
    batch = encoder.collate(list(islice(stream, 2)))
    known = batch.supervision
    assert known.scene is not None
    assert min(known.counts) > 50
    assert known.intervals_s == (0.1, 0.1)
    if not config.says_moving:  # the clouds of FastFlow3D have no ground
        assert not known.scene.is_ground.any()
    said = Prediction(torch.zeros_like(known.target))
    terms = {term: 1.0 for term in TERMS if term != "moving"}
    assert total_loss(terms, said, known, STRICT)[0].isfinite()


@pytest.mark.parametrize(("newest", "before"), [(0, 0), (0, 9), (9, 0), (1, 1)])
def test_windows_without_points_cost_nothing_and_break_nothing(
    config: Any, newest: int, before: int
) -> None:
    rng = np.random.default_rng(0)
    sweeps = tuple(rng.uniform(-5, 5, (n, 3)).astype(np.float32) for n in (newest, before))
    none, none_before = (np.zeros(n, bool) for n in (newest, before))
    marks = Marks(none, np.zeros(newest, np.int32), none_before, none_before)
    empty = TrainingSample(
        sweeps, np.zeros_like(sweeps[0]), np.ones(newest, np.float32), none, marks
    )
    encoder, network = config.encoder(with_scene=True), config.network().train()
    batch = encoder.collate([encoder.encode(empty, rng)])
    terms = {term: 1.0 for term in TERMS if term != "moving" or config.says_moving}
    loss, _ = total_loss(terms, network.predict(batch.inputs), batch.supervision, STRICT)
    loss.backward()
    assert loss.isfinite()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())
