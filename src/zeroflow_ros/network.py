# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FlowNetwork: a model with the preprocessing its card asks for; sweeps in, flow out, no state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zeroflow_ros.body_motion import body_motion
from zeroflow_ros.cores import usable_cores
from zeroflow_ros.earlier import EarlierIndex, EarlierSweep, index_earlier
from zeroflow_ros.engines import Engine
from zeroflow_ros.errors import ModelError
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Points, Transform, rotated_rows
from zeroflow_ros.ground import GroundSegmenter, GroundSplit
from zeroflow_ros.model import ModelCard
from zeroflow_ros.pillars import GridPoints, Pillars
from zeroflow_ros.stopwatch import Stopwatch

LOWEST_SENSOR_M = 0.2  # above ground; an origin below is a vehicle's


class PlacedCloud(NamedTuple):
    """Points [N, 3] float32, the transform [4, 4] that brings them into the levelled frame, and how
    many seconds before the newest sweep they were measured. `from_sensor`: their frame is the
    sensor's, so its origin is where they were seen from.
    """

    points: Points
    transform: Transform
    age_s: float
    from_sensor: bool = True

    @property
    def sensor(self) -> npt.NDArray[np.float64]:
        """Where the sensor was, float64 [3], levelled frame; NaN where that is not known.

        Clouds in a vehicle's frame have their origin on the ground, where no sensor is.
        """
        origin = self.transform[:3, 3]
        known = self.from_sensor and origin[2] > LOWEST_SENSOR_M
        return origin if known else np.full(3, np.nan)


# Takes the place of an older sweep that the history has not.
MISSING = PlacedCloud(np.empty((0, 3), np.float32), np.eye(4), 0.0)


class FlowNetwork:
    """Pillars -> engine -> displacement of points and bodies, as the model card describes."""

    def __init__(
        self, card: ModelCard, engine: Engine, ground: GroundSegmenter, threads: int | None = None
    ) -> None:
        """`threads` that prepare sweeps side by side; None = all usable cores."""
        self.card = card
        self.engine = engine
        self._pillars = card.pillars
        self._ground = ground
        self._certainty = log_odds_of(card.certainty)
        self._bodies = card.bodies == "rigid"
        self._outputs = ["displacement", "moving"] if self._bodies else ["displacement"]
        if missing := [name for name in self._outputs if name not in engine.outputs]:
            raise ModelError(f"model {card.name}: its graph has no output '{missing[0]}'")
        # The compiled loops release the interpreter, so sweeps are prepared side by side.
        self._workers = ThreadPoolExecutor(threads or usable_cores(), "zeroflow")

    def flow(self, sweeps: Sequence[PlacedCloud], watch: Stopwatch) -> Flow:
        """Flow of the first (newest) sweep, in the axes of its own frame.

        `sweeps`: as many as the card's history, newest first, after the first two MISSING where the
        vehicle has none.
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
        valid = np.zeros(count, bool)
        valid[newest.ground_rows] = True
        moved, rows = np.empty((0, 3), np.float32), newest.above.rows[:0]
        if comparable:
            rows = newest.above.rows
            moved, valid[rows] = self._moved(sweeps, [split.above for split in splits], watch)
        back = sweeps[0].transform[:3, :3].T.astype(np.float32)
        displacement = rotated_rows(rows, moved, back, count)
        watch.lap("output")
        return Flow(displacement, valid, sweeps[1].age_s, FlowStatus.ESTIMATED, watch.stage_ms)

    def _moved(
        self, sweeps: Sequence[PlacedCloud], above: Sequence[GridPoints], watch: Stopwatch
    ) -> tuple[Points, npt.NDArray[np.bool_]]:
        """Displacement [M, 3] of the newest sweep's points, levelled frame, and where known."""
        inputs = network_inputs(self._pillars, above, self._workers.map)
        watch.lap("pillars")
        # Meanwhile: the network does not keep all cores busy all the time.
        index = self._workers.submit(self._index, sweeps[1:], above[1:]) if self._bodies else None
        answers = self.engine.infer(inputs)
        watch.lap("network")
        (moved, *said), finite = _finite_rows([answers[name] for name in self._outputs])
        if index is not None:
            (log_odds,) = said
            moved = body_motion(
                self.card.grid,
                above[0],
                moved,
                log_odds,
                self._certainty,
                index.result(),
                self._workers.map,
            )
        watch.lap("bodies")
        return moved, finite

    def _index(
        self, sweeps: Sequence[PlacedCloud], above: Sequence[GridPoints]
    ) -> EarlierIndex | None:
        """Of all but the newest sweep."""
        earlier = [
            EarlierSweep(points, sweep.age_s / sweeps[0].age_s, sweep.sensor)
            for points, sweep in zip(above, sweeps, strict=True)
        ]
        return index_earlier(self.card.grid, earlier)

    def _split(self, sweeps: Sequence[PlacedCloud]) -> list[GroundSplit]:
        located = self._workers.map(
            self._pillars.locate,
            [sweep.points for sweep in sweeps],
            [sweep.transform for sweep in sweeps],
        )
        return [self._ground.split(self.card.grid, points) for points in located]


def log_odds_of(probability: float) -> float:
    """Logarithm of the odds; -inf and inf at 0 and 1."""
    with np.errstate(divide="ignore"):
        return float(np.log(probability) - np.log1p(-np.float64(probability)))


def _finite_rows(
    outputs: Sequence[npt.NDArray[np.generic]],
) -> tuple[list[Points], npt.NDArray[np.bool_]]:
    """Outputs [M, ...] with zeros where any of them is not finite, and where all are [M]."""
    rows = [np.asarray(output, np.float32) for output in outputs]
    if all(np.isfinite(values.sum()) for values in rows):  # a tenth of the time of looking at each
        return rows, np.ones(len(rows[0]), bool)
    finite = np.all([np.isfinite(values.reshape(len(values), -1)).all(1) for values in rows], 0)
    return [np.where(finite, values.T, np.float32(0)).T for values in rows], finite


def network_inputs(
    pillars: Pillars,
    sweeps: Sequence[GridPoints],
    each: Callable[..., Iterable[Any]] = map,
) -> Mapping[str, npt.NDArray[np.generic]]:
    """The arrays every student takes; sweeps newest first.

    `pillar_features` float32 [P, F] and `pillar_index` int32 [P], see `PillarGrid.features`;
    `point_pillar` int32 [M] and `point_offset` float32 [M, 3] of the newest sweep's points.
    """
    features, index = pillars.features(sweeps, each)
    return {
        "pillar_features": features,
        "pillar_index": index,
        "point_pillar": sweeps[0].cell,
        "point_offset": sweeps[0].offset,
    }
