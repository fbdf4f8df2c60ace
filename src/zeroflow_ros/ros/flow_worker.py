# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""FlowWorker: the thread that answers the newest cloud; all that a sweep needs happens in it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from zeroflow_ros.crop_box import without_box
from zeroflow_ros.errors import CloudError
from zeroflow_ros.flow import FlowStatus
from zeroflow_ros.ros.latest_worker import LatestWorker
from zeroflow_ros.ros.ledger import Ledger, Times
from zeroflow_ros.ros.pointcloud2 import to_sweep
from zeroflow_ros.ros.sweep_time import odd_step
from zeroflow_ros.stopwatch import Stopwatch

if TYPE_CHECKING:
    from sensor_msgs.msg import PointCloud2

    from zeroflow_ros.ros.pipeline import Pipeline
    from zeroflow_ros.ros.settings import Settings
    from zeroflow_ros.sweep import Sweep


class Arrival(NamedTuple):
    """A cloud, and when it came, on the node's clock and on one that never jumps."""

    message: PointCloud2
    clock_ns: int
    monotonic_s: float


class FlowWorker:
    """From a cloud to its flow, one at a time, the newest first; no error ends it."""

    def __init__(
        self,
        pipeline: Pipeline,
        ledger: Ledger,
        settings: Callable[[], Settings],
        now_ns: Callable[[], int],
        warn: Callable[[str, str], None],
    ) -> None:
        """`settings` as they are now; `now_ns` of the node's clock; `warn` of what, and why."""
        self._pipeline, self._ledger, self._settings = pipeline, ledger, settings
        self._now_ns, self._warn = now_ns, warn
        self._before_ns: int | None = None
        self._started_s: float | None = None
        self._worker: LatestWorker[Arrival] = LatestWorker(self._work, ledger.drop)

    def put(self, message: PointCloud2) -> None:
        """Take the newest cloud; from the executor's thread, which it does not hold up."""
        self._ledger.arrive()
        self._worker.put(Arrival(message, self._now_ns(), time.monotonic()))

    def stop(self) -> None:
        """Answer the sweep in work, and no other."""
        self._worker.stop()
        self._pipeline.estimator.reset()

    def _work(self, arrival: Arrival) -> None:
        start = time.perf_counter()
        try:
            self._answer(arrival, start)
        except CloudError as error:
            self._fail("cloud not readable", str(error), unreadable=True)
        except Exception as error:  # whatever a sweep brings about, the next one may be fine
            self._fail("sweep not answered", f"{type(error).__name__}: {error}", unreadable=False)

    def _fail(self, what: str, why: str, *, unreadable: bool) -> None:
        self._ledger.fail(f"{what}: {why}", unreadable=unreadable)
        self._warn(what, why)

    def _answer(self, arrival: Arrival, start: float) -> None:
        watch, settings, outputs = Stopwatch(), self._settings(), self._pipeline.outputs
        sweep, step_ns = self._in_time(to_sweep(arrival.message), arrival)
        seen = without_box(sweep, settings.crop_box)
        watch.lap("parse")
        if not outputs.wanted():
            status = self._pipeline.estimator.observe(seen) or FlowStatus.ESTIMATED
            times = self._times(sweep, arrival, start, watch)
            self._ledger.pass_over(status, times, self._explained(sweep, step_ns, status))
            return
        flow = self._pipeline.estimator.update(seen)
        before_s = time.perf_counter()
        outputs.publish(arrival.message, sweep, flow, settings)
        watch.stage_ms |= {**flow.stage_ms, "publish": 1e3 * (time.perf_counter() - before_s)}
        times = self._times(sweep, arrival, start, watch)
        self._ledger.answer(flow.status, times, self._explained(sweep, step_ns, flow.status))
        self._pipeline.debug.publish(
            times.stage_ms, times.processing_ms, times.latency_ms, times.cyclic_ms
        )

    def _in_time(self, sweep: Sweep, arrival: Arrival) -> tuple[Sweep, int]:
        """The sweep at its stamp, or at its arrival where it has none; ns since the one before.

        Says what looks wrong.
        """
        if sweep.stamp_ns == 0:
            self._warn("clouds have no stamp", "each is taken to be of the time when it came")
            sweep = dataclasses.replace(sweep, stamp_ns=arrival.clock_ns)
        before, self._before_ns = self._before_ns, sweep.stamp_ns
        step_ns = 0 if before is None else sweep.stamp_ns - before
        if before is not None and sweep.stamp_ns <= before:  # the estimator sees it for itself
            self._warn(
                "the history starts anew",
                f"a stamp is {-step_ns * 1e-9:.3f} s older than the one before: a "
                "bag that starts again, several publishers on the topic, or a driver that repeats "
                "its stamps",
            )
        return sweep, step_ns

    def _times(self, sweep: Sweep, arrival: Arrival, start: float, watch: Stopwatch) -> Times:
        started_s, before_s = time.monotonic() - (time.perf_counter() - start), self._started_s
        self._started_s = started_s
        waited_ms = 1e3 * (started_s - arrival.monotonic_s)
        processing_ms = 1e3 * (time.perf_counter() - start)
        age_ms = 1e-6 * (arrival.clock_ns - sweep.stamp_ns)
        return Times(
            age_ms=age_ms,
            latency_ms=age_ms + waited_ms + processing_ms,
            processing_ms=processing_ms,
            cyclic_ms=None if before_s is None else 1e3 * (started_s - before_s),
            stage_ms={"wait": waited_ms, **watch.stage_ms},
        )

    def _explained(self, sweep: Sweep, step_ns: int, status: FlowStatus) -> str:
        """Why a sweep got no flow, after saying it, and what looks like a mistake in the set-up."""
        ego_motion = self._pipeline.ego_motion
        if status is FlowStatus.NO_EGO_MOTION:
            why = ego_motion.why_unknown(sweep.stamp_ns)
            self._warn("no ego motion for the sweep, all points published with valid 0", why)
            return f"no ego motion: {why}"
        if doubt := ego_motion.warning(sweep):
            self._warn("ego motion", doubt)
        interval_s = self._pipeline.estimator.card.interval_s
        if status is FlowStatus.FIRST_SWEEP and (why := odd_step(step_ns, interval_s)):
            self._warn("no earlier sweep to compare with, all points published with valid 0", why)
            return f"{status.value}: {why}"
        return "" if status is FlowStatus.ESTIMATED else status.value
