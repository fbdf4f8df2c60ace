# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Models, estimators and verbs on TensorRT, as far as stand-ins for GPU and TensorRT can show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from typer.testing import CliRunner

from zeroflow_ros.cli.main import build_app
from zeroflow_ros.engines.backends import EngineOptions, load_model
from zeroflow_ros.engines.engine_check import Difference
from zeroflow_ros.engines.onnxruntime_engine import OnnxRuntimeEngine
from zeroflow_ros.engines.tensorrt_engine import TensorRTEngine
from zeroflow_ros.errors import EngineError
from zeroflow_ros.estimator import FlowEstimator
from zeroflow_ros.model import bundled_models, load_card
from zeroflow_ros.network import network_inputs
from zeroflow_ros.sweep import Sweep

MODEL = "zeroflow-rt-2"  # the one with fewer sweeps
HALF = f"{MODEL}_fp16"
PRECISIONS = "2 layers in FP16, 0 in FP32, 0 in other types"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache of engines."""
    monkeypatch.setenv("ZEROFLOW_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def options(library: Any, cache: Path, said: list[str]) -> EngineOptions:
    return EngineOptions(say=said.append)


def built(cache: Path) -> str:
    return f"engine of {HALF}: none in '{cache}' yet; it is built now, which takes minutes"


def street(number: int) -> Sweep:
    """Ground, a wall, and a box that comes nearer by 0.5 m with each sweep."""
    rng = np.random.default_rng(number)
    ground = np.c_[rng.uniform(-30, 30, (3000, 2)), np.full(3000, -1.8)]
    wall = np.c_[np.full(1500, 12.0), rng.uniform(-10, 10, 1500), rng.uniform(-1.8, 2, 1500)]
    box = rng.uniform([-9, -1, -1.8], [-7, 1, 0], (600, 3)) + [0.5 * number, 0, 0]
    return Sweep(np.vstack([ground, wall, box]).astype(np.float32), number * 100_000_000)


def flows(estimator: FlowEstimator) -> Iterator[np.ndarray]:
    for number in range(4):
        flow = estimator.update(street(number), np.eye(4))
        if number:
            assert flow.valid.mean() > 0.9
            yield flow.displacement


def test_the_flow_is_that_of_onnx_runtime(
    options: EngineOptions, cache: Path, said: list[str], driver: Any
) -> None:
    estimator = FlowEstimator(MODEL, backend="tensorrt", engine=options, sensor_height=1.8)
    assert estimator.engine.description == "TensorRT 10.3.0, Stand-in"
    assert estimator.card.name == HALF
    assert said == [built(cache), f"{HALF} runs on TensorRT 10.3.0, Stand-in ({PRECISIONS})"]
    reference = FlowEstimator(HALF, backend="onnxruntime_cpu", sensor_height=1.8)
    largest = 0.0
    for found, expected in zip(flows(estimator), flows(reference), strict=True):
        np.testing.assert_allclose(found, expected, atol=5e-4)
        largest = max(largest, float(np.abs(expected).max()))
    assert largest > 0.1
    assert "cuGraphLaunch" in driver.calls
    said.clear()
    again = load_model(MODEL, options=options)  # and so auto takes it
    assert (again.path, again.engine.description) == (
        bundled_models()[HALF],
        "TensorRT 10.3.0, Stand-in",
    )
    assert said == [f"{HALF} runs on TensorRT 10.3.0, Stand-in ({PRECISIONS})"]
    for engine in (estimator.engine, again.engine):
        assert isinstance(engine, TensorRTEngine)
        engine.close()


def test_a_sweep_of_more_points_than_the_engine_takes(
    library: Any, driver: Any, tmp_path: Path
) -> None:
    path = bundled_models()["zeroflow-rt"]
    card = load_card(path)
    random = np.random.default_rng(0)
    clouds = [random.uniform([-40, -40, -1], [40, 40, 3], (9000, 3)) for _ in card.lags]
    inputs = dict(
        network_inputs(
            card.pillars, [card.pillars.locate(c.astype(np.float32), np.eye(4)) for c in clouds]
        )
    )
    pillars, points = len(inputs["pillar_index"]), len(inputs["point_pillar"])
    assert pillars % 4096
    assert points > 4096
    most = {"pillar": 2 * card.grid.size**2, "point": 5000}  # the sweep takes two runs
    profile = {
        name: ((1, *rows.shape[1:]), rows.shape, (most[name.split("_")[0]], *rows.shape[1:]))
        for name, rows in inputs.items()
    }
    engine = TensorRTEngine(
        path,
        profile,
        lambda engine: Difference(1.5, 0.5, None),
        cache=tmp_path,
        say=lambda line: None,
    )
    expected = OnnxRuntimeEngine(path).infer(inputs)
    assert np.ptp(expected["moving"]) > 0.1
    for _ in range(2):
        found = engine.infer(inputs)
        assert set(found) == set(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=0, atol=2e-4, err_msg=name)
    assert driver.calls.count("cuGraphLaunch") > 0
    engine.close()


def test_an_engine_that_says_otherwise_is_refused_and_never_kept(
    options: EngineOptions, cache: Path, said: list[str], library: Any
) -> None:
    library.wrong_by = 0.05
    with pytest.raises(EngineError) as caught:
        load_model(MODEL, "tensorrt", options=options)
    found = re.search(
        rf"does not say what model {HALF} says: it differs from FP32 by at most (.*) mm "
        r"\((.*) mm in the mean, log odds (.*)\) on the model's sample, "
        r"where 12.0 mm and log odds of 0.5 are tolerated",
        str(caught.value),
    )
    assert found, caught.value
    assert 50 < float(found[1]) < 62
    assert 45 < float(found[2]) < 55
    assert library.builds == 1
    assert list(cache.glob("*.plan")) == []
    said.clear()
    loaded = load_model(MODEL, options=options)
    assert loaded.engine.description == f"ONNX Runtime {onnxruntime.__version__}, CPU"
    assert said[0] == built(cache)
    assert said[1].startswith(f"backend tensorrt is passed over: engine of {HALF}: newly built")
    assert list(cache.glob("*.plan")) == []
    # The same with NaN, which is larger than nothing.
    library.wrong_by = np.nan
    with pytest.raises(EngineError, match="at most nan mm"):
        load_model(MODEL, "tensorrt", options=options)
    library.wrong_by = 0.0
    assert load_model(MODEL, options=options).engine.description.startswith("TensorRT")
    assert len(list(cache.glob("*.plan"))) == 1


def test_an_engine_that_was_kept_and_says_otherwise_is_built_anew(
    options: EngineOptions, said: list[str], library: Any
) -> None:
    load_model(MODEL, "tensorrt", options=options)
    library.wrong_by = 0.05
    said.clear()
    with pytest.raises(EngineError, match="newly built, and does not work"):
        load_model(MODEL, "tensorrt", options=options)
    assert library.builds == 2
    tolerated = "12.0 mm and log odds of 0.5 are tolerated"
    assert said[0].endswith(f"{tolerated}; it is built now, which takes minutes")


def test_build_engine_tells_what_it_made(library: Any, cache: Path) -> None:
    result = CliRunner().invoke(build_app(), ["build-engine", MODEL])
    assert result.exit_code == 0, result.output
    layers, difference, build, folder = result.stdout.splitlines()
    assert layers == f"engine of {HALF}: {PRECISIONS}"
    assert re.fullmatch(
        r"differs from FP32 by at most \d+\.\d\d mm "
        r"\(0\.\d{3} mm in the mean, log odds 0\.\d{3}\); 12\.0 mm are tolerated",
        difference,
    )
    assert re.fullmatch(r"built 20\S+\+00:00 in \d+\.\d s, 1\.\d MB", build)
    assert folder == f"kept in {cache}"
    chosen = f"{HALF} runs on TensorRT 10.3.0, Stand-in ({PRECISIONS})"
    assert result.stderr.splitlines() == [built(cache), chosen]
    again = CliRunner().invoke(build_app(), ["build-engine", MODEL, "--cache", str(cache)])
    assert (again.stdout, again.stderr) == (result.stdout, f"{chosen}\n")
    assert library.builds == 1


def test_build_engine_tells_scripts_the_same(library: Any, cache: Path) -> None:
    result = CliRunner().invoke(build_app(), ["build-engine", MODEL, "--json"])
    told = json.loads(result.stdout)
    assert (told["output"], told["model"]) == (str(cache), HALF)
    assert told["tolerance_mm"] == pytest.approx(12.0, abs=0.05)
    assert told["layers"]["fp16"] > 0
    assert 0 <= told["difference"]["max_mm"] <= told["tolerance_mm"]
    assert told["bytes"] == pytest.approx(1e6, rel=0.5)


def test_build_engine_says_in_one_line_what_is_wrong_with_it(library: Any, cache: Path) -> None:
    library.wrong_by = 0.05
    result = CliRunner().invoke(build_app(), ["build-engine", MODEL])
    assert (result.exit_code, result.stdout) == (1, "")
    said, error = result.stderr.splitlines()
    assert said == built(cache)
    assert error.startswith(f"zeroflow: error: engine of {HALF}: newly built, and does not work (")
    assert error.endswith(f"Clear the cache and try again: rm -r '{cache}'")


def test_run_takes_the_engine_that_was_built(library: Any, cache: Path, factory: Any) -> None:
    entries = factory.sweeps(3, points=2000)
    source, target = factory.write(entries), factory.folder / "out"
    CliRunner().invoke(build_app(), ["build-engine", MODEL])
    options = ["--model", MODEL, "--backend", "tensorrt", "--ego-motion", "static", "--json"]
    result = CliRunner().invoke(build_app(), ["run", str(source), str(target), *options])
    assert result.exit_code == 0, result.output
    assert '"model": "zeroflow-rt-2_fp16 0.7.2, TensorRT 10.3.0, Stand-in"' in result.stdout
    assert '"estimated_sweeps": 2' in result.stdout
    assert result.stderr == f"{HALF} runs on TensorRT 10.3.0, Stand-in ({PRECISIONS})\n"
    assert library.builds == 1
