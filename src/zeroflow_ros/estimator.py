# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FlowEstimator: sweep in, flow out. The whole pipeline, without ROS.

deskewed -> history -> levelled frame -> ground -> pillars -> network -> per-point displacement
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zeroflow_ros.crop_box import require_box, without_box
from zeroflow_ros.deskew import Deskewing
from zeroflow_ros.ego_motion import EgoMotion, KissIcpOdometry
from zeroflow_ros.engines.backends import Backend, EngineOptions, MakeEngine, load_model
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.geometry import Points, Transform, invert
from zeroflow_ros.ground import KeptGround, ground_segmenter
from zeroflow_ros.levelling import FixedLevelling, GroundLevelling, Levelling
from zeroflow_ros.network import MISSING, FlowNetwork, PlacedCloud
from zeroflow_ros.stopwatch import Stopwatch
from zeroflow_ros.sweep import PosedSweep, Sweep, SweepHistory, require_points


class FlowEstimator:
    """Per-point flow of each newest sweep.

    `model`: path, name of a bundled model, or None for the default. `ego_motion`: where poses come
    from; None = given with each `update`, else KISS-ICP. `sensor_height` in metres; None =
    estimated, with the tilt, from the ground; a `levelling` replaces both. `deskew` sweeps that
    carry the time of each point and do not look as if they were deskewed before. `crop_box`: what
    the lidar sees of its own vehicle, x, y, z of a corner and of the opposite one, m, in the
    sweep's frame; points inside are as if they were NaN. `threads` to compute with; None = one for
    each usable core. `backend`, or what makes an engine of one's own of an ONNX file, and `engine`:
    see `load_model`; "auto", as node and `zeroflow run` have it, may build an engine for minutes.
    Raises ValueError for a `crop_box` that is not six finite numbers.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        backend: Backend | MakeEngine = "onnxruntime_cpu",
        engine: EngineOptions | None = None,
        ego_motion: EgoMotion | None = None,
        sensor_height: float | None = None,
        levelling: Levelling | None = None,
        deskew: bool = True,
        crop_box: Sequence[float] | None = None,
        threads: int | None = None,
    ) -> None:
        require_box(crop_box)
        loaded = load_model(model, backend, threads, engine)
        ground = ground_segmenter(loaded.card.ground)
        self._network = FlowNetwork(loaded.card, loaded.engine, ground, threads)
        self.card, self.engine = self._network.card, self._network.engine
        self._ego_motion, self._crop_box = ego_motion, crop_box
        self.levelling = levelling or (
            GroundLevelling() if sensor_height is None else FixedLevelling(sensor_height)
        )
        self._deskewing = Deskewing() if deskew else Deskewing(times=lambda sweep: None)
        self._history = SweepHistory(self.card.lags, self.card.interval_s)
        self._frame: str | None = None

    def update(self, sweep: Sweep, pose: Transform | None = None) -> Flow:
        """Flow of the newest sweep.

        `pose` (odometry frame <- sensor, [4, 4]) when the caller knows it. A sweep without an
        earlier one, without pose or without points is answered with nothing valid and the reason.
        One from another frame than the last is of another sensor: all starts anew.
        """
        watch = Stopwatch()
        prepared = self._prepared(sweep, pose, watch)
        if isinstance(prepared, FlowStatus):
            return Flow.none(len(sweep), prepared, watch.stage_ms)
        return self._network.flow(prepared, watch)

    def observe(self, sweep: Sweep, pose: Transform | None = None) -> FlowStatus | None:
        """See the newest sweep without asking for its flow; the network is not run.

        Returns why there would be no flow; None where there would be some.

        Poses, history and level go on as with `update`: the next one answers at once, and as if it
        had been asked about all. (Patchwork++, where a model wants it, does not see these sweeps.)
        """
        prepared = self._prepared(sweep, pose, Stopwatch())
        return prepared if isinstance(prepared, FlowStatus) else None

    def reset(self) -> None:
        """Forget all sweeps, poses and the level, as at the start of another recording."""
        self._frame = None
        self._deskewing.reset()
        self._history.clear()
        self.levelling.reset()
        if self._ego_motion is not None:
            self._ego_motion.reset()

    def _prepared(
        self, sweep: Sweep, pose: Transform | None, watch: Stopwatch
    ) -> list[PlacedCloud] | FlowStatus:
        """What the network takes for the newest sweep, or why there is nothing to take."""
        if self._frame not in (None, sweep.frame_id):
            self.reset()
        self._frame = sweep.frame_id
        sweep = without_box(sweep, self._crop_box)
        pose = self._pose(sweep, pose)
        watch.lap("ego_motion")
        if pose is None or not np.isfinite(pose).all():
            return FlowStatus.NO_EGO_MOTION
        newest = PosedSweep(sweep, pose)
        chosen = self._chosen(newest)
        watch.lap("deskew")
        if not chosen:
            return FlowStatus.FIRST_SWEEP
        level = self.levelling.level(sweep.points)
        watch.lap("levelling")
        return [_placed(posed, newest, level) for posed in chosen]

    def _chosen(self, newest: PosedSweep) -> list[PosedSweep | None]:
        """The sweeps that the model sees, newest first; none while there is no earlier one."""
        ready = self._deskewing.add(newest)
        for posed in ready:
            self._history.push(posed)
        chosen = self._history.select() if ready else [None, None]
        return chosen if chosen[1] is not None else []

    def _pose(self, sweep: Sweep, given: Transform | None) -> Transform | None:
        if given is not None:
            return given
        if self._ego_motion is None:
            self._ego_motion = KissIcpOdometry()
        self._ego_motion.observe(sweep)
        return self._ego_motion.pose(sweep.stamp_ns)


class PairEstimator:
    """Flow of one cloud towards another, for many pairs: the model is loaded once.

    `model`, `threads`: see FlowEstimator; `raw`: see `estimate_pair`. No pair knows of another.
    On the CPU: a pair or two are not worth the minutes in which an engine is built.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        raw: bool = False,
        threads: int | None = None,
    ) -> None:
        _, self.card, self.engine = load_model(model, "onnxruntime_cpu", threads)
        self._raw, self._threads = raw, threads

    def flow(self, source: Points, target: Points, interval_s: float | None = None) -> Flow:
        """See `estimate_pair`."""
        require_points(source)
        require_points(target)
        # Made anew for each pair: Patchwork++ adapts to the clouds that it saw before.
        ground = KeptGround() if self._raw else ground_segmenter(self.card.ground)
        network = FlowNetwork(self.card, self.engine, ground, self._threads)
        level = np.eye(4) if self._raw else GroundLevelling().level(source)
        older = [MISSING] * (self.card.history - 2)
        # One frame for both: the target was seen from elsewhere.
        age_s = interval_s or self.card.interval_s
        before = PlacedCloud(target, level, age_s, from_sensor=False)
        pair = [PlacedCloud(source, level, 0.0), before, *older]
        backwards = network.flow(pair, Stopwatch())
        return dataclasses.replace(backwards, displacement=0 - backwards.displacement)


def estimate_pair(
    source: Points,
    target: Points,
    *,
    model: str | Path | None = None,
    raw: bool = False,
    interval_s: float | None = None,
) -> Flow:
    """Flow of `source` points towards `target`, displacement in metres; both in one frame.

    `source` [N, 3], `target` [M, 3] float32. `raw`: the clouds are given to the network as they
    are, neither levelled nor freed of ground. `interval_s` only scales the velocity.

    The network says where newest points came from; run backwards in time (source as the newest
    sweep, target as the one before) its answer is the negative of where source points go.
    """
    return PairEstimator(model, raw=raw).flow(source, target, interval_s)


def _placed(posed: PosedSweep | None, newest: PosedSweep, level: Transform) -> PlacedCloud:
    """A sweep with the transform from its own frame into the newest one's levelled frame."""
    if posed is None:
        return MISSING
    transform = level @ invert(newest.pose) @ posed.pose
    return PlacedCloud(posed.sweep.points, transform, newest.seconds_after(posed))
