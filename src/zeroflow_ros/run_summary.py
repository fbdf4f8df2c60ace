# SPDX-FileCopyrightText: 2026 zeroflow_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""RunSummary: what happened to the sweeps of a recording, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zeroflow_ros.flow import MOVING_MPS, Flow, FlowStatus


@dataclass
class RunSummary:
    """Counts and times of one run over a recording; filled sweep by sweep."""

    source: str
    output: str
    topic: str
    ego_motion: str
    model: str
    sweeps: int = 0
    points: int = 0
    valid_points: int = 0
    moving_points: int = 0
    statuses: Counter[FlowStatus] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    stage_ms: dict[str, list[float]] = field(default_factory=dict)
    wall_s: float = 0.0
    note: str | None = None
    damage: str | None = None

    @property
    def estimated(self) -> int:
        """Sweeps that got flow."""
        return self.statuses[FlowStatus.ESTIMATED]

    @property
    def not_estimated(self) -> dict[str, int]:
        """Reasons and counts of the sweeps that were read but got no flow."""
        statuses = self.statuses.items()
        return {status.value: n for status, n in statuses if status is not FlowStatus.ESTIMATED}

    @property
    def problem(self) -> str | None:
        """Why this run is not a success although its output was written; None when it is one."""
        if self.damage:
            return f"{self.damage}. The output holds the {self.sweeps} sweeps before the damage"
        return None if self.estimated else self._why_no_flow()

    def _why_no_flow(self) -> str | None:
        """What to do about a run without any flow; None when no sweep should have had any."""
        if set(self.statuses) <= {FlowStatus.FIRST_SWEEP} and self.sweeps <= 1:
            return None
        status, count = self.statuses.most_common(1)[0]
        if status is FlowStatus.NO_EGO_MOTION:
            return (
                f"no sweep got flow: ego motion ({self.ego_motion}) is unknown at the stamps "
                f"of all {count} sweeps; try --ego-motion kiss-icp"
            )
        if status is FlowStatus.EMPTY:
            return (
                f"no sweep got flow: {count} had no point in range; are the clouds in metres, and "
                "is --sensor-height right?"
            )
        return (
            f"no sweep got flow: {count} had no earlier sweep that is recent enough; are "
            "the sweeps too far apart, or their stamps not rising?"
        )

    def add(self, flow: Flow) -> None:
        """Count one sweep that was processed; times only of those that were estimated."""
        self.sweeps += 1
        self.points += len(flow.displacement)
        self.valid_points += int(np.count_nonzero(flow.valid))
        self.moving_points += int(np.count_nonzero(flow.valid & (flow.speed > MOVING_MPS)))
        self.statuses[flow.status] += 1
        if flow.status is FlowStatus.ESTIMATED:
            for stage, milliseconds in flow.stage_ms.items():
                self.stage_ms.setdefault(stage, []).append(milliseconds)

    def skip(self, reason: str) -> None:
        """Count one sweep that could not be read."""
        self.sweeps += 1
        self.skipped[reason] += 1

    def stage_percentiles(self) -> dict[str, tuple[float, float]]:
        """Milliseconds (p50, p99) of each stage in the order they run, and of their sum."""
        stages = dict(self.stage_ms)
        counts = {len(values) for values in stages.values()}
        if len(stages) > 1 and len(counts) == 1 and "total" not in stages:
            stages["total"] = list(np.sum(list(stages.values()), axis=0))
        return {
            name: (float(np.percentile(values, 50)), float(np.percentile(values, 99)))
            for name, values in stages.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain types, for JSON."""
        return {
            "source": self.source,
            "output": self.output,
            "topic": self.topic,
            "model": self.model,
            "ego_motion": self.ego_motion,
            "sweeps": self.sweeps,
            "estimated_sweeps": self.estimated,
            "not_estimated": self.not_estimated,
            "skipped": dict(self.skipped),
            "points": self.points,
            "valid_points": self.valid_points,
            "moving_points": self.moving_points,
            "stage_ms": {
                name: {"p50": round(p50, 3), "p99": round(p99, 3)}
                for name, (p50, p99) in self.stage_percentiles().items()
            },
            "wall_s": round(self.wall_s, 3),
            "note": self.note,
            "problem": self.problem,
        }
