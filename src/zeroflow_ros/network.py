# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FlowNetwork: a model with the preprocessing its card asks for; sweeps in, flow out, no state."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.consensus import rigid_consensus
from zeroflow_ros.engines import Engine
from zeroflow_ros.errors import ModelError
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Points, Transform, rotate, transform_points
from zeroflow_ros.ground import GroundSegmenter, GroundSplit
from zeroflow_ros.model import ModelCard
from zeroflow_ros.pillar_loops import F32, I32
from zeroflow_ros.pillars import GridPoints, PillarGrid
from zeroflow_ros.stopwatch import Stopwatch


class PlacedCloud(NamedTuple):
    """Points [N, 3] float32 and the transform [4, 4] that brings them into the levelled frame."""

    points: Points
    transform: Transform


# Takes the place of an older sweep that the history has not.
MISSING = PlacedCloud(np.empty((0, 3), np.float32), np.eye(4))


class FlowNetwork:
    """Pillars -> engine -> displacement of points and bodies, as the model card describes."""

    def __init__(self, card: ModelCard, engine: Engine, ground: GroundSegmenter) -> None:
        self.card = card
        self.engine = engine
        self._ground = ground
        # The compiled loops release the interpreter, so sweeps are prepared side by side.
        self._workers = ThreadPoolExecutor(os.cpu_count())

    def flow(self, sweeps: Sequence[PlacedCloud], interval_s: float, watch: Stopwatch) -> Flow:
        """Flow of the first (newest) sweep, in the axes of its own frame.

        `sweeps`: as many as the card's history, newest first, after the first two MISSING where the
        vehicle has none; `interval_s` between the first two.
        """
        if len(sweeps) != self.card.history:
            raise ModelError(
                f"model {self.card.name} looks at {self.card.history} sweeps, not {len(sweeps)}"
            )
        splits = self._split(sweeps)
        watch.lap("ground_and_grid")
        newest = splits[0]
        count = len(sweeps[0].points)
        comparable = len(newest.above.rows) > 0 and len(splits[1].above.rows) > 0
        if not comparable and not len(newest.ground_rows):
            return Flow.none(count, FlowStatus.EMPTY, watch.stage_ms)
        displacement = np.zeros((count, 3), np.float32)
        valid = np.zeros(count, bool)
        valid[newest.ground_rows] = True
        if comparable:
            above = [split.above for split in splits]
            inputs = network_inputs(self.card.grid, above, self._workers.map)
            watch.lap("pillars")
            answers = self.engine.infer(inputs)
            watch.lap("network")
            moved, finite = _finite_rows(np.asarray(answers["displacement"], np.float32))
            if self.card.consensus == "rigid":
                sure = np.asarray(answers["moving"], np.float32) > log_odds(self.card.certainty)
                moved = rigid_consensus(self.card.grid, newest.above, moved, sure)
            watch.lap("consensus")
            displacement[newest.above.rows] = rotate(sweeps[0].transform[:3, :3].T, moved)
            valid[newest.above.rows] = finite
        watch.lap("output")
        return Flow(displacement, valid, interval_s, FlowStatus.ESTIMATED, watch.stage_ms)

    def _split(self, sweeps: Sequence[PlacedCloud]) -> list[GroundSplit]:
        placed = list(self._workers.map(self._place, sweeps))
        return [self._ground.split(points, located) for points, located in placed]

    def _place(self, sweep: PlacedCloud) -> tuple[Points, GridPoints]:
        points = transform_points(sweep.transform, sweep.points)
        return points, self.card.grid.locate(points)


def log_odds(probability: float) -> float:
    """What a network says of something as probable as that; -inf and inf at 0 and 1."""
    with np.errstate(divide="ignore"):
        return float(np.log(probability) - np.log1p(-np.float64(probability)))


def _finite_rows(values: Points) -> tuple[Points, npt.NDArray[np.bool_]]:
    """The rows with zeros where one is not finite, and which are."""
    if np.isfinite(values.sum()):  # a tenth of the time of looking at each
        return values, np.ones(len(values), bool)
    finite = np.asarray(np.isfinite(values).all(1))
    return np.where(finite[:, None], values, np.float32(0)), finite


def network_inputs(
    grid: PillarGrid,
    sweeps: Sequence[GridPoints],
    each: Callable[..., Iterable[tuple[F32, I32]]] = map,
) -> Mapping[str, npt.NDArray[np.generic]]:
    """The arrays every real-time student takes; sweeps newest first.

    `each` maps a function over the sweeps, as `map` or that of an executor.

    `pillar_features` float32 [P, F] and `pillar_index` int32 [P] = sweep * size^2 + cell, unique;
    `point_pillar` int32 [M] and `point_offset` float32 [M, 3] of the newest sweep's points.
    """
    pillars = list(each(grid.features, sweeps))
    cells = grid.size * grid.size
    return {
        "pillar_features": np.concatenate([features for features, _ in pillars]),
        "pillar_index": np.concatenate(
            [index + np.int32(k * cells) for k, (_, index) in enumerate(pillars)]
        ),
        "point_pillar": sweeps[0].cell,
        "point_offset": sweeps[0].offset,
    }
