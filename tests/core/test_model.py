# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Model cards: what is written is read back, and what cannot be honoured is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from zeroflow_ros import model
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.errors import ModelError
from zeroflow_ros.learned_pillars import ENCODER_INPUTS, LearnedPillars, PillarEncoder
from zeroflow_ros.model import CARD_KEY, ModelCard, bundled_models, find_model, load_card
from zeroflow_ros.onnx_file import with_metadata

MakeCard = Callable[..., ModelCard]
MakeModel = Callable[..., Path]
GRID = {"range_m": 20.0, "cell_m": 0.5, "z_min_m": -1.5, "z_max_m": 4.5}
ENCODER = PillarEncoder(weight=((0.1,) * 9, (-0.2,) * 9), bias=(1e-9, 3.0))
LEARNED = {"features": ENCODER_INPUTS, "pillar_encoder": ENCODER}


def encoder(**changes: Any) -> dict[str, Any]:
    """Changes of a card that make it one of learned pillars, with a wrong encoder."""
    return {"features": ENCODER_INPUTS, "pillar_encoder": asdict(ENCODER) | changes}


def write(path: Path, graph: bytes, card: object) -> Path:
    text = card if isinstance(card, str) else json.dumps(card)
    path.write_bytes(with_metadata(graph, {CARD_KEY: text}))
    return path


def test_card_round_trip(make_model: MakeModel, make_card: MakeCard) -> None:
    changes = {
        "metrics": {"epe_m": 0.25},
        "interval_s": 0.05,
        "lags": (0, 1, 2),
        "ground": "remove",
    }
    assert load_card(make_model(**changes)) == make_card(**changes)


def test_card_of_learned_pillars_round_trip(make_model: MakeModel, make_card: MakeCard) -> None:
    card = load_card(make_model(**LEARNED))
    assert card == make_card(**LEARNED)
    assert card.pillar_encoder == ENCODER
    assert isinstance(card.pillars, LearnedPillars)


def test_cards_of_format_3_mean_what_they_meant(
    tmp_path: Path, graph_file: bytes, make_card: MakeCard
) -> None:
    raw = json.loads(make_card().to_json()) | {"format": 3}
    del raw["pillar_encoder"]
    card = load_card(write(tmp_path / "old.onnx", graph_file, raw))
    assert card == make_card()
    assert card.pillars is card.grid


def test_card_is_one_line(make_card: MakeCard) -> None:
    assert "\n" not in make_card(training_data="line\nbreak").to_json()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 1}, "format 1, this package reads formats 3 to 5: update"),
        ({"features": ["height"]}, "pillar features that this package does not make"),
        ({"features": 3}, "cannot be understood"),
        ({"ground": "melt"}, "ground handling 'melt'"),
        ({"ground": ["keep"]}, "ground handling"),
        ({"lags": (0,)}, "lags (0,)"),
        ({"lags": (0, 1.5)}, "lags (0, 1.5)"),
        ({"lags": "01"}, "lags"),
        ({"lags": (0, 1, 3, 2)}, "lags"),
        ({"lags": (0, 2)}, "lags"),
        ({"interval_s": 0}, "interval 0"),
        ({"interval_s": float("nan")}, "interval nan"),
        ({"interval_s": "fast"}, "cannot be understood"),
        ({"interval_s": None}, "cannot be understood"),
        ({"grid": None}, "cannot be understood"),
        ({"grid": {**GRID, "cell_m": 0}}, "cannot be understood"),
        ({"grid": {**GRID, "cell_m": "wide"}}, "cannot be understood"),
        ({"grid": {**GRID, "range_m": float("inf")}}, "cannot be understood"),
        ({"grid": {**GRID, "z_min_m": float("nan")}}, "cannot be understood"),
        ({"grid": {**GRID, "depth_m": 1}}, "cannot be understood"),
        ({"mood": "good"}, "cannot be understood"),
        ({"bodies": "soft"}, "asks for bodies 'soft'"),
        ({"certainty": 1.1}, "asks for the certainty 1.1"),
        ({"pillar_encoder": asdict(ENCODER)}, "pillar features that this package does not make"),
        ({"features": ENCODER_INPUTS}, "pillar features that this package does not make"),
        (encoder(gain=1), "something else than weight and bias"),
        (encoder(bias=[1.0]), "shapes (2, 9) and (1,), not [C, 9] and [C]"),
        (encoder(weight=[]), "shapes (0,) and (2,)"),
        (encoder(weight=[[0.1] * 8] * 2), "shapes (2, 8) and (2,)"),
        (encoder(weight=[[0.1] * 8, [0.1] * 9]), "cannot be understood"),
        (encoder(bias=["1", "2"]), "bias holds something else than numbers"),
        (encoder(bias=[1.0, float("nan")]), "bias holds something else than numbers"),
        (encoder(bias=None), "bias holds something else than numbers"),
        ({"pillar_encoder": 3}, "something else than weight and bias"),
        ({"graph_sha256": "0" * 64}, "do not match its card's checksum"),
    ],
)
def test_cards_that_cannot_be_honoured(
    tmp_path: Path,
    graph_file: bytes,
    make_card: MakeCard,
    change: dict[str, Any],
    reason: str,
) -> None:
    raw = json.loads(make_card().to_json()) | change
    with pytest.raises(ModelError) as caught:
        load_card(write(tmp_path / "odd.onnx", graph_file, raw))
    message = str(caught.value)
    assert reason in message
    assert "odd.onnx" in message
    assert "\n" not in message


