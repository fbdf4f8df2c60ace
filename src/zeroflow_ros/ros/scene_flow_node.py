# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node `scene_flow`: PointCloud2 in, the velocity of every point out."""

from __future__ import annotations

import time

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Float64

from zeroflow_ros.errors import CloudError
from zeroflow_ros.flow import Flow, FlowStatus
from zeroflow_ros.memory import keep_memory
from zeroflow_ros.ros.counts import SweepCounts
from zeroflow_ros.ros.dds import prepare_dds
from zeroflow_ros.ros.ego_motion_source import make_ego_motion
from zeroflow_ros.ros.estimator_setup import make_estimator
from zeroflow_ros.ros.latest_worker import LatestWorker
from zeroflow_ros.ros.parameters import NodeParameters
from zeroflow_ros.ros.pointcloud2 import flow_message, to_sweep
from zeroflow_ros.ros.process import run_node
from zeroflow_ros.ros.settings import Settings
from zeroflow_ros.ros.silence import why_silent
from zeroflow_ros.sweep import Sweep

NODE_NAME = "scene_flow"
INPUT_TOPIC = "~/input/pointcloud"
WARN_EVERY_S = 5.0


class SceneFlowNode(Node):
    """Two threads: the executor's receives, the worker's estimates and publishes."""

    def __init__(self, middleware: str = "") -> None:
        """Declare, load, warm up. Raises ZeroflowError.

        With the parameter `build_only` it is `done` once the model is loaded. `middleware` is only
        said in the log.
        """
        super().__init__(NODE_NAME)
        self._settings = settings = NodeParameters(self, lambda when: False).settings
        self._middleware = middleware
        self.counts = SweepCounts()
        self._warned_at: dict[str, float] = {}
        self._ego_motion = make_ego_motion(self, settings)
        self._estimator = make_estimator(settings, self._ego_motion, self.get_logger().warning)
        self.done = settings.build_only
        if self.done:
            self.get_logger().info(f"build_only: {self._described()}; nothing is left to do")

    def start(self) -> None:
        """Publish and subscribe."""
        settings = self._settings
        self._flow = self.create_publisher(PointCloud2, "~/output/flow", 1)
        self._processing_ms = self.create_publisher(Float64, "~/debug/processing_time_ms", 1)
        self._latency_ms = self.create_publisher(Float64, "~/debug/pipeline_latency_ms", 1)
        self._worker: LatestWorker[PointCloud2] = LatestWorker(self._answer)
        self._reliable = settings.input_reliability == "reliable"
        self._subscribe(settings)
        self._seen = (0, 0)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # simulated time may stand still
        self.create_timer(WARN_EVERY_S, self._watch, clock=steady)
        self.get_logger().info(
            f"ready: {self._described()}, ego motion: {self._ego_motion.description}, "
            f"clouds from {self.resolve_topic_name(INPUT_TOPIC)} ({settings.input_reliability}), "
            f"{self._middleware}"
        )

    def _described(self) -> str:
        card = self._estimator.card
        return f"model {card.name} {card.version}, {self._estimator.engine.description}"

    def finish(self) -> None:
        """Answer the sweep in work, stop, and say what became of all sweeps."""
        self._ego_motion.stop()
        self._worker.stop()
        self.get_logger().info(self.counts.summary(self._worker.dropped, self._ego_motion.refused))

    def _subscribe(self, settings: Settings) -> None:
        # Poses first: of two ready messages, the executor serves the older subscription.
        self._ego_motion.start()
        self.create_subscription(
            PointCloud2,
            INPUT_TOPIC,
            self._take_cloud,
            _qos(settings.input_depth, self._reliable),
        )

    def _take_cloud(self, message: PointCloud2) -> None:
        self.counts.received += 1
        self._worker.put(message)

    def _answer(self, message: PointCloud2) -> None:
        """Runs in the worker's thread, which no error may end."""
        start = time.perf_counter()
        try:
            sweep = to_sweep(message)
            flow = self._estimator.update(sweep)
            self._flow.publish(flow_message(message, sweep, flow))
        except CloudError as error:
            self.counts.unreadable += 1
            self._warn("cloud not readable", str(error))
            return
        except Exception as error:  # whatever a sweep brings about, the next one may be fine
            self.counts.failed += 1
            self._warn("sweep not answered", f"{type(error).__name__}: {error}")
            return
        self.counts.answered[flow.status] += 1
        self._publish_times(sweep, 1e3 * (time.perf_counter() - start))
        self._explain(sweep, flow)

    def _publish_times(self, sweep: Sweep, processing_ms: float) -> None:
        latency_ms = 1e-6 * (self.get_clock().now().nanoseconds - sweep.stamp_ns)
        self._processing_ms.publish(Float64(data=processing_ms))
        self._latency_ms.publish(Float64(data=latency_ms))

    def _explain(self, sweep: Sweep, flow: Flow) -> None:
        """Say why a sweep got no flow, and what looks like a mistake in the set-up."""
        if flow.status is FlowStatus.NO_EGO_MOTION:
            reason = self._ego_motion.why_unknown(sweep.stamp_ns)
            self._warn("no ego motion for the sweep, all points published with valid 0", reason)
        elif warning := self._ego_motion.warning(sweep):
            self._warn("ego motion", warning)

    def _watch(self) -> None:
        """Say so when since the last call no cloud has come, and why, or when some were dropped."""
        now = (self.counts.received, self._worker.dropped)
        received, dropped = (new - old for new, old in zip(now, self._seen, strict=True))
        self._seen = now
        if not received:
            why = why_silent(self, INPUT_TOPIC, self._reliable)
            topic = self.resolve_topic_name(INPUT_TOPIC)
            self.get_logger().warning(f"no cloud on {topic} for {WARN_EVERY_S:.0f} s: {why}")
        elif dropped:
            self.get_logger().warning(
                f"{dropped} of {received} sweeps were dropped for a newer one in "
                f"{WARN_EVERY_S:.0f} s: they come faster than they are answered"
            )

    def _warn(self, what: str, why: str) -> None:
        """Warn of each kind of trouble now and then; rclpy's throttle knows only this one line."""
        now = time.monotonic()
        if now - self._warned_at.get(what, -WARN_EVERY_S) >= WARN_EVERY_S:
            self._warned_at[what] = now
            self.get_logger().warning(f"{what}: {why}")


def _qos(depth: int, reliable: bool = False) -> QoSProfile:
    reliability = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability)


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; returns the exit code."""
    keep_memory()
    middleware = prepare_dds()
    return run_node(NODE_NAME, lambda: SceneFlowNode(middleware), args)


if __name__ == "__main__":
    raise SystemExit(main())
