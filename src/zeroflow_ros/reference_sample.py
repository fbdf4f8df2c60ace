# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ReferenceSample: sweeps that travel with a model, and what its FP32 graph says of them."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zeroflow_ros.engines import Engine, Tensors
from zeroflow_ros.errors import EngineError, ModelError
from zeroflow_ros.geometry import Points
from zeroflow_ros.network import network_inputs
from zeroflow_ros.onnx_file import read_onnx
from zeroflow_ros.pillars import Pillars

SAMPLE_KEY = "zeroflow_sample"
STEP_M = 2.0**-9  # of coordinates: a float32 and two bytes, to 64 m
WINDOW_M = 12.0  # edge of what is kept of sweeps: the sample has to be small beside the model
MOVING_M = 0.05


@dataclass(frozen=True)
class ReferenceSample:
    """In the ONNX metadata under `zeroflow_sample`: whoever builds an engine of the graph can tell
    whether it says the same, without another engine at hand.

    `sweeps`: newest first, float32 [N_k, 3], metres, levelled frame; with their ground, whatever
    the card says: only numbers are compared. `answers`: the graph's outputs in FP32, by name.
    """

    sweeps: tuple[Points, ...]
    answers: Mapping[str, npt.NDArray[np.float32]]

    @staticmethod
    def of(sweeps: tuple[Points, ...], pillars: Pillars, engine: Engine) -> ReferenceSample:
        """The part of the sweeps where most points move, with what `engine` says of it."""
        centre = _busiest(sweeps[0], pillars, engine.infer(sample_inputs(sweeps, pillars)))
        cut = tuple(_on_steps(_window(points, centre)) for points in sweeps)
        answers = engine.infer(sample_inputs(cut, pillars))
        single = {name: np.asarray(answer, np.float32) for name, answer in answers.items()}
        return ReferenceSample(cut, single)

    def inputs(self, pillars: Pillars) -> Tensors:
        """The sweeps as every student takes them, see `network_inputs`."""
        return sample_inputs(self.sweeps, pillars)

    def encode(self) -> str:
        """As text, for metadata."""
        arrays: dict[str, npt.NDArray[np.generic]] = dict(self.answers)
        for number, points in enumerate(self.sweeps):
            arrays[f"sweep_{number}"] = np.round(points / STEP_M).astype(np.int16)
        stream = io.BytesIO()
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # none is allow_pickle
        return base64.b64encode(stream.getvalue()).decode()

    @staticmethod
    def decode(text: str, where: str) -> ReferenceSample:
        """What `encode` wrote. Raises ModelError for anything else."""
        try:
            stream = io.BytesIO(base64.b64decode(text, validate=True))
            with np.load(stream, allow_pickle=False) as archive:
                arrays = dict(archive)
            sweeps: list[Points] = []
            while (steps := arrays.pop(f"sweep_{len(sweeps)}", None)) is not None:
                sweeps.append(steps.astype(np.float32) * np.float32(STEP_M))
        except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ModelError(f"{where}: its reference sample is damaged ({error})") from error
        if not sweeps or not arrays:
            raise ModelError(f"{where}: its reference sample is damaged (sweeps or answers lack)")
        return ReferenceSample(tuple(sweeps), arrays)


def load_sample(path: Path) -> ReferenceSample:
    """The sample in an ONNX model.

    Raises ModelError for a damaged one, EngineError for a model without: the CPU needs none.
    """
    where, metadata = f"model {path}", read_onnx(path).metadata
    if SAMPLE_KEY not in metadata:
        raise EngineError(
            f"{where}: it carries no reference sample to check an engine with: export it again"
        )
    return ReferenceSample.decode(metadata[SAMPLE_KEY], where)


def sample_inputs(sweeps: tuple[Points, ...], pillars: Pillars) -> Tensors:
    """Network inputs of levelled sweeps, newest first."""
    return network_inputs(pillars, [pillars.locate(points) for points in sweeps])


def _busiest(points: Points, pillars: Pillars, answers: Tensors) -> npt.NDArray[np.float64]:
    """Centre [2] of the square in which most points move; of the fullest, if none does."""
    seen = points[pillars.locate(points).rows, :2]
    moved = np.linalg.norm(np.asarray(answers["displacement"]), axis=1) > MOVING_M
    chosen = seen[moved] if moved.any() else seen
    squares, counts = np.unique(np.floor(chosen / WINDOW_M), axis=0, return_counts=True)
    centre: npt.NDArray[np.float64] = (squares[counts.argmax()] + 0.5) * WINDOW_M
    return centre


def _window(points: Points, centre: npt.NDArray[np.float64]) -> Points:
    """Whole, for thinner clouds than any lidar gives are not what a network has learned."""
    inside: Points = points[(np.abs(points[:, :2] - centre) < WINDOW_M / 2).all(1)]
    return inside


def _on_steps(points: Points) -> Points:
    """Points within 64 m, on multiples of STEP_M."""
    near = (np.abs(points) < (2**15 - 1) * STEP_M).all(1)
    rounded: Points = np.round(points[near] / STEP_M).astype(np.float32) * np.float32(STEP_M)
    return rounded
