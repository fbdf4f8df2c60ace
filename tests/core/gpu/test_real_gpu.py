# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bundled model built and run by TensorRT on a real GPU, where there is one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.engines.backends import EngineOptions, load_model
from zeroflow_ros.engines.cuda_buffers import load_bindings
from zeroflow_ros.engines.cuda_driver import find_gpu
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.engines.tensorrt_engine import TensorRTEngine, load_library
from zeroflow_ros.errors import EngineError
from zeroflow_ros.model import MOST_POINTS, ModelCard, bundled_models, load_card
from zeroflow_ros.network import network_inputs

pytestmark = pytest.mark.timeout(900)  # an engine is built on the spot


@pytest.fixture(scope="module", autouse=True)
def gpu() -> Any:
    """Skips with what is missing, in the words that users get."""
    try:
        found = find_gpu()
        load_library()
        load_bindings(found)
    except EngineError as error:
        pytest.skip(f"no GPU to test on: {error}")
    return found


FLOAT_MODELS = sorted(n for n, path in bundled_models().items() if "int8" not in path.stem)


@pytest.mark.parametrize("name", FLOAT_MODELS)
def test_answers_are_those_of_onnx_runtime(name: str, tmp_path: Path) -> None:
    path, said = bundled_models()[name], list[str]()
    options = EngineOptions(cache=tmp_path, say=said.append)
    card = load_card(path)
    engine = load_plain(path, options)
    reference = OnnxRuntimeEngine(path)
    assert (engine.precisions.fp16 > engine.precisions.fp32) == (card.precision == "fp16")
    wrong_m: list[float] = []

    def work() -> None:
        for points in (20_000, 20_000, 20_000, 9000, 9000, MOST_POINTS + 9, 100_000, 20_000):
            inputs = random_inputs(card, points, points)
            found, expected = engine.infer(inputs), reference.infer(inputs)
            difference = np.abs(found["displacement"] - expected["displacement"])
            wrong_m.append(float(difference.max(initial=0)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    engine.close()
    assert len(wrong_m) == 8
    assert max(wrong_m) < 5e-3 * card.tolerance_mm  # random clouds are harder than streets
    assert not [line for line in said if "CUDA graphs" in line]
    # The second time it is in the cache: nothing is built.
    said.clear()
    load_plain(path, options).close()
    assert len(said) == 1
    assert said[0].startswith(f"{name} runs on TensorRT")


def load_plain(path: Path, options: EngineOptions) -> TensorRTEngine:
    """The graph itself, also where its FP16 form lies beside it."""
    alone = options.cache / path.name  # type: ignore[operator]
    alone.write_bytes(path.read_bytes())
    engine = load_model(alone, "tensorrt", options=options).engine
    assert isinstance(engine, TensorRTEngine)
    return engine


def random_inputs(card: ModelCard, points: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    clouds = [random.uniform([-45, -45, -1], [45, 45, 3], (points, 3)) for _ in card.lags]
    located = [card.pillars.locate(cloud.astype(np.float32)) for cloud in clouds]
    return dict(network_inputs(card.pillars, located))
