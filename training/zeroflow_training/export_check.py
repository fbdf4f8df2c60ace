# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Does an exported graph say what PyTorch says? On simulated sweeps, and on real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from zeroflow_ros.engines import Engine, Tensors
from zeroflow_ros.engines.engine_check import Difference
from zeroflow_ros.errors import DataError
from zeroflow_ros.geometry import Points
from zeroflow_ros.ground import ground_segmenter
from zeroflow_ros.model import ModelCard
from zeroflow_ros.network import network_inputs
from zeroflow_training.data.levelled import levelled_sweeps
from zeroflow_training.data.recorded import history
from zeroflow_training.onnx_graph import Inputs, tensors
from zeroflow_training.sequences import Pairing, find_sequences

SIMULATED = "simulated"


@dataclass(frozen=True)
class Expected:
    """Network inputs, and what PyTorch says of them in FP32."""

    inputs: Inputs
    answers: Tensors

    @staticmethod
    def of(graph: nn.Module, inputs: Inputs, outputs: Sequence[str]) -> Expected:
        """`graph` gives `outputs`, in this order."""
        with torch.inference_mode():
            answers = graph(*tensors(inputs))
        return Expected(
            inputs, {name: answer.numpy() for name, answer in zip(outputs, answers, strict=True)}
        )

    def difference(self, engine: Engine) -> Difference:
        """How far an engine's answers are from these."""
        return Difference.between(engine.infer(self.inputs), self.answers)


def simulated_sweeps(lags: tuple[int, ...]) -> tuple[Points, ...]:
    """Sweeps of a simulated scene (seed fixed), newest first, levelled frame."""
    from zeroflow_training.data.seeds import TEST_SEEDS
    from zeroflow_training.data.simulated import simulated_sample

    return simulated_sample(TEST_SEEDS, lags, np.random.default_rng(0)).sweeps


def recorded_sweeps(data: Path, lags: tuple[int, ...]) -> tuple[Points, ...]:
    """Sweeps from the middle of the first sequence of a folder, newest first, levelled frame.

    Raises DataError where there is none, or a sweep is damaged.
    """
    sequence = find_sequences(data)[0]
    if len(sequence) < 2:
        raise DataError(f"'{sequence.folder}' has one sweep only: nothing to look for motion in")
    newest = len(sequence) // 2
    numbers = history(sequence.manifest.stamps_ns, Pairing(newest, newest - 1), lags)
    posed = [None if number is None else sequence.sweep(number).posed for number in numbers]
    clouds = [None if each is None else (each.sweep.points, each.pose) for each in posed]
    return levelled_sweeps(clouds, sequence.sensor_to_level, [np.eye(4)] * (len(lags) - 1))


def card_inputs(card: ModelCard, sweeps: tuple[Points, ...]) -> Inputs:
    """Network inputs of levelled sweeps, newest first, as on a vehicle."""
    pillars, ground = card.pillars, ground_segmenter(card.ground)
    located = [pillars.locate(points) for points in sweeps]
    return network_inputs(pillars, [ground.split(card.grid, points).above for points in located])
