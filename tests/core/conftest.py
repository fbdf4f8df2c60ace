# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Models without a network: a card around no graph, and an engine that is a function."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.engines import Tensors, backends
from zeroflow_ros.engines.cuda_driver import LIBRARY
from zeroflow_ros.model import CARD_KEY, ModelCard
from zeroflow_ros.onnx_file import with_metadata
from zeroflow_ros.pillars import FEATURE_NAMES, PillarGrid

CONSTANT = np.array([0.5, -0.2, 0.1])
GRAPH = bytes(range(256)) * 2
# ModelProto: field 1 (ir_version) = 8, field 7 (graph) of 512 bytes, where nobody looks inside.
GRAPH_FILE = b"\x08\x08\x3a\x80\x04" + GRAPH

# A driver library: cuda.h's functions as far as they are used. The environment says how they
# answer.
DRIVER_SOURCE = """
#include <stdlib.h>
#include <string.h>
static int number(const char *name, int otherwise) {
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}
int cuInit(unsigned flags) { return flags ? 1 : number("FAKE_INIT", 0); }
int cuDriverGetVersion(int *version) { *version = 12060; return 0; }
int cuDeviceGetCount(int *count) { *count = number("FAKE_COUNT", 2); return 0; }
int cuDeviceGet(int *device, int index) { *device = 40 + index; return 0; }
int cuDeviceGetName(char *name, int size, int device) {
    strncpy(name, device == 41 ? "Orin" : "NVIDIA RTX A2000", size);
    return 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == 75 ? 8 : attribute == 76 ? 7 : attribute == 16 ? device : -1;
    return number("FAKE_ATTRIBUTE", 0);
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 64ull << 30; return 0; }
int cuGetErrorName(int status, const char **name) {
    *name = status == 803 ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" : 0;
    return *name ? 0 : 1;
}
"""

Displacement = Callable[[Tensors], np.ndarray]


class FunctionEngine:
    """An Engine whose network is a Python function; keeps the inputs it was given.

    It is as sure as `odds` (their logarithm) that every point moves.
    """

    description = "a function"
    outputs = ("displacement", "moving")

    def __init__(self, displacement: Displacement) -> None:
        self.displacement = displacement
        self.inputs: list[Tensors] = []
        self.odds = 9.0

    def infer(self, inputs: Tensors) -> dict[str, np.ndarray]:
        self.inputs.append(inputs)
        displacement = self.displacement(inputs).astype(np.float32)
        moving = np.full(len(displacement), self.odds, np.float32)
        return {"displacement": displacement, "moving": moving}


@pytest.fixture
def make_engine() -> Callable[[Displacement], FunctionEngine]:
    return FunctionEngine


@pytest.fixture
def make_card() -> Callable[..., ModelCard]:
    """A valid card for GRAPH_FILE, with changes."""

    def make_card(**changes: Any) -> ModelCard:
        values: dict[str, Any] = {
            "name": "function",
            "version": "1",
            "grid": PillarGrid(range_m=20.0, cell_m=0.5, z_min_m=-1.5, z_max_m=4.5),
            "interval_s": 0.1,
            "lags": (0, 1),
            "features": FEATURE_NAMES,
            "ground": "keep",
            "training_data": "none",
            "git_commit": "",
            "graph_sha256": hashlib.sha256(GRAPH).hexdigest(),
        }
        return ModelCard(**{**values, **changes})

    return make_card


@pytest.fixture
def graph_file() -> bytes:
    """An ONNX file without metadata."""
    return GRAPH_FILE


@pytest.fixture
def make_model(tmp_path: Path, make_card: Callable[..., ModelCard]) -> Callable[..., Path]:
    """Write a model file with a valid card, with changes; no inference engine can load it."""

    def make_model(**changes: Any) -> Path:
        path = tmp_path / "function.onnx"
        card = make_card(**changes).to_json()
        path.write_bytes(with_metadata(GRAPH_FILE, {CARD_KEY: card}))
        return path

    return make_model


@pytest.fixture
def engine(make_engine: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The engine of every estimator in this test; says CONSTANT of every point."""
    made = make_engine(lambda inputs: np.tile(CONSTANT, (len(inputs["point_pillar"]), 1)))
    monkeypatch.setattr(backends, "OnnxRuntimeEngine", lambda path, threads=None, gpu=None: made)
    return made


@pytest.fixture(scope="session")
def compile_driver() -> Callable[[Path, str], Path]:
    """Make a driver library of a source in C, in a folder that a new process's loader is to search
    (LD_LIBRARY_PATH); returns the folder.
    """
    return _compiled


@pytest.fixture(scope="session")
def fake_driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of DRIVER_SOURCE: two GPUs, unless the environment says otherwise."""
    return _compiled(tmp_path_factory.mktemp("driver"), DRIVER_SOURCE)


def _compiled(folder: Path, source: str) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    (folder / "driver.c").write_text(source)
    command = [compiler, "-shared", "-fPIC", "-o", str(folder / LIBRARY), str(folder / "driver.c")]
    subprocess.run(command, check=True)
    return folder
