# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pipeline: all that is slow to make and that `configure` makes; `activate` lets it work."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zeroflow_ros.engines import GpuEngine
from zeroflow_ros.engines.build_progress import Progress
from zeroflow_ros.ros.debug_topics import DebugTopics
from zeroflow_ros.ros.ego_motion_source import NodeEgoMotion, make_ego_motion
from zeroflow_ros.ros.estimator_setup import WarmUp, make_estimator, warm_up
from zeroflow_ros.ros.outputs import FlowOutputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from rclpy.node import Node

    from zeroflow_ros.estimator import FlowEstimator
    from zeroflow_ros.ros.settings import Settings


@dataclass(frozen=True)
class Pipeline:
    """An estimator that is loaded and warm, what moves it, and where its flow goes."""

    estimator: FlowEstimator
    ego_motion: NodeEgoMotion
    outputs: FlowOutputs
    debug: DebugTopics
    warm_up: WarmUp

    @staticmethod
    def made(
        node: Node, settings: Settings, say: Callable[[str], None], progress: Progress
    ) -> Pipeline:
        """Load the model, build its engine where that is needed, warm up. Raises ZeroflowError."""
        with ExitStack() as made:
            ego_motion = make_ego_motion(node, settings)
            outputs = FlowOutputs(node)
            made.callback(outputs.close)
            debug = DebugTopics(node)
            made.callback(debug.close)
            estimator = make_estimator(settings, ego_motion, say, progress)
            made.callback(_close, estimator)
            warm = warm_up(estimator)
            made.pop_all()  # all went well, nothing is given back
        return Pipeline(estimator, ego_motion, outputs, debug, warm)

    @property
    def description(self) -> str:
        """Model and engine, for the log."""
        card = self.estimator.card
        return f"model {card.name} {card.version}, {self.estimator.engine.description}"

    def close(self) -> None:
        """Give back the engine's memory and leave the topics."""
        self.outputs.close()
        self.debug.close()
        _close(self.estimator)


def _close(estimator: FlowEstimator) -> None:
    if isinstance(estimator.engine, GpuEngine):
        estimator.engine.close()
