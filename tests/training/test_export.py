# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Student -> ONNX: the same numbers, the card inside, only operators that every engine has."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("onnxscript", reason="pip install 'zeroflow_ros[training]'")

import torch
from torch import Tensor

from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.errors import ModelError
from zeroflow_ros.estimator import estimate_pair
from zeroflow_ros.model import ModelCard, load_card
from zeroflow_ros.pillars import FEATURE_NAMES, PillarGrid
from zeroflow_training.checkpoint import load_student
from zeroflow_training.checkpoint_export import export_checkpoint
from zeroflow_training.export import export, git_commit
from zeroflow_training.export_check import card_inputs, simulated_sweeps
from zeroflow_training.onnx_graph import ALLOWED_OPERATORS, INPUTS, tensors
from zeroflow_training.students.real_time import RealTimeStudent, RealTimeStudentConfig

GRID = PillarGrid(range_m=6.4, cell_m=0.4, z_min_m=-1.5, z_max_m=4.5)
CARD = ModelCard(
    name="tiny",
    version="1",
    grid=GRID,
    interval_s=0.1,
    lags=(0, 1),
    features=FEATURE_NAMES,
    ground="keep",
    training_data="none",
    git_commit="",
    graph_sha256="",
)
MakeInputs = Callable[..., tuple[Tensor, ...]]
MakeStudent = Callable[[RealTimeStudentConfig], RealTimeStudent]


