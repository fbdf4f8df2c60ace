# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Models without a network: a card around no graph, and an engine that is a function."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zeroflow_ros.engines import Tensors
from zeroflow_ros.model import CARD_KEY, ModelCard
from zeroflow_ros.onnx_file import with_metadata
from zeroflow_ros.pillars import FEATURE_NAMES, PillarGrid

GRAPH = bytes(range(256)) * 2
# ModelProto: field 1 (ir_version) = 8, field 7 (graph) of 512 bytes, where nobody looks inside.
GRAPH_FILE = b"\x08\x08\x3a\x80\x04" + GRAPH

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
