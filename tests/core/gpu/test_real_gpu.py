# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bundled model built and run by TensorRT on a real GPU, where there is one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.engines.cuda_buffers import load_bindings
from zeroflow_ros.engines.cuda_driver import find_gpu
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.engines.tensorrt_engine import TensorRTEngine, load_library
from zeroflow_ros.errors import EngineError
from zeroflow_ros.model import bundled_models, load_card
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


def sweep_inputs(path: Path, points: int, seed: int) -> dict[str, np.ndarray]:
    card, random = load_card(path), np.random.default_rng(seed)
    clouds = [random.uniform([-45, -45, -1], [45, 45, 3], (points, 3)) for _ in card.lags]
    located = [card.pillars.locate(cloud.astype(np.float32), np.eye(4)) for cloud in clouds]
    return dict(network_inputs(card.pillars, located))


FLOAT_MODELS = sorted(name for name in bundled_models() if "int8" not in name)


@pytest.mark.parametrize("name", FLOAT_MODELS)
def test_answers_are_those_of_onnx_runtime(name: str, tmp_path: Path) -> None:
    path = bundled_models()[name]
    card, example = load_card(path), sweep_inputs(path, 20_000, 0)
    most = {"pillar": card.history * card.grid.size**2, "point": 65_536}
    profile = {
        key: ((1, *rows.shape[1:]), rows.shape, (most[key.split("_")[0]], *rows.shape[1:]))
        for key, rows in example.items()
    }
    said: list[str] = []
    engine = TensorRTEngine(path, profile, cache=tmp_path, say=said.append)
    reference = OnnxRuntimeEngine(path)
    half = "fp16" in name
    assert (engine.precisions.fp16 > engine.precisions.fp32) == half
    wrong: list[float] = []

    def work() -> None:
        for points in (20_000, 20_000, 20_000, 9000, 9000, 100_000, 100_000, 20_000):
            inputs = sweep_inputs(path, points, points)
            found, expected = engine.infer(inputs), reference.infer(inputs)
            difference = np.abs(found["displacement"] - expected["displacement"])
            wrong.append(float(difference.max(initial=0)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    engine.close()
    assert len(wrong) == 8
    assert max(wrong) < (0.05 if half else 0.002)  # metres
    assert not [line for line in said if "CUDA graphs" in line]
    # The second time it is in the cache.
    said.clear()
    again = TensorRTEngine(path, profile, cache=tmp_path, say=said.append)
    again.close()
    assert said == []
