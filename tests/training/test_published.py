# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Published checkpoints -> models: the same numbers through the runtime, and clear refusals."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install 'zeroflow_ros[training]'")
pytest.importorskip("onnxscript", reason="pip install 'zeroflow_ros[training]'")

import torch
from torch import Tensor
from typer.testing import CliRunner

from zeroflow_ros.cli.main import build_app
from zeroflow_ros.engines import onnxruntime_engine
from zeroflow_ros.engines.engine_check import Difference
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.errors import ModelError
from zeroflow_ros.estimator import estimate_pair
from zeroflow_ros.model import load_card
from zeroflow_ros.network import network_inputs
from zeroflow_training.cli import import_checkpoint
from zeroflow_training.export import export_network
from zeroflow_training.export_check import Expected
from zeroflow_training.quantization import calibration_inputs
from zeroflow_training.students.fastflow3d import FastFlow3D, FastFlow3DConfig
from zeroflow_training.students.published import load_published, published_name

BASE = FastFlow3DConfig.base()
TINY = FastFlow3DConfig(range_m=12.8, cell_m=0.4, channels=4, widths=(6, 8))
Weights = dict[str, Tensor]


def command(*arguments: object) -> Any:
    """Run `zeroflow`."""
    app = build_app()
    import_checkpoint.register(app)  # where what is installed is older than this file
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def published(reference: Path) -> dict[str, np.ndarray]:
    with np.load(reference / "zeroflow_random_seed0_intersection.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def model(reference: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference's checkpoint, imported; the reference itself tells whether that is right."""
    path = tmp_path_factory.mktemp("published") / "published.onnx"
    with pytest.MonkeyPatch.context() as patch:  # ten seconds of comparing on other sweeps
        patch.setattr(Expected, "difference", lambda *_: Difference(0.0, 0.0, None))
        result = command("import-checkpoint", reference / "zeroflow_random_seed0.ckpt", "-o", path)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{path}: FP32, ")
    names = sorted(item.name for item in path.parent.iterdir())
    assert names == ["published.onnx", "published_fp16.onnx"]
    return path


def test_pair_says_what_was_published(
    model: Path,
    published: dict[str, np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(onnxruntime_engine, "usable_cores", lambda: 1)
    files = [tmp_path / "source.npy", tmp_path / "target.npy"]
    for file, name in zip(files, ("pc0", "pc1"), strict=True):
        np.save(file, published[name])
    out = tmp_path / "flow.npz"
    result = command("pair", *files, "-o", out, "--raw", "--model", model)
    assert result.exit_code == 0, result.output
    with np.load(out) as found:
        assert_published(found["flow"], found["valid"], published)


def test_two_threads_say_what_was_published(
    model: Path, published: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnxruntime_engine, "usable_cores", lambda: 2)
    source = published["pc0"].copy()
    no_output = np.flatnonzero(~published["has_output"])
    source[no_output[:5]] = np.nan
    flow = estimate_pair(source, published["pc1"], model=model, raw=True)
    assert_published(flow.displacement, flow.valid, published)


def assert_published(flow: np.ndarray, valid: np.ndarray, published: dict[str, np.ndarray]) -> None:
    np.testing.assert_array_equal(valid, published["has_output"])
    np.testing.assert_array_equal(flow[~valid], 0)
    np.testing.assert_allclose(flow[valid], published["flow"][valid], rtol=0, atol=1e-5)


def test_encoded_pillars_are_the_published_ones(
    model: Path, published: dict[str, np.ndarray]
) -> None:
    pillars = load_card(model).pillars
    for which in (0, 1):
        features, index = pillars.features([pillars.locate(published[f"pc{which}"])])
        total, absolute, count = published[f"chk_embed{which}"]
        assert len(index) == count
        assert features.sum(dtype=np.float64) == pytest.approx(total, rel=1e-6)
        assert np.abs(features).sum(dtype=np.float64) == pytest.approx(absolute, rel=1e-6)


def test_card_of_an_import(model: Path, reference: Path) -> None:
    card = load_card(model)
    checkpoint = reference / "zeroflow_random_seed0.ckpt"
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert card.training_data == f"checkpoint {checkpoint.name}, sha256 {digest}"
    assert (card.name, card.version) == ("published", "0.1.0")
    assert (card.ground, card.bodies, card.lags) == ("remove", "none", (0, 1))
    assert (card.grid.size, card.grid.z_min_m, card.grid.z_max_m) == (512, -3, 3)
    assert card.pillar_encoder is not None
    assert len(card.pillar_encoder.bias) == 32


@pytest.fixture(scope="module")
def tiny() -> FastFlow3D:
    """With statistics of normalisation that are not trivial."""
    torch.manual_seed(0)
    network = FastFlow3D(TINY)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            torch.nn.init.normal_(module.running_mean, 0.0, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network.eval()


@pytest.fixture(scope="module")
def tiny_model(tiny: FastFlow3D, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny") / "tiny.onnx"
    report = export_network(tiny, path, "tiny", "1", "none")
    assert report.single.differences["simulated"].max_mm < 0.1
    assert report.single.bytes == path.stat().st_size
    return path


def cloud(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform([-14, -14, -3.3], [14, 14, 3.3], (count, 3)).astype(np.float32)


@pytest.mark.parametrize("counts", [(500, 400), (3, 700), (900, 2), (1, 1)])
def test_the_runtime_says_what_pytorch_says(
    tiny: FastFlow3D, tiny_model: Path, counts: tuple[int, int]
) -> None:
    source, target = cloud(counts[0], 4), cloud(counts[1], 5)
    if counts[0] > 100:
        source[::7] = np.nan
    source[0] = target[0] = [1.0, 2.0, 0.5]  # at least one is inside
    with torch.inference_mode():
        ((flow, rows),) = tiny([torch.from_numpy(source)], [torch.from_numpy(target)])
    found = estimate_pair(source, target, model=tiny_model, raw=True)
    np.testing.assert_array_equal(np.flatnonzero(found.valid), rows.numpy())
    assert flow.abs().max() > 0.01
    np.testing.assert_allclose(found.displacement[found.valid], flow.numpy(), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found.displacement[~found.valid], 0)


def test_a_vehicle_is_told_where_points_came_from(tiny: FastFlow3D, tiny_model: Path) -> None:
    newest, before = cloud(500, 4), cloud(400, 5)
    pillars = load_card(tiny_model).pillars
    inputs = dict(network_inputs(pillars, [pillars.locate(newest), pillars.locate(before)]))
    found = np.asarray(OnnxRuntimeEngine(tiny_model).infer(inputs)["displacement"])
    with torch.inference_mode():
        ((flow, _),) = tiny([torch.from_numpy(newest)], [torch.from_numpy(before)])
    np.testing.assert_allclose(found, -flow.numpy(), rtol=0, atol=1e-6)
    assert np.abs(found).max() > 0.01


def test_it_is_calibrated_on_learned_pillars(tiny_model: Path) -> None:
    pytest.importorskip("pypatchworkpp", reason="pip install 'zeroflow_ros[ground]'")
    card = load_card(tiny_model)
    (inputs,) = calibration_inputs(card, 40, 1)
    assert inputs["pillar_features"].shape == (len(inputs["pillar_index"]), TINY.channels)
    assert len(inputs["point_pillar"]) > 100
    displacement = np.asarray(OnnxRuntimeEngine(tiny_model).infer(inputs)["displacement"])
    assert np.isfinite(displacement).all()


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Of the base network."""
    return made_up(BASE)


def made_up(config: FastFlow3DConfig) -> Weights:
    """As a network's are published, each a single number in disguise: quick to save."""
    with torch.device("meta"):
        network = FastFlow3D(config)
    return {
        published_name(name, config): torch.ones((), dtype=tensor.dtype).expand(tensor.shape)
        for name, tensor in network.state_dict().items()
    }


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


@pytest.mark.parametrize("prefix", ["", "model.", "model.model."])
@pytest.mark.parametrize("nested", [True, False])
def test_checkpoints_with_and_without_what_is_around_the_weights(
    tmp_path: Path, weights: Weights, prefix: str, nested: bool
) -> None:
    named = {prefix + key: value for key, value in weights.items()}
    content = {"state_dict": named, "epoch": 3, "hyper_parameters": {}} if nested else named
    network = load_published(saved(tmp_path / "a.ckpt", content))
    assert network.config == BASE
    assert not network.training
    assert sum(p.numel() for p in network.parameters()) == 6_815_619


def test_old_files_of_pytorch_are_read(tmp_path: Path, weights: Weights) -> None:
    path = tmp_path / "old.ckpt"
    torch.save(weights, path, _use_new_zipfile_serialization=False)
    assert not zipfile.is_zipfile(path)
    assert load_published(path).config == BASE


def test_xl_is_recognised(tmp_path: Path) -> None:
    config = FastFlow3DConfig.xl()
    named = {f"model.{key}": value for key, value in made_up(config).items()}
    assert "model.backbone.encoder_step_4.5.batchnorm.running_var" in named
    assert "model.backbone.decoder_step4.u4_u5.1.weight" in named
    assert named["model.backbone.decoder_step5.weight"].shape == (128, 128, 3, 3)
    assert load_published(saved(tmp_path / "xl.ckpt", named)).config == config


def changed(**changes: Tensor | None) -> Callable[[Weights], Weights]:
    """Weights with some replaced, added or (None) taken away; `__` stands for a dot."""

    def change(weights: Weights) -> Weights:
        new = dict(weights)
        for name, value in changes.items():
            key = name.replace("__", ".")
            new.pop(key, None)
            if value is not None:
                new[key] = value
        return new

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda w: {}, "but nothing"),
        (lambda w: [1, 2], "not a table of named weights"),
        (lambda w: {"state_dict": 3}, "not a table of named weights"),
        (lambda w: {**w, "epoch": 3}, "not a table of named weights"),
        (lambda w: {"student.a": torch.ones(1), "b": torch.ones(1)}, "but student.a, b"),
        (lambda w: {**w, **{f"other.{k}": v for k, v in w.items()}}, "several networks"),
        (lambda w: {**w, "extra.weight": torch.ones(1)}, "it also has extra.weight"),
        (changed(backbone__decoder_step4__bias=None), "it lacks backbone.decoder_step4.bias"),
        (
            lambda w: {k: v for k, v in w.items() if "decoder_step" not in k},
            "it lacks backbone.decoder_step1.u1_u2.0.weight, backbone.decoder_step1.u1_u2.0.bias, "
            "backbone.decoder_step1.u3.weight and 23 more",
        ),
        (
            changed(head__offset_encoder__weight=torch.ones(128, 3)),
            "a network of OpenSceneFlow, not ZeroFlow's",
        ),
        (
            changed(head__decoder__0__weight=torch.ones(32, 256)),
            "head.decoder.0.weight is (32, 256) torch.float32, ZeroFlow's is (32, 131)",
        ),
        (
            changed(head__decoder__2__bias=torch.ones(3).half()),
            "head.decoder.2.bias is (3,) torch.float16, ZeroFlow's is (3,) torch.float32",
        ),
        (
            changed(head__decoder__2__bias=torch.tensor([0, 1, torch.inf])),
            "head.decoder.2.bias holds values that are no numbers",
        ),
        (
            changed(embedder__feature_net__pfn_layers__0__0__weight=torch.ones(16, 9)),
            "pfn_layers.0.0.weight is (16, 9), not (32, 9) (base) or (64, 9) (XL)",
        ),
    ],
)
def test_what_is_not_zeroflow_is_refused_in_one_line(
    tmp_path: Path, weights: Weights, change: Callable[[Weights], object], reason: str
) -> None:
    path = saved(tmp_path / "odd.ckpt", change(weights))
    with pytest.raises(ModelError) as caught:
        load_published(path)
    message = str(caught.value)
    assert reason in message
    assert "odd.ckpt" in message
    assert "\n" not in message


class Code:
    """Would leave a file behind if it was unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("write", [torch.save, lambda c, p: p.write_bytes(pickle.dumps(c, 2))])
def test_code_is_not_run(tmp_path: Path, weights: Weights, write: Callable[..., Any]) -> None:
    path, victim = tmp_path / "code.ckpt", tmp_path / "victim"
    write({"state_dict": weights, "hyper_parameters": Code(victim)}, path)
    with pytest.raises(ModelError, match=r"code\.ckpt") as caught:
        load_published(path)
    assert "\n" not in str(caught.value)
    assert not victim.exists()


def test_settings_that_are_objects_are_named_with_a_cure(tmp_path: Path, weights: Weights) -> None:
    content = {"state_dict": weights, "hyper_parameters": {"cfg": Path("/somewhere")}}
    path = saved(tmp_path / "objects.ckpt", content)
    with pytest.raises(ModelError, match=r"Python objects besides tensors \(pathlib") as caught:
        load_published(path)
    message = str(caught.value)
    assert f"torch.load('{path}', 'cpu', weights_only=False)['state_dict']" in message
    # What the message says is what helps.
    torch.save(torch.load(path, "cpu", weights_only=False)["state_dict"], tmp_path / "weights.pt")
    assert load_published(tmp_path / "weights.pt").config == BASE


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + bytes(40), None, 0.2, 0.9])
def test_files_that_are_no_checkpoint(
    tmp_path: Path, weights: Weights, content: bytes | float | None
) -> None:
    path = tmp_path / "odd.ckpt"
    if isinstance(content, float):  # truncated
        whole = saved(tmp_path / "whole.ckpt", weights).read_bytes()
        path.write_bytes(whole[: int(content * len(whole))])
    elif content is not None:
        path.write_bytes(content)
    result = command("import-checkpoint", path, "-o", tmp_path / "out.onnx")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert f"'{path}' is no checkpoint of ZeroFlow or FastFlow3D" in line
    assert not (tmp_path / "out.onnx").exists()
