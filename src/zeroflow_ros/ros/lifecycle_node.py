# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node `scene_flow`: PointCloud2 in, the velocity of every point out."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from zeroflow_ros.errors import ZeroflowError
from zeroflow_ros.memory import release_memory
from zeroflow_ros.ros.cloud_input import CloudInput
from zeroflow_ros.ros.diagnostics import Diagnostics, Report
from zeroflow_ros.ros.flow_worker import FlowWorker
from zeroflow_ros.ros.parameters import NodeParameters
from zeroflow_ros.ros.pipeline import Pipeline
from zeroflow_ros.ros.report import NodeState, reports_of

NODE_NAME = "scene_flow"
WARN_EVERY_S = 5.0


class SceneFlowNode(LifecycleNode):  # type: ignore[misc]
    """Configured, it holds a warm pipeline; active, clouds come in and a worker answers them.

    Transitions come from `start`, or by service. One that fails names the cause, leaves the node
    where it was, and can be tried again.
    """

    def __init__(self, middleware: str = "") -> None:
        """Declare parameters; `middleware` is only said in the log. Raises ParameterException."""
        super().__init__(NODE_NAME, enable_logger_service=True)
        self.state = NodeState()
        self._middleware = middleware
        self._last_told: dict[str, float] = {}
        self._interrupted = False
        self._worker: FlowWorker | None = None
        self._survive_illegal_requests()
        self._node_parameters = NodeParameters(self, configured=self._configured)
        self._diagnostics = Diagnostics(self, self._reports)

    def start(self) -> int | None:
        """What `autostart` and `build_only` ask for; the exit code if that is all."""
        settings = self._node_parameters.settings
        if settings.build_only:
            if self.trigger_configure() is not TransitionCallbackReturn.SUCCESS:
                return 1
            self.get_logger().info(f"build_only: {self._described()}; nothing is left to do")
            return 0
        try:
            if settings.autostart and self.trigger_configure() is TransitionCallbackReturn.SUCCESS:
                self.trigger_activate()
        except RuntimeError as error:  # as rclpy says that a transition is not possible now
            self.get_logger().warning(f"autostart: another one changes the state, too ({error})")
        return None

    def interrupt(self) -> int:
        """What takes minutes stops at its next step; whoever wanted only an engine has none."""
        self._interrupted = True
        return int(self._node_parameters.settings.build_only)

    def finish(self) -> None:
        """Answer the sweep in work, and stop."""
        self._deactivate()
        self._diagnostics.stop()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model, build its engine where there is none, warm up."""
        self.state.doing = "configuring: loading the model"
        return self._attempt("configure", self._configure, "inactive")

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe."""
        return self._attempt("activate", self._activate, "active")

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop work; the pipeline stays warm."""
        return self._attempt("deactivate", self._deactivate, "inactive")

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free all."""
        return self._attempt("cleanup", self._clean_up, "unconfigured")

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free all, whatever the state."""
        return self._attempt("shutdown", self._clean_up, "finalized")

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """What not even failed as it should: start from nothing."""
        return self._attempt("the end of what failed", self._clean_up, "unconfigured")

    def _attempt(
        self, name: str, change: Callable[[], None], phase: str
    ) -> TransitionCallbackReturn:
        """Make a change, or say why it cannot be made."""
        self.state.failure = ""
        try:
            change()
        except KeyboardInterrupt:
            return TransitionCallbackReturn.FAILURE
        except Exception as error:  # of any kind: rclpy would swallow it
            self._failed(name, error)
            self._stop_work()
            return TransitionCallbackReturn.FAILURE
        finally:
            self.state.doing = ""
            self._diagnostics.hurry()
        self.state.phase = phase
        return TransitionCallbackReturn.SUCCESS

    def _failed(self, name: str, error: Exception) -> None:
        known = isinstance(error, ZeroflowError)
        why = " ".join(f"{'' if known else type(error).__name__ + ': '}{error}".split())
        self.state.failure = f"{name} failed: {why}"
        if not known:
            self.get_logger().debug(traceback.format_exc())
        again = f"ros2 lifecycle set {self.get_fully_qualified_name()} {name}"
        then = ", then activate" if name == "configure" else ""
        self.get_logger().error(f"{self.state.failure} (once that is mended: {again}{then})")

    def _survive_illegal_requests(self) -> None:
        """Where a transition is not possible now, rclpy's service raises, which ends the node."""
        service = self._service_change_state
        change = service.callback

        def answered(request: ChangeState.Request, response: ChangeState.Response) -> Any:
            try:
                return change(request, response)
            except RuntimeError:
                asked, now = request.transition.id, self.state.doing or self.state.phase
                self._warn("no such transition", f"{asked} is not possible when {now}")
                response.success = False
                return response

        service.callback = answered

    def _reports(self) -> list[Report]:
        """From the diagnostics' thread, which also tells the log what takes minutes."""
        if (doing := self.state.doing) and self._due("progress", WARN_EVERY_S):
            self.get_logger().info(doing)
        return reports_of(self.state, self._node_parameters.settings)

    def _configured(self) -> bool:
        return self.state.pipeline is not None or bool(self.state.doing)

    def _configure(self) -> None:
        settings, log = self._node_parameters.settings, self.get_logger()
        self.state.pipeline = Pipeline.made(self, settings, log.warning, self._progress)
        warm = self.state.pipeline.warm_up
        log.info(
            f"configured: {self._described()}; of made-up sweeps, the first took "
            f"{warm.first_ms:.0f} ms, later ones {warm.steady_ms:.0f} ms"
        )

    def _progress(self, phase: str, fraction: float) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        self.state.doing = f"configuring: building the engine, {fraction:.0%} ({phase})"

    def _activate(self) -> None:
        pipeline, settings = self.state.pipeline, self._node_parameters.settings
        assert pipeline is not None
        self.state.ledger.forget_times()
        # Odometry first: of two ready messages, the executor serves the older subscription.
        pipeline.ego_motion.start()
        self._worker = FlowWorker(
            pipeline,
            self.state.ledger,
            settings=lambda: self._node_parameters.settings,
            now_ns=lambda: int(self.get_clock().now().nanoseconds),
            warn=self._warn,
        )
        self.state.input = CloudInput(self, settings, self.state.ledger, self._worker.put)
        self.get_logger().info(
            f"ready: {self._described()}, ego motion: {pipeline.ego_motion.description}, clouds "
            f"from {self.state.input.topic} ({self.state.input.reliability}), {self._middleware}"
        )

    def _deactivate(self) -> None:
        """Answer the sweep in work, stop, and say what became of all sweeps."""
        if self.state.input is not None and self.state.pipeline is not None:
            self._stop_work()
            refused = f"{self.state.pipeline.ego_motion.refused} odometry messages refused"
            self.get_logger().info(f"{self.state.ledger.summary()}; {refused}")

    def _stop_work(self) -> None:
        """As much of it as there is: activating may have failed half-way. All of it in any case."""
        source, self.state.input = self.state.input, None
        worker, self._worker = self._worker, None
        with ExitStack() as last_first:
            if worker is not None:
                last_first.callback(worker.stop)
            if self.state.pipeline is not None:  # a sweep that waits for its pose waits no longer
                last_first.callback(self.state.pipeline.ego_motion.stop)
            if source is not None:
                last_first.callback(source.close)

    def _clean_up(self) -> None:
        self._deactivate()
        pipeline, self.state.pipeline = self.state.pipeline, None
        if pipeline is not None:
            pipeline.close()
            del pipeline
            release_memory()

    def _described(self) -> str:
        return "" if self.state.pipeline is None else self.state.pipeline.description

    def _warn(self, what: str, why: str) -> None:
        """Warn of each kind of trouble now and then; rclpy's throttle knows only this one line."""
        if self._due(what, WARN_EVERY_S):
            self.get_logger().warning(f"{what}: {why}")

    def _due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        due = now - self._last_told.get(what, -every_s) >= every_s
        if due:
            self._last_told[what] = now
        return due
