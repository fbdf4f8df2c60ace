# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the node's settings to an estimator that is loaded and warm."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from zeroflow_ros.engines.backends import Backend, EngineOptions
from zeroflow_ros.engines.build_progress import Progress
from zeroflow_ros.estimator import FlowEstimator
from zeroflow_ros.ros.ego_motion_source import NodeEgoMotion
from zeroflow_ros.ros.levelling_source import make_levelling
from zeroflow_ros.ros.settings import Settings
from zeroflow_ros.sweep import Sweep

WARM_UP_POINTS = 120_000
WARM_UP_RUNS = 3


def make_estimator(
    settings: Settings, ego_motion: NodeEgoMotion, say: Callable[[str], None], progress: Progress
) -> FlowEstimator:
    """Load the model, and build its engine where there is none, which takes minutes.

    `say` is told what runs it; `progress` of the build. Raises ModelError, EngineError,
    MissingPackageError, ParameterError.
    """
    return FlowEstimator(
        settings.model or None,
        backend=cast(Backend, settings.backend),  # of which Settings has checked it
        engine=EngineOptions(settings.gpu, _folder(settings.engine_cache), progress, say),
        ego_motion=ego_motion,
        levelling=make_levelling(settings, ego_motion),
        deskew=settings.deskew == "auto",
        threads=settings.threads or None,
    )


class WarmUp(NamedTuple):
    """How long the whole pipeline took for made-up sweeps, the first one and then, ms."""

    first_ms: float
    steady_ms: float


def warm_up(estimator: FlowEstimator) -> WarmUp:
    """Run the whole pipeline on made-up sweeps: the first real one then finds memory in place."""
    sweep = _made_up_sweep(estimator.card.grid.range_m)
    step_ns = round(1e9 * estimator.card.interval_s)
    took = []
    for k in range(estimator.card.lags[-1] + WARM_UP_RUNS):
        start = time.perf_counter()
        estimator.update(dataclasses.replace(sweep, stamp_ns=k * step_ns), np.eye(4))
        took.append(1e3 * (time.perf_counter() - start))
    estimator.reset()
    return WarmUp(first_ms=took[1], steady_ms=min(took[2:]))  # the very first has no flow


def _folder(named: str) -> Path | None:
    return Path(named).expanduser() if named else None


def _made_up_sweep(range_m: float) -> Sweep:
    """Flat ground below the sensor and points up to 4 m above it, denser nearby as with lidars."""
    rng = np.random.default_rng(0)
    distance = range_m * rng.random(WARM_UP_POINTS) ** 2
    angle = rng.uniform(0, 2 * np.pi, WARM_UP_POINTS)
    height = np.where(rng.random(WARM_UP_POINTS) < 0.6, 0, rng.uniform(0, 4, WARM_UP_POINTS))
    points = np.column_stack([distance * np.cos(angle), distance * np.sin(angle), height - 1.8])
    return Sweep(points.astype(np.float32), 0)