@pytest.mark.parametrize("key", ["format", "grid", "features", "name", "graph_sha256", "ground"])
def test_cards_that_lack_something(
    tmp_path: Path, graph_file: bytes, make_card: MakeCard, key: str
) -> None:
    raw = json.loads(make_card().to_json())
    del raw[key]
    with pytest.raises(ModelError, match=f"cannot be understood.*{key}"):
        load_card(write(tmp_path / "odd.onnx", graph_file, raw))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"text"', "[" * 100_000])
def test_cards_that_are_no_cards(tmp_path: Path, graph_file: bytes, text: str) -> None:
    with pytest.raises(ModelError, match="cannot be understood"):
        load_card(write(tmp_path / "odd.onnx", graph_file, text))


def test_any_truncation_is_a_model_error(make_model: MakeModel, tmp_path: Path) -> None:
    content = make_model().read_bytes()
    path = tmp_path / "cut.onnx"
    for cut in [*range(0, len(content), 13), len(content) - 1]:
        path.write_bytes(content[:cut])
        with pytest.raises(ModelError, match=r"cut\.onnx"):
            load_card(path)


def test_foreign_files(tmp_path: Path, graph_file: bytes) -> None:
    path = tmp_path / "foreign.onnx"
    path.write_bytes(graph_file)
    with pytest.raises(ModelError, match=r"not one of ours.*zeroflow export"):
        load_card(path)
    path.write_bytes(b"# a text file\n")
    with pytest.raises(ModelError, match="not a"):
        load_card(path)
    with pytest.raises(ModelError, match="cannot be read"):
        load_card(tmp_path / "missing.onnx")


def test_engine_refuses_a_bad_graph_in_one_line(make_model: MakeModel) -> None:
    with pytest.raises(ModelError, match="ONNX Runtime cannot load it") as caught:
        OnnxRuntimeEngine(make_model())
    assert "\n" not in str(caught.value)


def test_models_are_found_by_path_name_and_default(
    make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_model()
    bundled = {model.DEFAULT_MODEL: tmp_path / "a.onnx", "other": tmp_path / "b.onnx"}
    monkeypatch.setattr(model, "bundled_models", lambda: bundled)
    assert find_model(None) == tmp_path / "a.onnx"
    assert find_model("other") == tmp_path / "b.onnx"
    assert find_model(str(path)) == path
    assert find_model(path) == path
    for missing in ("none", tmp_path / "none.onnx", tmp_path):
        with pytest.raises(ModelError, match=r"no such file.*other, zeroflow-rt"):
            find_model(missing)
    monkeypatch.setattr(model, "bundled_models", dict)
    with pytest.raises(ModelError, match="there are: none"):
        find_model(None)


def test_bundled_models_load() -> None:
    for name, path in bundled_models().items():
        assert load_card(path).name == name


def test_a_checkpoint_is_told_with_what_makes_a_model_of_it() -> None:
    path = bundled_models()["zeroflow-rt"].with_suffix(".ckpt")
    with pytest.raises(ModelError) as caught:
        load_card(path)
    assert str(caught.value) == (
        f"model {path}: a checkpoint, no ONNX file: make one of it by "
        f"`zeroflow export {path} -o zeroflow-rt.onnx`"
    )