@pytest.fixture(scope="module")
def model(tiny_config: RealTimeStudentConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny student, with a random head, exported once for this module."""
    torch.manual_seed(0)
    student = RealTimeStudent(tiny_config)
    torch.nn.init.normal_(student.displacement.weight, 0.0, 0.3)
    torch.nn.init.normal_(student.moving.weight, 0.0, 0.3)
    path = tmp_path_factory.mktemp("export") / "tiny.onnx"
    report = export(student, CARD, path)
    for graph, name in ((report.single, "tiny.onnx"), (report.half, "tiny_fp16.onnx")):
        assert graph.path == path.with_name(name)
        assert graph.bytes == graph.path.stat().st_size
    assert report.single.differences["simulated"].max_mm < 0.1
    assert sorted(item.name for item in path.parent.iterdir()) == ["tiny.onnx", "tiny_fp16.onnx"]
    torch.save(student.state_dict(), path.with_suffix(".pt"))
    return path


@pytest.fixture(scope="module")
def student(tiny_config: RealTimeStudentConfig, model: Path) -> RealTimeStudent:
    """What `model` was exported from."""
    made = RealTimeStudent(tiny_config)
    made.load_state_dict(torch.load(model.with_suffix(".pt"), weights_only=True))
    return made.eval()


@pytest.mark.parametrize("counts", [(500, 400), (3, 700), (900, 2), (1, 1), (40, 0)])
def test_onnx_equals_pytorch_for_other_counts_than_traced(
    model: Path, student: RealTimeStudent, make_inputs: MakeInputs, counts: tuple[int, int]
) -> None:
    inputs = make_inputs(1, *counts)
    with torch.inference_mode():
        displacement, moving = (output.numpy() for output in student(*inputs))
    arrays = {name: value.numpy() for name, value in zip(INPUTS, inputs, strict=True)}
    found: Any = OnnxRuntimeEngine(model, threads=1).infer(arrays)
    assert found["displacement"].shape == displacement.shape == (counts[0], 3)
    assert found["moving"].shape == moving.shape == (counts[0],)
    assert min(np.abs(displacement).max(), np.abs(moving).max()) > 1e-3
    np.testing.assert_allclose(found["displacement"], displacement, atol=1e-4)
    np.testing.assert_allclose(found["moving"], moving, atol=1e-4)


def test_any_count_of_threads_gives_the_same(model: Path, make_inputs: MakeInputs) -> None:
    inputs = dict(zip(INPUTS, (x.numpy() for x in make_inputs(2, 900, 900)), strict=True))
    expected = OnnxRuntimeEngine(model, threads=1).infer(inputs)["displacement"]
    for threads in (2, 3, None):
        engine = OnnxRuntimeEngine(model, threads)
        for _ in range(3):
            np.testing.assert_array_equal(engine.infer(inputs)["displacement"], expected)


def test_card_is_inside(model: Path) -> None:
    onnx = pytest.importorskip("onnx")
    card = load_card(model)
    told = {"graph_sha256", "metrics", "typical"}
    assert card == replace(CARD, **{name: getattr(card, name) for name in told})
    inputs = card_inputs(CARD, simulated_sweeps(CARD.lags))
    assert card.typical == (len(inputs["pillar_index"]), len(inputs["point_pillar"]))
    assert card.metrics.keys() == {f"simulated_{x}" for x in ("max_mm", "mean_mm", "max_log_odds")}
    proto = onnx.load(model)
    onnx.checker.check_model(proto)
    assert {node.op_type for node in proto.graph.node} <= ALLOWED_OPERATORS
    assert not any(node.metadata_props or node.doc_string for node in proto.graph.node)
    here = str(Path(__file__).resolve().parents[2]).encode()
    assert here not in model.read_bytes()  # no paths of the exporting machine


def test_a_changed_weight_is_noticed(model: Path, tmp_path: Path) -> None:
    content = bytearray(model.read_bytes())
    content[content.index(b"pillar_encoder") + 2000] ^= 1  # among the weights, before the card
    path = tmp_path / "changed.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        load_card(path)


def test_exported_model_runs_in_the_estimator(model: Path) -> None:
    rng = np.random.default_rng(0)
    source = rng.uniform([-6, -6, -0.1], [6, 6, 3], (800, 3)).astype(np.float32)
    flow = estimate_pair(source, source, model=model, raw=True)
    assert flow.valid.all()
    assert np.isfinite(flow.displacement).all()


class OddStudent(RealTimeStudent):
    """A student with an operator that is not on the list."""

    def forward(
        self,
        pillar_features: Tensor,
        pillar_index: Tensor,
        point_pillar: Tensor,
        point_offset: Tensor,
        samples: int = 1,
    ) -> tuple[Tensor, Tensor]:
        flow, moving = super().forward(pillar_features, pillar_index, point_pillar, point_offset)
        return torch.sin(flow), moving


def test_an_operator_that_is_not_allowed_is_refused_by_name(
    tiny_config: RealTimeStudentConfig, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"node \S+: operator Sin is not in the allowed"):
        export(OddStudent(tiny_config), CARD, tmp_path / "odd.onnx")
    assert list(tmp_path.iterdir()) == []


class NanStudent(RealTimeStudent):
    """A student whose training diverged."""

    def __init__(self, config: RealTimeStudentConfig) -> None:
        super().__init__(config)
        torch.nn.init.constant_(self.displacement.bias, torch.nan)


def test_a_diverged_student_is_refused(tiny_config: RealTimeStudentConfig, tmp_path: Path) -> None:
    with (
        warnings.catch_warnings(),
        pytest.raises(ValueError, match="from PyTorch by at most nan"),
    ):
        export(NanStudent(tiny_config), CARD, tmp_path / "nan.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_of_a_diverged_run_is_refused(
    tiny_config: RealTimeStudentConfig, tmp_path: Path
) -> None:
    weights = {f"student.{k}": v for k, v in NanStudent(tiny_config).state_dict().items()}
    path = tmp_path / "nan.ckpt"
    torch.save({"state_dict": weights, "hyper_parameters": {"student": asdict(tiny_config)}}, path)
    with pytest.raises(ModelError, match=r"nan.ckpt' cannot be exported: .* by at most nan mm"):
        export_checkpoint(path, tmp_path / "nan.onnx", "nan", "1")
    assert [item.name for item in tmp_path.iterdir()] == ["nan.ckpt"]


@pytest.mark.parametrize(
    "card", [replace(CARD, lags=(0, 1, 2)), replace(CARD, grid=replace(GRID, range_m=12.8))]
)
def test_card_and_student_must_agree(
    tiny_config: RealTimeStudentConfig, tmp_path: Path, card: ModelCard
) -> None:
    with pytest.raises(ValueError, match=r"size 32 and lags \(0, 1\), its card says"):
        export(RealTimeStudent(tiny_config), card, tmp_path / "other.onnx")


def test_student_is_loaded_from_a_checkpoint_for_another_size(
    tiny_config: RealTimeStudentConfig, tmp_path: Path, student: RealTimeStudent
) -> None:
    state = {f"student.{name}": value for name, value in student.state_dict().items()}
    hyper = {"student": asdict(tiny_config)}
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": state, "hyper_parameters": hyper}, path)
    loaded = load_student(path, 64)
    assert loaded.config == replace(tiny_config, size=64)
    assert not loaded.training
    for name, value in student.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], value, atol=0, rtol=0)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + bytes(40), None])
def test_files_that_are_no_checkpoint(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "odd.ckpt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        ModelError, match=r"odd\.ckpt' is no checkpoint of `zeroflow fit`"
    ) as caught:
        export_checkpoint(path, tmp_path / "out.onnx", "odd", "1")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [{}, [1], {"hyper_parameters": {"student": {"legs": 4}}}])
def test_foreign_checkpoints(tmp_path: Path, content: object) -> None:
    path = tmp_path / "foreign.ckpt"
    torch.save(content, path)
    with pytest.raises(ModelError, match="is no checkpoint"):
        export_checkpoint(path, tmp_path / "out.onnx", "odd", "1")


def test_git_commit_is_short() -> None:
    assert git_commit() == "unknown" or len(git_commit().rstrip("+")) == 12


@pytest.mark.parametrize("name", ["zeroflow-rt", "zeroflow-rt-2"])
def test_bundled_models_are_made_of_the_bundled_weights(name: str) -> None:
    models = Path(__file__).parents[2] / "models"
    card = load_card(models / f"{name}.onnx")
    assert (card.name, card.bodies) == (name, "rigid")
    student = load_student(models / "zeroflow-rt.ckpt", card.grid.size)
    if card.history == 2:
        student = student.two_sweeps()
    inputs = card_inputs(card, simulated_sweeps(card.lags))
    with torch.inference_mode():
        expected = student(*tensors(inputs))[0].numpy()
    found = OnnxRuntimeEngine(models / f"{name}.onnx").infer(inputs)["displacement"]
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-4)
